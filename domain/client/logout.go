package client

import (
	"slices"
	"time"

	"florin/domain"
	"florin/domain/callback"
)

type (
	// ArrangeLogout says with Register how the client takes part in logging out.
	// Near allows addresses of this machine and of private networks: a sandbox's.
	ArrangeLogout struct {
		PostLogoutURIs []string
		BackchannelURI string
		Near           bool
		At             time.Time
	}
	// LogoutArranged: where a browser may be sent once its customer has logged out
	// (OpenID Connect RP-Initiated Logout 1.0), and where the client is told that a
	// session is over (Back-Channel Logout 1.0).
	LogoutArranged struct {
		PostLogoutURIs []string  `json:"post_logout_redirect_uris,omitempty"`
		BackchannelURI string    `json:"backchannel_logout_uri,omitempty"`
		At             time.Time `json:"at"`
	}
)

func (ArrangeLogout) clientCommand() {}

func (LogoutArranged) Kind() string { return "client.logout_arranged" }
func (LogoutArranged) clientEvent() {}

// ErrLogout: a place to go to after logging out, or to be told of it, is not one.
var ErrLogout = &domain.Refusal{Class: domain.Invalid, Code: "logout-uri-invalid",
	Detail: "A post-logout URI is as a redirect URI; a back-channel URI is absolute, https, without fragment or user, and leads to no private address."}

func (s State) arrangeLogout(c ArrangeLogout) ([]Event, error) {
	switch {
	case s.Client.IsZero():
		return nil, ErrUnknown
	case len(c.PostLogoutURIs) > listMax, slices.ContainsFunc(c.PostLogoutURIs, func(uri string) bool { return !validRedirect(uri) }),
		c.BackchannelURI != "" && !callback.Valid(c.BackchannelURI, c.Near):
		return nil, ErrLogout
	}
	return []Event{LogoutArranged{PostLogoutURIs: c.PostLogoutURIs, BackchannelURI: c.BackchannelURI, At: c.At}}, nil
}
