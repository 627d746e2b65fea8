package client

import (
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/text"
)

type (
	// ArrangeTLS says with Register what the client's TLS certificate is for (RFC
	// 8705). With one of the names the client authenticates by a certificate that
	// bears it, and by nothing else. Bound: its access tokens are good only on
	// connections that show the certificate which they were asked for with.
	ArrangeTLS struct {
		SubjectDN string // RFC 4514, as the certificate has it
		SANDNS    string
		SANURI    string
		Bound     bool
		At        time.Time
	}
	// RegisterByCertificate makes a client known that has no keys.
	RegisterByCertificate struct {
		Register Register
		TLS      ArrangeTLS
	}
	// TLSArranged: the client's certificate takes part in authenticating it, or in its
	// tokens.
	TLSArranged struct {
		SubjectDN string    `json:"tls_client_auth_subject_dn,omitempty"`
		SANDNS    string    `json:"tls_client_auth_san_dns,omitempty"`
		SANURI    string    `json:"tls_client_auth_san_uri,omitempty"`
		Bound     bool      `json:"tls_client_certificate_bound_access_tokens,omitzero"`
		At        time.Time `json:"at"`
	}
)

func (ArrangeTLS) clientCommand()            {}
func (RegisterByCertificate) clientCommand() {}

func (TLSArranged) Kind() string { return "client.tls_arranged" }
func (TLSArranged) clientEvent() {}

// ErrCertificate: what the client's certificate is to be known by is not one name of it.
var ErrCertificate = &domain.Refusal{Class: domain.Invalid, Code: "client-certificate-invalid",
	Detail: "A certificate is known by exactly one of its subject's distinguished name, a DNS name and a URI, and takes the place of keys."}

// certificateNameRunesMax bounds what a certificate is known by.
const certificateNameRunesMax = 512

// Authenticates tells whether the certificate is what the client authenticates by.
func (t TLSArranged) Authenticates() bool { return t.SubjectDN+t.SANDNS+t.SANURI != "" }

func (s State) registerByCertificate(c RegisterByCertificate) ([]Event, error) {
	if !s.Client.IsZero() {
		return nil, ErrExists
	}
	events, err := register(c.Register, c.Register.Type == Confidential && len(c.Register.Keys) == 0 && !c.Register.FirstParty)
	if err != nil {
		return nil, err
	}
	arranged, err := s.Evolve(events[0]).arrangeTLS(c.TLS)
	if err != nil {
		return nil, err
	}
	return append(events, arranged...), nil
}

func (s State) arrangeTLS(c ArrangeTLS) ([]Event, error) {
	names := 0
	for _, name := range []string{c.SubjectDN, c.SANDNS, c.SANURI} {
		if name == "" {
			continue
		}
		names++
		if utf8.RuneCountInString(name) > certificateNameRunesMax || !text.Line(name) || name != strings.TrimSpace(name) {
			return nil, ErrCertificate
		}
	}
	uri, err := url.Parse(c.SANURI)
	switch {
	case s.Client.IsZero():
		return nil, ErrUnknown
	case s.Type != Confidential, names > 1, names == 0 && !c.Bound, (names == 1) == (len(s.Keys) > 0), // one way to authenticate, not two
		c.SANURI != "" && (err != nil || uri.Scheme == ""), strings.ContainsAny(c.SANDNS, "*/: "), c.SANDNS != strings.ToLower(c.SANDNS):
		return nil, ErrCertificate
	}
	return []Event{TLSArranged(c)}, nil
}
