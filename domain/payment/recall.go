package payment

import (
	"slices"
	"time"

	"florin/domain/calendar"
	"florin/domain/id"
)

// Recalls: who paid, or the bank, wants back what the other bank has. It is asked, and
// gives the money back or not; the money is its customer's until then.
//
//	settled -- Recall --> settled, recalled -- Return -----> returned
//	   ^                          |-- DelayRecall --> overdue: people look into it
//	   '------- DenyRecall -------'

// Bounds of the scheme (EPC125-05, recall and request for recall by the originator).
const (
	RecallBankDays       = 10 // after the settlement: of a duplicate or a technical error
	RecallMonths         = 13 // of fraud, and of what who paid got wrong or wants back
	RecallAnswerBankDays = 15 // in which the other bank answers
	RecallsMax           = 3  // of one payment, one after another: the bank's own bound
)

// Reasons of a recall (ISO 20022 ExternalCancellationReason1Code).
const (
	Duplicate      = "DUPL"
	TechnicalError = "TECH" // which the bank alone knows of
	Fraud          = "FRAD"
	ByOriginator   = "CUST"
	WrongAccount   = "AC03"
	WrongAmount    = "AM09"
)

type (
	// Recall asks the other bank for the money. ByBank says that no customer asks.
	Recall struct {
		Asked  Recalled // AnswerBy is filled in
		ByBank bool
	}
	// DenyRecall is the other bank's no.
	DenyRecall RecallDenied
	// DelayRecall notes that it has not answered in time.
	DelayRecall struct{ At time.Time }
)

func (Recall) paymentCommand()      {}
func (DenyRecall) paymentCommand()  {}
func (DelayRecall) paymentCommand() {}

type (
	// Recalled: the other bank is asked for the money back, under this name, until it
	// answers.
	Recalled struct {
		Recall   string      `json:"recall"` // our name for it on the rail
		Reason   string      `json:"reason"` // ISO 20022 ExternalCancellationReason1Code
		AnswerBy time.Time   `json:"answer_by"`
		By       id.Customer `json:"by,omitzero"` // none: the bank itself
		Evidence Signed      `json:"evidence,omitzero"`
		TokenID  string      `json:"jti,omitempty"`
		At       time.Time   `json:"at"`
	}
	// RecallDenied: the other bank keeps the money.
	RecallDenied struct {
		Recall string    `json:"recall"`
		Reason string    `json:"reason"` // ISO 20022 ExternalPaymentCancellationRejection1Code
		At     time.Time `json:"at"`
	}
	// RecallDelayed: it has not answered by the time that the scheme gives it.
	RecallDelayed struct {
		Recall string    `json:"recall"`
		Since  time.Time `json:"since"` // it was asked
		At     time.Time `json:"at"`
	}
)

func (Recalled) Kind() string      { return "payment.recalled" }
func (RecallDenied) Kind() string  { return "payment.recall_denied" }
func (RecallDelayed) Kind() string { return "payment.recall_delayed" }

func (Recalled) paymentEvent()      {}
func (RecallDenied) paymentEvent()  {}
func (RecallDelayed) paymentEvent() {}

// Recalling is a recall that the other bank owes an answer to; zero: there is none.
type Recalling struct {
	Name     string    `json:"name"` // on the rail
	Reason   string    `json:"reason"`
	At       time.Time `json:"at"`
	AnswerBy time.Time `json:"answer_by"`
	Overdue  bool      `json:"overdue"`
}

// Open tells whether the other bank owes an answer.
func (r Recalling) Open() bool { return r.Name != "" }

func (s State) recall(c Recall) ([]Event, error) {
	until, known := recallable(c.Asked.Reason, s.SettledAt)
	switch {
	case s.Phase == Absent:
		return nil, ErrMissing
	case !known, c.Asked.Reason == TechnicalError && !c.ByBank:
		return nil, ErrRecallReason
	case s.Phase != Done, c.Asked.Recall == "":
		return nil, ErrNotRecallable
	case s.Recall.Open():
		return nil, ErrRecallRuns
	case s.Recalls >= RecallsMax:
		return nil, ErrRecallsUsed
	case !c.Asked.At.Before(until):
		return nil, ErrRecallTooLate
	}
	c.Asked.AnswerBy = endOf(calendar.BankDaysAfter(calendar.Day(calendar.Frankfurt, c.Asked.At), RecallAnswerBankDays))
	return []Event{c.Asked}, nil
}

// recallable is until when a payment is recalled for a reason; false: for none.
func recallable(reason string, settled time.Time) (until time.Time, known bool) {
	day := calendar.Day(calendar.Frankfurt, settled)
	switch {
	case reason == Duplicate, reason == TechnicalError:
		return endOf(calendar.BankDaysAfter(day, RecallBankDays)), true
	case slices.Contains([]string{Fraud, ByOriginator, WrongAccount, WrongAmount}, reason):
		return settled.AddDate(0, RecallMonths, 0), true
	}
	return time.Time{}, false
}

// endOf is the first moment that is no more of a day.
func endOf(day string) time.Time {
	end, _ := calendar.Start(calendar.Frankfurt, calendar.After(day, 1))
	return end
}

func (s State) denyRecall(c DenyRecall) ([]Event, error) {
	switch {
	case !s.Recall.Open(), c.Recall != s.Recall.Name:
		return nil, s.noRecall()
	case !Reason(c.Reason):
		return nil, ErrReason
	}
	return []Event{RecallDenied(c)}, nil
}

// delayRecall is said once of a recall: it stays open until the other bank answers.
func (s State) delayRecall(c DelayRecall) ([]Event, error) {
	if !s.Recall.Open() || s.Recall.Overdue || c.At.Before(s.Recall.AnswerBy) {
		return nil, s.noRecall()
	}
	return []Event{RecallDelayed{Recall: s.Recall.Name, Since: s.Recall.At, At: c.At}}, nil
}

func (s State) noRecall() error {
	if s.Phase == Absent {
		return ErrMissing
	}
	return ErrNotRecalled
}
