package consent

import (
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/text"
)

// A request by the back channel (OpenID CIBA Core 1.0) comes without a browser: the
// client names the customer, who answers on a phone (package approval), and asks
// until there is an answer.
//
//	(none) -- Ask --> asked -- Approve --> granted -- Collect --> redeemed
//	                       \-- Decline --> denied
//
// A request for a name that is nobody's has no customer and goes the same way: it
// waits, and its time runs out.

// Limits of a request by the back channel.
const (
	BackchannelTTL    = 5 * time.Minute // if the client asks for no other
	BackchannelTTLMax = 10 * time.Minute
	MessageRunesMax   = 60 // of a binding message: it has to be compared at a glance (CIBA section 7.1)
)

type (
	// Ask makes a request of Customer; zero: of a name that is nobody's. RequestHash
	// is of the auth_req_id.
	Ask struct {
		Consent     id.Consent
		Client      id.Client
		Customer    id.Customer
		Approval    id.Approval
		JKT         string // "": not bound to a key before it is collected
		Scopes      []string
		Payment     Payment
		Message     string // binding_message
		ACRValues   []string
		RequestHash string
		TTL         time.Duration
		At          time.Time
	}
	// Approve is the customer's yes on Device.
	Approve struct {
		Approval id.Approval
		Device   id.Device
		ACR      string
		AMR      []string
		At       time.Time
	}
	// Decline is the customer's no.
	Decline struct {
		Approval id.Approval
		At       time.Time
	}
	// Collect turns the yes into a token family. The auth_req_id itself was right.
	Collect struct {
		Session id.Session
		Client  id.Client
		JKT     string
		At      time.Time
	}
)

func (Ask) consentCommand()     {}
func (Approve) consentCommand() {}
func (Decline) consentCommand() {}
func (Collect) consentCommand() {}

type (
	// Asked: a client, authenticated, asked by the back channel to act for a
	// customer. Customer is zero when nobody has the name that was given; that shows
	// in the log and nowhere else. Of the auth_req_id only a keyed hash is kept.
	Asked struct {
		Consent     id.Consent  `json:"consent"`
		Client      id.Client   `json:"client"`
		Customer    id.Customer `json:"customer,omitzero"`
		Approval    id.Approval `json:"approval"`     // where the customer answers
		JKT         string      `json:"jkt,omitzero"` // the answer is given to this key alone
		Scopes      []string    `json:"scopes"`
		Payment     Payment     `json:"payment,omitzero"`
		ACRValues   []string    `json:"acr_values,omitempty"`
		RequestHash string      `json:"request_hash"`
		ExpiresAt   time.Time   `json:"expires_at"`
		At          time.Time   `json:"at"`
	}
	// Approved: the customer agreed to exactly this, on a device of theirs.
	Approved struct {
		Client   id.Client   `json:"client"`
		Customer id.Customer `json:"customer"`
		Approval id.Approval `json:"approval"` // holds what was displayed, and the signed answer
		Device   id.Device   `json:"device"`
		Scopes   []string    `json:"scopes"`
		Payment  Payment     `json:"payment,omitzero"`
		ACR      string      `json:"acr"`
		AMR      []string    `json:"amr"`
		At       time.Time   `json:"at"`
	}
)

func (Asked) Kind() string    { return "consent.asked" }
func (Approved) Kind() string { return "consent.approved" }

func (Asked) consentEvent()    {}
func (Approved) consentEvent() {}

// Refusals of a client that asks for the answer (CIBA section 11).
var (
	ErrMessage = &domain.Refusal{Class: domain.Invalid, Code: "invalid-binding-message", Detail: "A binding_message is one line of 1 to 60 characters, without control or direction marks."}
	ErrPending = &domain.Refusal{Class: domain.Invalid, Code: "authorization-pending", Detail: "The customer has not answered yet."}
	ErrExpired = &domain.Refusal{Class: domain.Invalid, Code: "expired-token", Detail: "Nobody has answered in time."}
	ErrDenied  = &domain.Refusal{Class: domain.Invalid, Code: "access-denied", Detail: "The customer does not agree."}
)

// Backchannel tells whether the request came by the back channel.
func (s State) Backchannel() bool { return !s.approval.IsZero() }

func (s State) ask(c Ask) ([]Event, error) {
	switch {
	case s.phase != none, c.Consent.IsZero(), c.Client.IsZero(), c.Approval.IsZero(), c.RequestHash == "", len(c.Scopes) == 0,
		len(c.ACRValues) > acrValuesMax, c.TTL <= 0, c.TTL > BackchannelTTLMax:
		return nil, ErrRequest
	case c.Message != "" && (utf8.RuneCountInString(c.Message) > MessageRunesMax || !text.Line(c.Message)):
		return nil, ErrMessage
	case !c.Payment.IsZero() && !c.Payment.valid():
		return nil, ErrDetails
	}
	return []Event{Asked{
		Consent: c.Consent, Client: c.Client, Customer: c.Customer, Approval: c.Approval, JKT: c.JKT, Scopes: c.Scopes, Payment: c.Payment,
		ACRValues: c.ACRValues, RequestHash: c.RequestHash, ExpiresAt: c.At.Add(c.TTL), At: c.At,
	}}, nil
}

// answerable refuses an answer to what was not asked, not of a customer, or too long ago.
func (s State) answerable(approval id.Approval, at time.Time) error {
	if s.phase != asked || s.customer.IsZero() || s.approval != approval || !at.Before(s.ExpiresAt) {
		return ErrURI
	}
	return nil
}

func (s State) approve(c Approve) ([]Event, error) {
	if err := s.answerable(c.Approval, c.At); err != nil {
		return nil, err
	}
	return []Event{Approved{
		Client: s.Client, Customer: s.customer, Approval: c.Approval, Device: c.Device, Scopes: s.Scopes, Payment: s.Payment, ACR: c.ACR, AMR: c.AMR, At: c.At,
	}}, nil
}

func (s State) decline(c Decline) ([]Event, error) {
	if err := s.answerable(c.Approval, c.At); err != nil {
		return nil, err
	}
	return []Event{Denied{Client: s.Client, Customer: s.customer, Scopes: s.Scopes, Payment: s.Payment, At: c.At}}, nil
}

// collect gives the yes away once. To whoever is not the client that asked, or has
// another key than it said, there is no such request.
func (s State) collect(c Collect) ([]Event, error) {
	switch {
	case !s.Backchannel(), s.phase == redeemed && s.replayed:
		return nil, ErrCode
	case s.phase == redeemed: // by whomever: it has leaked, or its owner cannot tell
		return []Event{CodeReplayed{Session: s.Becomes, At: c.At}}, nil
	case c.Client != s.Client, c.JKT == "", s.JKT != "" && !same(s.JKT, c.JKT), s.Revoked:
		return nil, ErrCode
	case s.phase == denied:
		return nil, ErrDenied
	case !c.At.Before(s.ExpiresAt):
		return nil, ErrExpired
	case s.phase != granted:
		return nil, ErrPending
	}
	return []Event{Redeemed{Session: c.Session, At: c.At}}, nil
}

func (s State) afterAsked(e Asked) State {
	return State{phase: asked, customer: e.Customer, approval: e.Approval, Requested: Requested{
		Consent: e.Consent, Client: e.Client, JKT: e.JKT, Scopes: e.Scopes, Payment: e.Payment, ACRValues: e.ACRValues, ExpiresAt: e.ExpiresAt, At: e.At,
	}}
}

func (s State) afterApproved(e Approved) State {
	s.phase, s.By = granted, e.Device
	s.Granted = Granted{Client: e.Client, Customer: e.Customer, Scopes: e.Scopes, Payment: e.Payment, ACR: e.ACR, AMR: e.AMR, AuthTime: e.At, ExpiresAt: s.ExpiresAt, At: e.At}
	return s
}
