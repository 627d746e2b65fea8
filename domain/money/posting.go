package money

import (
	"encoding/json"
	"errors"

	"florin/domain/id"
)

// LegsMax bounds a posting; a batch of many transfers is many postings.
const LegsMax = 500

// Leg is one entry: a positive amount credits the account, a negative debits.
type Leg struct {
	Account id.Account `json:"account"`
	Amount
}

// ErrUnbalanced: the legs do not sum to nought in every currency, or there are
// fewer than two, or one is zero or without an account.
var ErrUnbalanced = errors.New("money: legs do not sum to nought")

// Posting is a set of legs that sums to nought per currency. Only NewPosting
// and decoding make one, and both check: money cannot be made by a typing error.
type Posting struct{ legs []Leg }

// NewPosting checks and keeps the legs; it refuses with ErrUnbalanced or ErrRange.
func NewPosting(legs ...Leg) (Posting, error) {
	if err := Balanced(legs); err != nil {
		return Posting{}, err
	}
	return Posting{append([]Leg(nil), legs...)}, nil
}

// Balanced is the rule itself, for those who check again: the append path and
// the verifier.
func Balanced(legs []Leg) error {
	if len(legs) < 2 || len(legs) > LegsMax {
		return ErrUnbalanced
	}
	sums := make(map[Currency]int64, 2)
	for _, leg := range legs {
		switch {
		case leg.Account.IsZero(), leg.Amount.IsZero(), !leg.Currency.Known():
			return ErrUnbalanced
		case leg.Minor > MinorMax, leg.Minor < -MinorMax:
			return ErrRange
		}
		sums[leg.Currency] += leg.Minor // LegsMax * 2^53 fits int64 with room
	}
	for _, sum := range sums {
		if sum != 0 {
			return ErrUnbalanced
		}
	}
	return nil
}

// Legs lists the entries. The slice is the caller's to keep.
func (p Posting) Legs() []Leg { return append([]Leg(nil), p.legs...) }

// Of sums what the posting does to one account; ok is false if it is no part of it.
func (p Posting) Of(account id.Account) (sum Amount, ok bool) {
	for _, leg := range p.legs {
		if leg.Account == account {
			sum, ok = sum.Add(leg.Amount), true
		}
	}
	return sum, ok
}

// MarshalJSON writes the legs as an array.
func (p Posting) MarshalJSON() ([]byte, error) { return json.Marshal(p.legs) }

// UnmarshalJSON reads the legs and checks them again: a posting that does not
// sum to nought is damage.
func (p *Posting) UnmarshalJSON(data []byte) error {
	var legs []Leg
	if err := json.Unmarshal(data, &legs); err != nil {
		return err
	}
	if err := Balanced(legs); err != nil {
		return err
	}
	p.legs = legs
	return nil
}
