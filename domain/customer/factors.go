package customer

import (
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
)

// FactorWait is how long a new factor authorises no payment. Whoever has got into
// an account adds a factor of their own first; the owner, who is told, has this
// long to object.
const FactorWait = 24 * time.Hour

// OfferTTL is how long a factor may be confirmed after it was offered.
const OfferTTL = 10 * time.Minute

// FactorsMax bounds a customer's factors: each one-time password is held against
// every one of them.
const FactorsMax = 8

var (
	ErrFactorOffer    = &domain.Refusal{Class: domain.Conflict, Code: "factor-offer-ended", Detail: "This factor is not waiting to be confirmed; begin again."}
	ErrFactorCode     = &domain.Refusal{Class: domain.Refused, Code: "factor-unconfirmed", Detail: "What should confirm the factor is not right."}
	ErrFactorLimit    = &domain.Refusal{Class: domain.Refused, Code: "factor-limit", Detail: "Remove a factor before you add another."}
	ErrFactorWaits    = &domain.Refusal{Class: domain.Forbidden, Code: "factor-waiting", Detail: "This factor is too new to authorise payments."}
	ErrFactorSettled  = &domain.Refusal{Class: domain.Conflict, Code: "factor-not-waiting", Detail: "This factor does not wait for an approval."}
	ErrFactorApproval = &domain.Refusal{Class: domain.Forbidden, Code: "factor-approval-refused", Detail: "Only another device that was yours before the factor can approve it."}
)

// Factor is a further means of authentication.
type Factor struct {
	Factor     id.Factor
	Type       string
	LastStep   int64 // of a one-time password: this and older ones are spent
	At         time.Time
	UsableFrom time.Time   // for payments; zero: from the beginning
	Device     id.Device   // that added it; zero: it came with the enrolment
	Credential Credential  // of a passkey
	Spent      uint16      // of recovery codes: a bit for each that was used
	Older      []id.Device // that were bound before it; they may approve it
}

// Usable tells whether the factor may authorise payments.
func (f Factor) Usable(at time.Time) bool { return !at.Before(f.UsableFrom) }

// Offer is a factor that is not one yet: its secret was shown, or its challenge
// made, and nobody has proven to hold it.
type Offer struct {
	Factor    id.Factor
	Type      string
	ExpiresAt time.Time
}

// settled are the devices that are no news: the one that the customer began with, and
// those that were bound as long before as a new factor has to wait. Whoever has got
// into an account could else bind two phones, and approve with the one what the
// other has added.
func (s State) settled(at time.Time) []id.Device {
	var devices []id.Device
	for i, device := range s.Devices {
		if i == 0 || !s.BoundAt[i].Add(FactorWait).After(at) {
			devices = append(devices, device)
		}
	}
	return devices
}

// Second tells whether factors of a type stand beside a password.
func Second(kind string) bool { return kind == TypeTOTP || kind == TypePasskey }

// Factor is the factor of an id, if the customer has it.
func (s State) Factor(wanted id.Factor) (Factor, bool) { return s.factor(wanted) }

// TOTPs are the factors that one-time passwords are checked against.
func (s State) TOTPs() []Factor {
	var found []Factor
	for _, factor := range s.Factors {
		if factor.Type == TypeTOTP {
			found = append(found, factor)
		}
	}
	return found
}

func (s State) offer(c OfferFactor) ([]Event, error) {
	switch {
	case !Second(c.Type), c.Factor.IsZero():
		return nil, ErrFactorType
	case len(s.Factors) >= FactorsMax:
		return nil, ErrFactorLimit
	}
	return []Event{FactorOffered{Factor: c.Factor, Type: c.Type, ExpiresAt: c.At.Add(OfferTTL), At: c.At}}, nil
}

// Offered is the offer of a factor that may still be confirmed.
func (s State) Offered(factor id.Factor, at time.Time) (Offer, error) {
	for _, offer := range s.Offers {
		if offer.Factor == factor && at.Before(offer.ExpiresAt) {
			return offer, nil
		}
	}
	return Offer{}, ErrFactorOffer
}

func (s State) addFactor(c AddFactor) ([]Event, error) {
	if c.Type != TypeTOTP || c.Factor.IsZero() {
		return nil, ErrFactorType
	}
	if _, there := s.factor(c.Factor); there {
		return nil, nil
	}
	offer, err := s.Offered(c.Factor, c.At)
	switch {
	case err != nil:
		return nil, err
	case offer.Type != c.Type:
		return nil, ErrFactorType
	case len(s.Factors) >= FactorsMax:
		return nil, ErrFactorLimit
	}
	return []Event{FactorAdded{Factor: c.Factor, Type: c.Type, Device: c.Device, UsableFrom: c.At.Add(FactorWait), At: c.At}}, nil
}

// removeFactor keeps one second factor that is not new: a new one beside nothing
// else would be a thief's.
func (s State) removeFactor(c RemoveFactor) ([]Event, error) {
	gone, there := s.factor(c.Factor)
	if !there {
		return nil, ErrFactor
	}
	another, usable := false, false
	for _, f := range s.Factors {
		if f.Factor != gone.Factor && Second(f.Type) {
			another, usable = true, usable || f.Usable(c.At)
		}
	}
	if Second(gone.Type) && (!another || !usable && gone.Usable(c.At)) {
		return nil, ErrLastFactor
	}
	return []Event{FactorRemoved(c)}, nil
}

func (s State) approveFactor(c ApproveFactor) ([]Event, error) {
	factor, there := s.factor(c.Factor)
	switch {
	case !there:
		return nil, ErrFactor
	case factor.Usable(c.At):
		return nil, ErrFactorSettled
	case c.Device == factor.Device, !slices.Contains(factor.Older, c.Device):
		return nil, ErrFactorApproval
	}
	return []Event{FactorApproved(c)}, nil
}

func (s State) useOTP(c UseOTP) ([]Event, error) {
	factor, there := s.factor(c.Factor)
	switch {
	case !there || factor.Type != TypeTOTP:
		return nil, ErrFactor
	case c.Step <= factor.LastStep:
		return nil, ErrOTPSpent
	case c.Payment && !factor.Usable(c.At):
		return nil, ErrFactorWaits
	}
	return []Event{OTPUsed{Factor: c.Factor, Step: c.Step, At: c.At}}, nil
}

// changed gives the factors with one of them changed; states are shared.
func (s State) changed(which id.Factor, change func(*Factor)) []Factor {
	factors := slices.Clone(s.Factors)
	for i := range factors {
		if factors[i].Factor == which {
			change(&factors[i])
		}
	}
	return factors
}

// without gives the offers but for one.
func (s State) without(gone func(Offer) bool) []Offer {
	return slices.DeleteFunc(slices.Clone(s.Offers), gone)
}
