package transfer

import (
	"time"

	"florin/domain"
)

// A transfer that risk wants a person of the bank to look at is confirmed by its customer
// first, for nobody looks into what was never wanted; then it is held.
//
//	challenged -- Authorise --.
//	(none) ------ Initiate ----+--> held -- Release --> posted, or rejected by a rule
//	scheduled --- Run --------'       +---- Refuse ---> rejected
//	                                  '---- Cancel ---> cancelled
//
// The funds stay held meanwhile. What was confirmed before it was asked for (with a
// series, on a consent page) is held at once. It must never be posted without a person's
// word, and never be held for ever: when nobody has said anything by Until it is refused.

type (
	// Held: it waits for a person of the bank, until then.
	Held struct {
		Until time.Time `json:"until"`
		At    time.Time `json:"at"`
	}
	// Released: a person of the bank lets it go. Who and why stand beside it, in the
	// header of the commit.
	Released struct {
		At time.Time `json:"at"`
	}
)

func (Held) Kind() string       { return "transfer.held" }
func (Released) Kind() string   { return "transfer.released" }
func (Held) transferEvent()     {}
func (Released) transferEvent() {}

type (
	// Release lets go what is held. Refused is the rule that says no by now.
	Release struct {
		Refused string
		At      time.Time
	}
	// Refuse ends what is held: a person's no, or, Lapsed, nobody's word in time.
	Refuse struct {
		Lapsed bool
		At     time.Time
	}
)

func (Release) transferCommand() {}
func (Refuse) transferCommand()  {}

// Refusals.
var (
	ErrNotHeld      = &domain.Refusal{Class: domain.Conflict, Code: "review-over", Detail: "This does not wait for a review."}
	ErrRefused      = &domain.Refusal{Class: domain.Refused, Code: "review-refused", Detail: "The bank has looked at this transfer and does not make it. Please contact the bank."}
	ErrReviewLapsed = &domain.Refusal{Class: domain.Refused, Code: "review-lapsed", Detail: "The bank could not look at this transfer in time. Nothing was taken; please try again."}
)

func (s State) release(c Release) ([]Event, error) {
	switch {
	case s.Phase != Reviewed:
		return nil, ErrNotHeld
	case c.Refused != "":
		return []Event{Released{At: c.At}, Rejected{Code: c.Refused, At: c.At}}, nil
	}
	return []Event{Released{At: c.At}, post(s.From, s.To, s.Amount, c.At)}, nil
}

func (s State) refuse(c Refuse) ([]Event, error) {
	switch {
	case s.Phase != Reviewed, c.Lapsed && c.At.Before(s.ReviewUntil):
		return nil, ErrNotHeld
	case c.Lapsed:
		return []Event{Rejected{Code: ErrReviewLapsed.Code, At: c.At}}, nil
	}
	return []Event{Rejected{Code: ErrRefused.Code, At: c.At}}, nil
}
