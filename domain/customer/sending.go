package customer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
)

// Risk may let a payment go on only within a lower limit, which then holds for all that
// the customer sends to others for a while: whoever has got into an account takes little
// by little otherwise. Two such words leave the lower limit for the longer time. It ends by
// itself, or when an operator lifts it.

type (
	// SendingLimited: no more than so many hundredths of a unit of its currency leave each
	// of the customer's accounts in a day, until then.
	SendingLimited struct {
		Hundredths int64       `json:"hundredths"`
		Until      time.Time   `json:"until"`
		Decision   id.Decision `json:"decision"` // of risk, that began or tightened it
		At         time.Time   `json:"at"`
	}
	// SendingLimitLifted: an operator has ended it. Who and why stand beside it, in the
	// header of the commit.
	SendingLimitLifted struct {
		At time.Time `json:"at"`
	}
)

func (SendingLimited) Kind() string       { return "customer.sending_limited" }
func (SendingLimitLifted) Kind() string   { return "customer.sending_limit_lifted" }
func (SendingLimited) customerEvent()     {}
func (SendingLimitLifted) customerEvent() {}

type (
	// LimitSending begins a limit, or tightens the one that there is.
	LimitSending SendingLimited
	// LiftSendingLimit ends it.
	LiftSendingLimit struct{ At time.Time }
)

func (LimitSending) customerCommand()     {}
func (LiftSendingLimit) customerCommand() {}

// ErrNotLimited: there is no limit to lift.
var ErrNotLimited = &domain.Refusal{Class: domain.Conflict, Code: "sending-not-limited", Detail: "What this customer sends is not limited."}

// SendingLimit is what may leave each account in a day, in hundredths, until when.
type SendingLimit struct {
	Hundredths int64
	Until      time.Time
}

// At tells whether it is in force.
func (l SendingLimit) At(at time.Time) bool { return l.Hundredths > 0 && at.Before(l.Until) }

func (s State) limitSending(c LimitSending) ([]Event, error) {
	if now := s.Sending; now.At(c.At) {
		if now.Hundredths <= c.Hundredths && !now.Until.Before(c.Until) {
			return nil, nil
		}
		c.Hundredths = min(c.Hundredths, now.Hundredths)
		if now.Until.After(c.Until) {
			c.Until = now.Until
		}
	}
	return []Event{SendingLimited(c)}, nil
}

func (s State) liftSendingLimit(c LiftSendingLimit) ([]Event, error) {
	if !s.Sending.At(c.At) {
		return nil, ErrNotLimited
	}
	return []Event{SendingLimitLifted(c)}, nil
}
