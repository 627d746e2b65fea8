package grant

import (
	"slices"
	"time"

	"florin/domain/id"
)

// DeskStarted: somebody wants to be let in as an operator. Operator is zero when
// the name given is nobody's; that shows in the log and nowhere else.
type DeskStarted struct {
	Grant         id.Grant    `json:"grant"`
	Client        id.Client   `json:"client"`
	JKT           string      `json:"jkt"`
	Operator      id.Operator `json:"operator,omitzero"`
	Attempts      id.Attempts `json:"attempts"`         // the budget; the same for a name whether it is anybody's
	Session       id.Session  `json:"session,omitzero"` // of a step-up: the family that is elevated
	Next          []string    `json:"next"`
	Scopes        []string    `json:"scopes"`         // asked for; an operator gets no more than the roles give
	CodeChallenge string      `json:"code_challenge"` // S256 (RFC 7636)
	Nonce         string      `json:"nonce,omitzero"` // of OpenID Connect
	ACRValues     []string    `json:"acr_values,omitempty"`
	ExpiresAt     time.Time   `json:"expires_at"`
	At            time.Time   `json:"at"`
}

func (DeskStarted) Kind() string { return "grant.desk_started" }
func (DeskStarted) grantEvent()  {}

// StartDesk begins an operator's login. Operator is zero for a name that is
// nobody's: the login then goes its whole way like any other, and fails at its end.
type StartDesk struct {
	Grant         id.Grant
	Client        id.Client
	JKT           string
	Operator      id.Operator
	Attempts      id.Attempts
	Session       id.Session // of a step-up
	Scopes        []string
	CodeChallenge string
	Nonce         string
	ACRValues     []string
	At            time.Time
}

func (StartDesk) grantCommand() {}

// asksDesk: a passkey that verifies its user is two factors by itself; a password
// has one of the others after it. It is the same for every name, so that no
// answer tells which one an operator has, or whether there is one.
func asksDesk(shown []string) []string {
	switch {
	case len(shown) == 0:
		return []string{Password, Passkey}
	case len(shown) == 1 && shown[0] == Password:
		return []string{OneTime, Passkey}
	}
	return nil
}

func (s State) startDesk(c StartDesk) ([]Event, error) {
	if err := s.begins(c.CodeChallenge, c.Nonce); err != nil {
		return nil, err
	}
	return []Event{DeskStarted{
		Grant: c.Grant, Client: c.Client, JKT: c.JKT, Operator: c.Operator, Attempts: c.Attempts, Session: c.Session, Next: asksDesk(nil),
		Scopes: c.Scopes, CodeChallenge: c.CodeChallenge, Nonce: c.Nonce, ACRValues: c.ACRValues, ExpiresAt: c.At.Add(LoginTTL), At: c.At,
	}}, nil
}

// atDesk is the state that a desk's login begins in.
func atDesk(e DeskStarted) State {
	return State{phase: open, Desk: true, Operator: e.Operator, Started: Started{
		Grant: e.Grant, Client: e.Client, JKT: e.JKT, Attempts: e.Attempts, Session: e.Session, Next: slices.Clone(e.Next), Scopes: e.Scopes,
		CodeChallenge: e.CodeChallenge, Nonce: e.Nonce, ACRValues: e.ACRValues, ExpiresAt: e.ExpiresAt, At: e.At,
	}}
}

// nobody tells whether the name that was given is nobody's.
func (s State) nobody() bool { return s.Customer.IsZero() && s.Operator.IsZero() }
