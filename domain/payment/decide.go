package payment

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"florin/domain"
	"florin/domain/iban"
	"florin/domain/money"
	"florin/domain/text"
)

// NameRunesMax is the longest name that a rail carries (EPC SCT rulebook, AT-21).
const NameRunesMax = 70

// RailRejected is the code of a payment that the rail rejected.
const RailRejected = "rail-rejected"

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "payment-exists", Detail: "This payment was already made."}
	ErrReference      = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reference", Detail: text.ReferenceRule}
	ErrName           = &domain.Refusal{Class: domain.Invalid, Code: "invalid-name", Detail: "The name must be one line of 1 to 70 characters, without control or direction marks."}
	ErrAmount         = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrCurrency       = &domain.Refusal{Class: domain.Refused, Code: "rail-currency", Detail: "Payments to other banks are made in euros."}
	ErrBlocked        = &domain.Refusal{Class: domain.Forbidden, Code: "payment-blocked", Detail: "This payment cannot be made. Please contact the bank."}
	ErrSCA            = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The payment could not be confirmed."}
	ErrNotCancellable = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-cancellable", Detail: "This payment can no longer be cancelled."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-expired", Detail: "This payment does not wait past its time."}
	ErrNotReady       = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-ready", Detail: "This payment is not one to submit."}
	ErrNotAwaited     = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-awaited", Detail: "The rail owes no such answer about this payment."}
	ErrNotReturnable  = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-returnable", Detail: "This payment is none that could come back."}
	ErrOverReturn     = &domain.Refusal{Class: domain.Refused, Code: "return-exceeds-payment", Detail: "This is more than was paid."}
	ErrReason         = &domain.Refusal{Class: domain.Invalid, Code: "invalid-rail-reason", Detail: "A reason of the rail is a code of up to four capital letters and digits."}
	ErrMessage        = &domain.Refusal{Class: domain.Invalid, Code: "invalid-rail-message", Detail: "A return is a pacs.004.001.09 of one payment that this bank has sent."}
	ErrRecallReason   = &domain.Refusal{Class: domain.Invalid, Code: "invalid-recall-reason", Detail: "A payment is recalled as DUPL, FRAD, CUST, AC03 or AM09, and by the bank itself as TECH."}
	ErrNotRecallable  = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-recallable", Detail: "Only a payment that has reached the other bank, and has not come back, is recalled."}
	ErrRecallRuns     = &domain.Refusal{Class: domain.Conflict, Code: "recall-runs", Detail: "The other bank has not answered the last recall of this payment yet."}
	ErrRecallsUsed    = &domain.Refusal{Class: domain.Refused, Code: "recalls-used-up", Detail: "The other bank has said no as often as it is asked."}
	ErrRecallTooLate  = &domain.Refusal{Class: domain.Refused, Code: "recall-too-late", Detail: "A duplicate is recalled for ten banking days, and everything else for thirteen months."}
	ErrNotRecalled    = &domain.Refusal{Class: domain.Conflict, Code: "payment-not-recalled", Detail: "The other bank owes no such answer about this payment."}
)

// Refusal finds what the customer is told of a rejection by one of the payment's own
// rules, by the code kept in the log.
func Refusal(code string) (*domain.Refusal, bool) {
	for _, refusal := range []*domain.Refusal{ErrAmount, ErrCurrency, ErrBlocked, ErrSCA, ErrRefused, ErrReviewLapsed} {
		if refusal.Code == code {
			return refusal, true
		}
	}
	return nil, false
}

// Decide answers a command with the facts that follow from it.
func (s State) Decide(command Command) ([]Event, error) {
	switch c := command.(type) {
	case Initiate:
		return s.initiate(c)
	case Authorise:
		return s.authorise(c)
	case Run:
		return s.run(c)
	case Release:
		return s.release(c)
	case Refuse:
		return s.refuse(c)
	case Cancel:
		return s.cancel(c)
	case Expire:
		return s.expire(c)
	case Submit:
		return s.submit(c)
	case Accept:
		return s.accept(c)
	case Settle:
		return s.settle(c)
	case Reject:
		return s.reject(c)
	case Return:
		return s.giveBack(c)
	case Investigate:
		return s.investigate(c)
	case Recall:
		return s.recall(c)
	case DenyRecall:
		return s.denyRecall(c)
	case DelayRecall:
		return s.delayRecall(c)
	}
	panic(fmt.Sprintf("payment: unknown command %T", command)) // sealed: a bug, not an input
}

// Violation is the code of the payment's own rule that the request breaks, or "".
func Violation(amount money.Amount) string {
	switch {
	case !amount.IsPositive():
		return ErrAmount.Code
	case amount.Currency != "EUR":
		return ErrCurrency.Code
	}
	return ""
}

// isAmount tells whether it is an amount at all: what is not cannot be kept, and so
// its refusal is not a fact.
func isAmount(a money.Amount) bool {
	return a.Minor <= money.MinorMax && a.Minor >= -money.MinorMax && a.Currency.Known()
}

func isIBAN(text string) bool {
	_, err := iban.Parse(text)
	return err == nil
}

// Name tells whether a rail carries this name.
func Name(name string) bool {
	return name != "" && utf8.RuneCountInString(name) <= NameRunesMax && text.Line(name)
}

func (s State) initiate(c Initiate) ([]Event, error) {
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case c.Payment.IsZero(), c.Customer.IsZero(), c.From.IsZero(), c.Rail == "":
		return nil, ErrMissing
	case !isIBAN(c.Creditor.Reveal()):
		return nil, iban.ErrInvalid
	case !Name(c.CreditorName.Reveal()):
		return nil, ErrName
	case !text.Reference(c.Reference.Reveal()):
		return nil, ErrReference
	case !isAmount(c.Amount):
		return nil, ErrAmount
	}
	if err := c.Dated.check(c.Today); err != nil {
		return nil, err
	}
	events := []Event{Initiated{Payment: c.Payment, Customer: c.Customer, From: c.From, Creditor: c.Creditor, CreditorName: c.CreditorName,
		Amount: c.Amount, Reference: c.Reference, Rail: c.Rail, Device: c.Device, Session: c.Session, Evidence: c.Evidence, TokenID: c.TokenID, At: c.At}}
	if !c.Filed.File.IsZero() {
		c.Filed.At = c.At
		events = append(events, c.Filed)
	}
	if !c.Ordered.Order.IsZero() {
		c.Ordered.At = c.At
		events = append(events, c.Ordered)
	}
	if c.Dated.Day != "" {
		c.Dated.At = c.At
		events = append(events, c.Dated)
	}
	refused := Violation(c.Amount)
	if refused == "" {
		refused = c.Refused
	}
	if refused != "" {
		return append(events, Rejected{Code: refused, At: c.At}), nil
	}
	c.Verified.At, c.Assessment.At = c.At, c.At
	if c.Outcome() != Allow || c.Confirmed.Method != "" {
		c.Assessment.Exemption = "" // it is strongly authenticated, or nothing comes of it
	}
	return append(append(events, c.Verified, c.Assessment), c.verdict()...), nil
}

// Outcome is what happens of a request: what risk said, but that what was confirmed is
// not asked for again, one of a series with the others, and that nobody pays a payee
// unseen whom the other bank does not know by this name, nor anybody on a later day. What
// a person has to look at is confirmed first.
func (c Initiate) Outcome() Outcome {
	switch {
	case c.Assessment.Outcome == Block:
		return Block
	case c.Dated.Day != "":
		return Challenge
	case c.Assessment.Outcome == Hold && c.confirmed():
		return Hold
	case c.confirmed(), c.Assessment.Outcome == Allow && c.Verified.Result == Matches:
		return Allow
	}
	return Challenge
}

// confirmed tells whether its customer has confirmed it before, with others.
func (c Initiate) confirmed() bool { return c.Confirmed.Method != "" || !c.Ordered.Order.IsZero() }

func (c Initiate) verdict() []Event {
	c.Confirmed.At = c.At
	switch c.Outcome() {
	case Allow:
		return []Event{c.Confirmed}
	case Hold:
		return []Event{c.Confirmed, Held{Until: c.ReviewUntil, At: c.At}}
	case Block:
		return []Event{Rejected{Code: ErrBlocked.Code, At: c.At}}
	}
	return []Event{Challenged{Challenge: c.Demand.Challenge, Nonce: c.Demand.Nonce, Methods: c.Demand.Methods,
		Display: domain.NewEvidence(c.Demand.Statement.Text()), ExpiresAt: c.Demand.ExpiresAt, At: c.At}}
}

// authorise has one answer for everything that is wrong: a failure, counted while the
// challenge stands. When its time is over it ends instead.
func (s State) authorise(c Authorise) ([]Event, error) {
	switch {
	case s.Phase != Pending:
		return nil, ErrSCA
	case !c.At.Before(s.ExpiresAt):
		return []Event{Expired{At: c.At}}, nil
	case !s.confirmedBy(c):
		return s.fail(c), nil
	}
	authorised := Authorised{Method: c.Method, Challenge: s.Challenge, Evidence: c.Evidence, At: c.At}
	if c.Refused != "" {
		return []Event{authorised, Rejected{Code: c.Refused, At: c.At}}, nil
	}
	switch {
	case s.Day != "":
		return []Event{authorised, Scheduled{At: c.At}}, nil
	case s.Suspect:
		return []Event{authorised, Held{Until: c.ReviewUntil, At: c.At}}, nil
	}
	return []Event{authorised}, nil
}

// confirmedBy compares every field of the statement, by the digest of all of them.
func (s State) confirmedBy(c Authorise) bool {
	return c.Proven && slices.Contains(s.Methods, c.Method) &&
		s.Displayed != digest{} && s.Displayed == digestOf(c.Statement.Text())
}

func (s State) fail(c Authorise) []Event {
	if !slices.Contains(s.Methods, c.Method) {
		c.Method = "other" // whatever was sent is not ours to keep
	}
	events := []Event{AuthorisationFailed{Challenge: s.Challenge, Method: c.Method, At: c.At}}
	if s.Failures+1 >= FailuresMax {
		events = append(events, Rejected{Code: ErrSCA.Code, At: c.At})
	}
	return events
}

func (s State) cancel(c Cancel) ([]Event, error) {
	switch s.Phase {
	case Absent:
		return nil, ErrMissing
	case Pending, Waiting, Reviewed, Ready:
		return []Event{Cancelled(c)}, nil
	}
	return nil, ErrNotCancellable
}

func (s State) expire(c Expire) ([]Event, error) {
	if s.Phase != Pending || c.At.Before(s.ExpiresAt) {
		return nil, ErrNotExpired
	}
	return []Event{Expired(c)}, nil
}

func (s State) submit(c Submit) ([]Event, error) {
	switch {
	case s.Phase != Ready, c.Message == "", c.EndToEnd == "", c.Journal.IsZero():
		return nil, ErrNotReady
	case c.Refused != "":
		return []Event{Rejected{Code: c.Refused, At: c.At}}, nil
	}
	return []Event{Submitted{Message: c.Message, EndToEnd: c.EndToEnd, Journal: c.Journal, At: c.At}}, nil
}

// investigate is said once of a payment: it stays open until the rail answers.
func (s State) investigate(c Investigate) ([]Event, error) {
	if !s.Phase.Awaited() || s.Investigated {
		return nil, ErrNotAwaited
	}
	return []Event{InvestigationOpened{Since: s.SubmittedAt, At: c.At}}, nil
}
