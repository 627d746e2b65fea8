package customer

import (
	"slices"
	"time"

	"florin/domain/id"
)

// AgreedMax bounds the token families of third parties that one customer has at a
// time; one more ends the oldest.
const AgreedMax = 100

type (
	// JoinThirdParty notes a token family of a third party that the customer has
	// agreed to, so that it ends with all others.
	JoinThirdParty struct {
		Session id.Session
		At      time.Time
	}
	// ThirdPartyJoined: a third party holds tokens that act for the customer.
	ThirdPartyJoined struct {
		Session id.Session `json:"session"`
		At      time.Time  `json:"at"`
	}
)

func (JoinThirdParty) customerCommand() {}

func (ThirdPartyJoined) Kind() string   { return "customer.third_party_joined" }
func (ThirdPartyJoined) customerEvent() {}

// Displaced is the family that one more would push out, if there is one.
func (s State) Displaced() (oldest id.Session, full bool) {
	if len(s.Agreed) < AgreedMax {
		return oldest, false
	}
	return s.Agreed[0], true
}

func (s State) joinThirdParty(c JoinThirdParty) ([]Event, error) {
	if slices.Contains(s.Agreed, c.Session) {
		return nil, nil
	}
	return []Event{ThirdPartyJoined(c)}, nil
}

// agree keeps the latest.
func (s State) agree(session id.Session) []id.Session {
	return append(slices.Clone(s.Agreed[max(0, len(s.Agreed)-AgreedMax+1):]), session)
}
