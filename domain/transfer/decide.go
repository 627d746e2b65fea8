package transfer

import (
	"fmt"
	"slices"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// Refusals.
var (
	ErrMissing        = &domain.Refusal{Class: domain.Missing, Code: "not-found", Detail: "There is no such thing."}
	ErrExists         = &domain.Refusal{Class: domain.Conflict, Code: "transfer-exists", Detail: "This transfer was already made."}
	ErrReference      = &domain.Refusal{Class: domain.Invalid, Code: "invalid-reference", Detail: text.ReferenceRule}
	ErrSameAccount    = &domain.Refusal{Class: domain.Invalid, Code: "transfer-same-account", Detail: "Choose two different accounts."}
	ErrAmount         = &domain.Refusal{Class: domain.Invalid, Code: "invalid-amount", Detail: "The amount must be more than zero and not too large."}
	ErrBlocked        = &domain.Refusal{Class: domain.Forbidden, Code: "transfer-blocked", Detail: "This transfer cannot be made. Please contact the bank."}
	ErrSCA            = &domain.Refusal{Class: domain.Forbidden, Code: "sca-failed", Detail: "The transfer could not be confirmed."}
	ErrNotCancellable = &domain.Refusal{Class: domain.Conflict, Code: "transfer-not-cancellable", Detail: "This transfer can no longer be cancelled."}
	ErrNotBatched     = &domain.Refusal{Class: domain.Conflict, Code: "transfer-not-batched", Detail: "This transfer does not wait for a batch."}
	ErrNotExpired     = &domain.Refusal{Class: domain.Conflict, Code: "transfer-not-expired", Detail: "This transfer does not wait past its time."}
	ErrNotReversible  = &domain.Refusal{Class: domain.Conflict, Code: "transfer-not-reversible", Detail: "This transfer has nothing left to give back."}
	ErrOverReversal   = &domain.Refusal{Class: domain.Refused, Code: "reversal-exceeds-transfer", Detail: "This is more than the transfer has left to give back."}
	ErrLegs           = &domain.Refusal{Class: domain.Invalid, Code: "invalid-legs", Detail: "The legs do not give the amount back."}
)

// Refusal finds what the customer is told of a rejection by one of the transfer's
// own rules, by the code kept in the log.
func Refusal(code string) (*domain.Refusal, bool) {
	for _, refusal := range []*domain.Refusal{ErrSameAccount, ErrAmount, ErrBlocked, ErrSCA, ErrRefused, ErrReviewLapsed} {
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
	case Execute:
		if s.Phase != Joined {
			return nil, ErrNotBatched
		}
		return []Event{post(s.From, s.To, s.Amount, c.At)}, nil
	case Run:
		return s.run(c)
	case Drop:
		if s.Phase != Joined {
			return nil, ErrNotBatched
		}
		return []Event{Rejected(c)}, nil
	case Release:
		return s.release(c)
	case Refuse:
		return s.refuse(c)
	case Cancel:
		return s.cancel(c)
	case Expire:
		return s.expire(c)
	case Reverse:
		return s.reverse(c)
	case GiveBack:
		return s.giveBack(c)
	}
	panic(fmt.Sprintf("transfer: unknown command %T", command)) // sealed: a bug, not an input
}

// Violation is the code of the transfer's own rule that the request breaks, or "".
func Violation(from, to id.Account, amount money.Amount) string {
	switch {
	case from == to:
		return ErrSameAccount.Code
	case !amount.IsPositive():
		return ErrAmount.Code
	}
	return ""
}

// isAmount tells whether it is an amount at all: what is not cannot be kept, and
// so its refusal is not a fact.
func isAmount(a money.Amount) bool {
	return a.Minor <= money.MinorMax && a.Minor >= -money.MinorMax && a.Currency.Known()
}

func (s State) initiate(c Initiate) ([]Event, error) {
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case c.Transfer.IsZero(), c.From.IsZero(), c.To.IsZero():
		return nil, ErrMissing
	case !text.Reference(c.Reference.Reveal()):
		return nil, ErrReference
	case !isAmount(c.Amount):
		return nil, ErrAmount
	}
	if err := c.Dated.check(c.Today); err != nil {
		return nil, err
	}
	events := []Event{Initiated{Transfer: c.Transfer, Customer: c.Customer, From: c.From, To: c.To, Amount: c.Amount,
		Reference: c.Reference, Device: c.Device, Session: c.Session, Evidence: c.Evidence, TokenID: c.TokenID, At: c.At}}
	if !c.Payee.Payee.IsZero() {
		events = append(events, c.Payee)
	}
	if c.Dated.Day != "" {
		c.Dated.At, c.Assessment.Exemption = c.At, "" // it is going to be strongly authenticated
		events = append(events, c.Dated)
	}
	refused := Violation(c.From, c.To, c.Amount)
	if refused == "" {
		refused = c.Refused
	}
	if refused == "" && !c.Batch.IsZero() {
		return append(events, Batched{Batch: c.Batch, At: c.At}), nil
	}
	if refused != "" {
		return append(events, Rejected{Code: refused, At: c.At}), nil
	}
	c.Assessment.At, c.Consented.At = c.At, c.At
	if c.Consented.Consent.IsZero() {
		return append(events, c.Assessment, c.verdict()), nil
	}
	c.Assessment.Exemption = "" // it was strongly authenticated, or is going to be
	return append(events, c.Assessment, c.Consented, c.verdict()), nil
}

// Outcome is what happens of a request: what risk said, but that a yes of the
// customer's stands for the answer to a challenge, and that without one no third
// party is spared it, nor anybody a transfer of a later day. What a person has to look at
// is confirmed first.
func (c Initiate) Outcome() Outcome {
	said, confirmed := c.Assessment.Outcome, c.Confirmed || c.Consented.Basis == ByConsent
	switch {
	case said == Block:
		return Block
	case c.Dated.Day != "":
		return Challenge
	case said == Hold && confirmed:
		return Hold
	case confirmed, said == Allow && c.Consented.Consent.IsZero():
		return Allow
	}
	return Challenge
}

// verdict turns risk's outcome into what happens. Whatever is neither a clear yes
// nor a clear no is a challenge.
func (c Initiate) verdict() Event {
	switch c.Outcome() {
	case Allow:
		return post(c.From, c.To, c.Amount, c.At)
	case Block:
		return Rejected{Code: ErrBlocked.Code, At: c.At}
	case Hold:
		return Held{Until: c.ReviewUntil, At: c.At}
	}
	return Challenged{Challenge: c.Demand.Challenge, Nonce: c.Demand.Nonce, Methods: c.Demand.Methods,
		Display: domain.NewEvidence(c.Demand.Statement.Text()), ExpiresAt: c.Demand.ExpiresAt, At: c.At}
}

func post(from, to id.Account, amount money.Amount, at time.Time) Posted {
	legs, err := money.NewPosting(money.Leg{Account: from, Amount: amount.Negate()}, money.Leg{Account: to, Amount: amount})
	if err != nil {
		panic("transfer: two legs of a checked amount: " + err.Error())
	}
	return Posted{Legs: legs, At: at}
}

// authorise has one answer for everything that is wrong: a failure, counted while
// the challenge stands. When its time is over it ends instead.
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
	return []Event{authorised, post(s.From, s.To, s.Amount, c.At)}, nil
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
	case Pending, Waiting, Reviewed:
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

func (s State) reverse(c Reverse) ([]Event, error) {
	left := s.Reversible()
	switch {
	case s.Phase == Absent:
		return nil, ErrMissing
	case !left.IsPositive():
		return nil, ErrNotReversible
	case c.Amount.Currency != left.Currency, !c.Amount.IsPositive():
		return nil, ErrAmount
	case c.Amount.Minor > left.Minor:
		return nil, ErrOverReversal
	}
	return []Event{Reversed(c)}, nil
}

func (s State) giveBack(c GiveBack) ([]Event, error) {
	given, _ := c.Legs.Of(c.To)
	switch {
	case s.Phase != Absent:
		return nil, ErrExists
	case c.Transfer.IsZero(), c.Original.IsZero():
		return nil, ErrMissing
	case !text.Reference(c.Reference.Reveal()):
		return nil, ErrReference
	case Violation(c.From, c.To, c.Amount) != "", !isAmount(c.Amount):
		return nil, ErrAmount
	case given != c.Amount:
		return nil, ErrLegs
	}
	return []Event{
		Initiated{Transfer: c.Transfer, Customer: c.Customer, From: c.From, To: c.To, Amount: c.Amount, Original: c.Original,
			Reference: c.Reference, At: c.At},
		Posted{Legs: c.Legs, At: c.At},
	}, nil
}
