package account

import (
	"time"

	"florin/domain"
	"florin/domain/calendar"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/text"
)

// An account is moved to a newer version of its product from the start of a month, never
// within one: interest and fees of a month are those of one version. Terms that are in no
// respect worse for its holders hold from the next month. Worse ones hold from the third
// month after the one in which the holders were told, so that these have two months at
// least (PSD2, article 54(1)), in which the account can be closed free of charge, or the
// bank can take the change back. Limits that a holder has chosen, and their caps, stay:
// the bank changes those by ChangeCap.
//
// The month's closing adopts the terms, in its own commit: whenever the books are closed,
// each month is reckoned by the version that was announced for it.

type (
	// TermsAnnounced: from the start of the month on the account is kept on another
	// version of its product. It takes the place of one that was announced before.
	TermsAnnounced struct {
		Product id.Product `json:"product"`
		Version int64      `json:"version"`
		Month   string     `json:"month"` // 2026-04
		Worse   bool       `json:"worse,omitempty"`
		Reason  string     `json:"reason"` // code
		At      time.Time  `json:"at"`
	}
	// TermsWithdrawn: what was announced does not come.
	TermsWithdrawn struct {
		Version int64     `json:"version"` // that was announced
		Reason  string    `json:"reason"`  // code
		At      time.Time `json:"at"`
	}
	// TermsAdopted: what was announced holds.
	TermsAdopted struct {
		Product        id.Product   `json:"product"`
		Version        int64        `json:"version"`
		Month          string       `json:"month"`
		OverdraftLimit money.Amount `json:"overdraft_limit,omitzero"`
		At             time.Time    `json:"at"`
	}
)

func (TermsAnnounced) Kind() string { return "account.terms_announced" }
func (TermsWithdrawn) Kind() string { return "account.terms_withdrawn" }
func (TermsAdopted) Kind() string   { return "account.terms_adopted" }

func (TermsAnnounced) accountEvent() {}
func (TermsWithdrawn) accountEvent() {}
func (TermsAdopted) accountEvent()   {}

type (
	// AnnounceTerms moves the account to a newer version; its present one withdraws what
	// was announced. Worse: than those that hold now.
	AnnounceTerms struct {
		Version int64
		Newest  int64 // that the product has
		Worse   bool
		Reason  string
		At      time.Time
	}
	// AdoptTerms has announced terms hold whose month follows the one that was just
	// closed; else it does nothing.
	AdoptTerms struct {
		OverdraftLimit money.Amount
		At             time.Time
	}
)

func (AnnounceTerms) accountCommand() {}
func (AdoptTerms) accountCommand()    {}

// Announced is the version that is to come; its zero value is none.
type Announced struct {
	Version int64  `json:"version"`
	Month   string `json:"month"`
}

// Refusals.
var (
	ErrTerms      = &domain.Refusal{Class: domain.Conflict, Code: "terms-unchanged", Detail: "The account is kept on these terms already, or will be."}
	ErrVersion    = &domain.Refusal{Class: domain.Refused, Code: "product-version-unknown", Detail: "The product has no such version, or the account is on a newer one."}
	ErrNoVersions = &domain.Refusal{Class: domain.Refused, Code: "product-without-versions", Detail: "The account's product is not kept as data, and has no versions."}
)

// noticeMonths are from the month of the notice, with two whole ones between.
const noticeMonths = 3

func (s State) announceTerms(c AnnounceTerms) ([]Event, error) {
	switch {
	case s.Status == Absent, s.Class != Customers:
		return nil, ErrMissing
	case s.Status == Finished:
		return nil, ErrClosed
	case s.Product.IsZero():
		return nil, ErrNoVersions
	case !text.Code(c.Reason):
		return nil, ErrReason
	case c.Version < s.Version, c.Version > c.Newest:
		return nil, ErrVersion
	case c.Version == s.Announced.Version, c.Version == s.Version && s.Announced == (Announced{}):
		return nil, ErrTerms
	case c.Version == s.Version:
		return []Event{TermsWithdrawn{Version: s.Announced.Version, Reason: c.Reason, At: c.At}}, nil
	}
	month, ahead := calendar.Month(calendar.Day(s.Zone, c.At)), 1
	if c.Worse {
		ahead = noticeMonths
	}
	for range ahead {
		month = calendar.MonthAfter(month)
	}
	return []Event{TermsAnnounced{Product: s.Product, Version: c.Version, Month: month, Worse: c.Worse, Reason: c.Reason, At: c.At}}, nil
}

// Adopts tells whether what was announced is to hold after the months that are closed.
func (s State) Adopts() bool {
	return s.Announced.Version > 0 && s.Status != Finished && s.Period.Month != "" && calendar.MonthAfter(s.Period.Month) >= s.Announced.Month
}

func (s State) adoptTerms(c AdoptTerms) ([]Event, error) {
	switch {
	case !s.Adopts():
		return nil, nil
	case !isLimit(c.OverdraftLimit, s.Currency):
		return nil, ErrInvalid
	}
	return []Event{TermsAdopted{Product: s.Product, Version: s.Announced.Version, Month: s.Announced.Month, OverdraftLimit: c.OverdraftLimit, At: c.At}}, nil
}

func (s State) evolveTerms(event Event) (State, bool) {
	switch e := event.(type) {
	case ProductAgreed:
		s.Product, s.Version = e.Product, e.Version
	case TermsAnnounced:
		s.Announced = Announced{e.Version, e.Month}
	case TermsWithdrawn:
		s.Announced = Announced{}
	case TermsAdopted:
		s.Version, s.Overdraft, s.Announced = e.Version, e.OverdraftLimit.Minor, Announced{}
	default:
		return s, false
	}
	return s, true
}
