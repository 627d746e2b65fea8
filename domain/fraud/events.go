package fraud

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Event is a fact about what was found of one thing. The set is sealed.
type Event interface {
	domain.Event
	fraudEvent()
}

type (
	// Confirmed: it was fraud. From At on it counts against those whom it touches.
	Confirmed struct {
		About    About           `json:"about"`
		Decision id.Decision     `json:"decision,omitzero"`
		Touches  Touched         `json:"touches"`
		Reason   string          `json:"reason"` // code
		Note     domain.Evidence `json:"note,omitzero"`
		By       id.Operator     `json:"by,omitzero"` // not said: a machine, which the commit names
		At       time.Time       `json:"at"`
	}
	// Cleared: it was none. What had been confirmed counts no more.
	Cleared struct {
		About     About           `json:"about"`
		Decision  id.Decision     `json:"decision,omitzero"`
		Touches   Touched         `json:"touches"`
		Confirmed time.Time       `json:"confirmed_at,omitzero"` // when that was which this takes back; not said: nothing was
		Reason    string          `json:"reason"`
		Note      domain.Evidence `json:"note,omitzero"`
		By        id.Operator     `json:"by,omitzero"` // not said: a machine, which the commit names
		At        time.Time       `json:"at"`
	}
)

func (Confirmed) Kind() string { return "fraud.confirmed" }
func (Cleared) Kind() string   { return "fraud.cleared" }

func (Confirmed) fraudEvent() {}
func (Cleared) fraudEvent()   {}
