package account

import (
	"time"

	"florin/domain"
	"florin/domain/calendar"
	"florin/domain/money"
)

// Limits are of what may leave an account, in its currency; a zero amount is no
// limit. Days and months are those of the place that the account lives in.
type Limits struct {
	Daily   money.Amount `json:"daily,omitzero"`
	Monthly money.Amount `json:"monthly,omitzero"`
}

// within tells whether neither limit is beyond that of another.
func (l Limits) within(cap Limits) bool {
	return !beyond(l.Daily, cap.Daily) && !beyond(l.Monthly, cap.Monthly)
}

// beyond compares two limits, of which none is the widest.
func beyond(limit, other money.Amount) bool {
	switch {
	case other.IsZero():
		return false
	case limit.IsZero():
		return true
	}
	return limit.Minor > other.Minor
}

func (l Limits) valid(currency money.Currency) bool {
	return isLimit(l.Daily, currency) && isLimit(l.Monthly, currency)
}

type (
	// LimitsAgreed: what may leave the account, and where it lives. Nobody but the
	// bank widens the limits beyond Cap.
	LimitsAgreed struct {
		Limits Limits    `json:"limits"`
		Cap    Limits    `json:"cap"`
		Zone   string    `json:"zone"` // IANA time zone, such as Europe/Berlin
		At     time.Time `json:"at"`
	}
	// LimitsChanged: an owner has set other limits.
	LimitsChanged struct {
		Limits Limits    `json:"limits"`
		At     time.Time `json:"at"`
	}
	// CapChanged: the bank lets the owner widen the limits so far and no further;
	// Limits are those that hold from now on.
	CapChanged struct {
		Limits Limits    `json:"limits"`
		Cap    Limits    `json:"cap"`
		Reason string    `json:"reason"` // code
		At     time.Time `json:"at"`
	}
)

func (LimitsAgreed) Kind() string  { return "account.limits_agreed" }
func (LimitsChanged) Kind() string { return "account.limits_changed" }
func (CapChanged) Kind() string    { return "account.cap_changed" }

func (LimitsAgreed) accountEvent()  {}
func (LimitsChanged) accountEvent() {}
func (CapChanged) accountEvent()    {}

type (
	// AgreeLimits sets the limits that an account begins with.
	AgreeLimits struct {
		Limits Limits
		Cap    Limits
		Zone   string
		At     time.Time
	}
	// ChangeLimits sets others. Confirmed tells whether the owner has authenticated
	// strongly just now: narrower limits need none, wider ones do.
	ChangeLimits struct {
		Limits    Limits
		Confirmed bool
		At        time.Time
	}
	// ChangeCap is the bank's; limits that are beyond it are narrowed.
	ChangeCap struct {
		Cap    Limits
		Reason string
		At     time.Time
	}
)

func (AgreeLimits) accountCommand()  {}
func (ChangeLimits) accountCommand() {}
func (ChangeCap) accountCommand()    {}

// Refusals.
var (
	ErrZone       = &domain.Refusal{Class: domain.Invalid, Code: "invalid-time-zone", Detail: "The time zone is a name of the IANA database, such as Europe/Berlin."}
	ErrLimits     = &domain.Refusal{Class: domain.Invalid, Code: "invalid-limits", Detail: "A limit is an amount of the account's currency, more than zero."}
	ErrCap        = &domain.Refusal{Class: domain.Refused, Code: "limit-beyond-cap", Detail: "The bank does not permit this account as much."}
	ErrWider      = &domain.Refusal{Class: domain.Unproven, Code: "insufficient-user-authentication", Detail: "Authenticate strongly to let more leave the account."}
	ErrSameLimits = &domain.Refusal{Class: domain.Conflict, Code: "limits-unchanged", Detail: "These are the account's limits already."}
)

// Limits are those that hold.
func (s State) Limits() Limits {
	return Limits{Daily: s.limit(s.DailyLimit), Monthly: s.limit(s.MonthlyLimit)}
}

func (s State) limit(minor int64) money.Amount {
	if minor == 0 {
		return money.Amount{}
	}
	return s.amount(minor)
}

func (s State) agreeLimits(c AgreeLimits) ([]Event, error) {
	switch {
	case s.Status == Absent, s.Class != Customers:
		return nil, ErrMissing
	case s.Zone != "":
		return nil, ErrSameLimits
	case !calendar.Known(c.Zone):
		return nil, ErrZone
	case !c.Limits.valid(s.Currency), !c.Cap.valid(s.Currency), !c.Limits.within(c.Cap):
		return nil, ErrLimits
	}
	return []Event{LimitsAgreed(c)}, nil
}

func (s State) changeLimits(c ChangeLimits) ([]Event, error) {
	limits := s.Limits()
	switch {
	case s.Status == Absent, s.Class != Customers:
		return nil, ErrMissing
	case s.Status == Finished:
		return nil, ErrClosed
	case !c.Limits.valid(s.Currency):
		return nil, ErrLimits
	case !c.Limits.within(s.Cap):
		return nil, ErrCap
	case c.Limits == limits:
		return nil, ErrSameLimits
	case !c.Confirmed && !c.Limits.within(limits):
		return nil, ErrWider
	}
	return []Event{LimitsChanged{Limits: c.Limits, At: c.At}}, nil
}

func (s State) changeCap(c ChangeCap) ([]Event, error) {
	switch {
	case s.Status == Absent, s.Class != Customers:
		return nil, ErrMissing
	case s.Status == Finished:
		return nil, ErrClosed
	case !c.Cap.valid(s.Currency):
		return nil, ErrLimits
	case !isCode(c.Reason):
		return nil, ErrReason
	case c.Cap == s.Cap:
		return nil, ErrSameLimits
	}
	limits := s.Limits()
	if beyond(limits.Daily, c.Cap.Daily) {
		limits.Daily = c.Cap.Daily
	}
	if beyond(limits.Monthly, c.Cap.Monthly) {
		limits.Monthly = c.Cap.Monthly
	}
	return []Event{CapChanged{Limits: limits, Cap: c.Cap, Reason: c.Reason, At: c.At}}, nil
}

func (s State) evolveLimits(event Event) (State, bool) {
	switch e := event.(type) {
	case LimitsAgreed:
		s.Zone, s.Cap = e.Zone, e.Cap
		return s.limited(e.Limits), true
	case LimitsChanged:
		return s.limited(e.Limits), true
	case CapChanged:
		s.Cap = e.Cap
		return s.limited(e.Limits), true
	}
	return s, false
}

func (s State) limited(limits Limits) State {
	s.DailyLimit, s.MonthlyLimit = limits.Daily.Minor, limits.Monthly.Minor
	return s
}

// day is the day that a payment at this time counts to, where the account lives.
// It never goes back, though clocks do and people move.
func (s State) day(at time.Time) string { return max(s.Day, calendar.Day(s.Zone, at)) }

// withinLimits tells whether so much more may leave on a day and in its month.
func (s State) withinLimits(minor int64, day string) bool {
	spent := int64(0)
	if calendar.Month(day) == calendar.Month(s.Day) {
		spent = s.MonthSpent
	}
	return s.withinLimit(minor, day, s.DailyLimit) && (s.MonthlyLimit == 0 || spent+minor <= s.MonthlyLimit)
}

func (s State) withinLimit(minor int64, day string, limit int64) bool {
	spent := s.Spent
	if day != s.Day {
		spent = 0
	}
	return limit == 0 || spent+minor <= limit
}

// Allows refuses an amount that is more than may still leave on the day because of the
// device that asks, before anything is asked of the money itself.
func (s State) Allows(amount money.Amount, because Ceiling, at time.Time) error {
	if s.withinLimit(amount.Minor, s.day(at), because.Minor) {
		return nil
	}
	return because.refusal()
}

// count adds to what the day and its month have seen; "" counts nowhere.
func (s State) count(day string, minor int64) State {
	if day == "" || day < s.Day {
		return s
	}
	if calendar.Month(day) != calendar.Month(s.Day) {
		s.MonthSpent = 0
	}
	if day > s.Day {
		s.Day, s.Spent = day, 0
	}
	s.Spent, s.MonthSpent = min(s.Spent+minor, spentMax), min(s.MonthSpent+minor, spentMax)
	return s
}

// uncount gives a released hold's share back to the day and month it counted against.
func (s State) uncount(day string, minor int64) State {
	if day == "" {
		return s
	}
	if day == s.Day {
		s.Spent -= minor
	}
	if calendar.Month(day) == calendar.Month(s.Day) {
		s.MonthSpent -= minor
	}
	return s
}
