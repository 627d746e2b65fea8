package client

import (
	"time"

	"florin/domain"
)

type (
	// ArrangeIDTokens says with Register by which algorithm the client wants its ID
	// tokens signed, if not by ES256.
	ArrangeIDTokens struct {
		Algorithm string
		At        time.Time
	}
	// IDTokensArranged: the client's ID tokens are signed so.
	IDTokensArranged struct {
		Algorithm string    `json:"id_token_signed_response_alg"`
		At        time.Time `json:"at"`
	}
)

func (ArrangeIDTokens) clientCommand() {}

func (IDTokensArranged) Kind() string { return "client.id_tokens_arranged" }
func (IDTokensArranged) clientEvent() {}

// ErrAlgorithm: ID tokens are signed by ES256, or by RS256 for who asks.
var ErrAlgorithm = &domain.Refusal{Class: domain.Invalid, Code: "client-algorithm-invalid",
	Detail: "ID tokens are signed by ES256, or by RS256 for a client that cannot read others."}

// RS256 is the one algorithm that has to be asked for.
const RS256 = "RS256"

func (s State) arrangeIDTokens(c ArrangeIDTokens) ([]Event, error) {
	switch {
	case s.Client.IsZero():
		return nil, ErrUnknown
	case c.Algorithm != RS256:
		return nil, ErrAlgorithm
	case s.IDTokens.Algorithm == c.Algorithm:
		return nil, nil
	}
	return []Event{IDTokensArranged(c)}, nil
}
