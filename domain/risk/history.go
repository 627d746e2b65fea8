package risk

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/google/uuid"
)

// Bounds of what is remembered of one subject.
const (
	FanInMax       = 16 // customers told apart at one payee in 24 hours
	OwnPayeesMax   = 18 // payees of one customer, the longest unpaid forgotten first
	usualWeightMax = 16 // a customer's usual amount follows the last so many
	usualPrior     = 4  // what everybody pays counts as so many of a customer's own
	spreadLeast    = 250
	unusualMost    = 20_000
	sumMax         = 1<<32 - 1 // hundredths in an hour
)

// Attempt is one thing that a customer tries, and what else is known of it: what the
// request itself shows, of which History knows nothing.
type Attempt struct {
	Action   Action    // "": a payment
	At       time.Time // of the command; the hour of day is taken in its location
	Customer uuid.UUID
	Device   uuid.UUID // zero: none
	Account  uuid.UUID // whose money it is; zero: nobody asks
	Payee    uuid.UUID // zero: none
	Amount   int64     // hundredths of the currency's unit; 0: none
	Series   bool      // it was confirmed before, by itself or as one of many: no attempt of its own
	Known    Vector
}

// History is what the log says of customers and payees, as far as the features need
// it: a fold, in memory. Whoever takes in the same attempts and confirmations in the
// same order has the same history, to the bit. Not safe for use by several at once.
type History struct {
	customers map[uuid.UUID]*customerHistory
	payees    map[uuid.UUID]*payeeHistory
	devices   map[uuid.UUID]*deviceHistory
	accounts  map[uuid.UUID]accountHistory
	logins    logins
	places    map[uuid.UUID]uuid.UUID // of customers: the decision beside which their last place lies
	everybody usual
	ofBank    bool // it has heard of customers, devices or accounts
}

// NewHistory knows nobody.
func NewHistory() *History {
	return &History{customers: map[uuid.UUID]*customerHistory{}, payees: map[uuid.UUID]*payeeHistory{},
		devices: map[uuid.UUID]*deviceHistory{}, accounts: map[uuid.UUID]accountHistory{},
		places: map[uuid.UUID]uuid.UUID{}, logins: logins{whose: map[uuid.UUID]uuid.UUID{}}}
}

// customerHistory takes less than a kilobyte, what it points to among it.
type customerHistory struct {
	since  uint32 // minute of the first attempt, or of becoming a customer
	made   Window
	sent   sums
	got    *sums    // from others; nil: nothing
	failed recently // logins
	usual  usual
	hours  [24]uint16 // attempts by hour of day
	frauds *rare      // nil: none
	payees []ownPayee // at most OwnPayeesMax
}

type ownPayee struct {
	payee       uint64 // the random half of its identifier
	first, last uint32 // minutes since 1970
}

type payeeHistory struct {
	paid   Window
	frauds *rare   // nil: none
	from   []payer // the latest, in a ring once it holds FanInMax
	next   uint8
}

type payer struct {
	customer uint64
	minute   uint32
}

// usual follows the logarithms of amounts: their mean and their mean distance from
// it, in thousandths, by exponentially falling weights.
type usual struct{ mean, spread, seen int32 }

func (u *usual) add(log int64) {
	if u.seen < usualWeightMax {
		u.seen++
	}
	distance := int32(log) - u.mean // a logarithm of an int64 is below 44,000
	if u.seen == 1 {
		u.mean = int32(log)
		return
	}
	u.mean += distance / u.seen
	u.spread += (max(distance, -distance) - u.spread) / u.seen
}

func minuteOf(at time.Time) int64 { return min(max(at.Unix(), 0)/60, math.MaxUint32) }

// short is the half of an identifier that is random in every version.
func short(of uuid.UUID) uint64 { return binary.BigEndian.Uint64(of[8:]) }

// Look is what is known of an attempt before it is made. It changes nothing.
func (h *History) Look(a Attempt) Vector {
	v, minute := a.Known, minuteOf(a.At)
	if a.Amount > 0 {
		v.Set(Amount, a.Amount)
	}
	c, known := h.customers[a.Customer]
	if !known {
		c = &customerHistory{since: uint32(minute)}
	}
	v.Set(CustomerAge, max(minute-int64(c.since), 0)/60)
	v.Set(CustomerFrauds, c.frauds.month(minute))
	v.Set(Count10Minutes, c.made.Minutes(minute, 10))
	v.Set(CountHour, c.made.Minutes(minute, 60))
	v.Set(CountDay, c.made.Hours(minute, 24))
	v.Set(CountMonth, c.made.Days(minute, 30))
	v.Set(SumDay, c.sent.day(minute/60))
	v.Set(HourUnusual, c.surprise(a.At.Hour()))
	if a.Amount > 0 && h.everybody.seen > 0 {
		v.Set(AmountUnusual, c.usual.unusual(logMilli(a.Amount), h.everybody))
	}
	if h.ofBank {
		h.lookAtBank(&v, c, a, minute)
	}
	if a.Payee != uuid.Nil {
		h.lookAt(&v, c, a, minute)
	}
	return v
}

func (h *History) lookAt(v *Vector, c *customerHistory, a Attempt, minute int64) {
	v.Set(PayeeAge, c.paidSince(short(a.Payee), minute))
	p, known := h.payees[a.Payee]
	if !known {
		p = &payeeHistory{}
	}
	v.Set(PayeeFanIn, p.others(short(a.Customer), minute))
	payments, frauds := p.paid.Days(minute, 30), p.frauds.month(minute)
	v.Set(PayeePayments, payments)
	v.Set(PayeeFrauds, frauds)
	if share, known := thousandths(frauds, payments, 1000); known {
		v.Set(PayeeFraudShare, share)
	}
}

// Take remembers that an attempt was made. An enrolment is part of the login beside it,
// and who saves a payee has paid nobody yet.
func (h *History) Take(a Attempt) {
	minute := minuteOf(a.At)
	c := h.customer(a.Customer, minute)
	if a.Action == Enrolment {
		return
	}
	if a.Action != Login && !a.Series {
		c.made.Add(minute)
	}
	bump(&c.hours[a.At.Hour()])
	if a.Amount > 0 {
		log := logMilli(a.Amount)
		c.sent.add(minute/60, a.Amount)
		c.usual.add(log)
		h.everybody.add(log)
	}
	if a.Payee == uuid.Nil || a.Action == NewPayee {
		return
	}
	c.pay(short(a.Payee), minute)
	p, known := h.payees[a.Payee]
	if !known {
		p = &payeeHistory{}
		h.payees[a.Payee] = p
	}
	p.paid.Add(minute)
	p.take(short(a.Customer), minute)
}

// customer is what is known of one; from now on something is.
func (h *History) customer(of uuid.UUID, minute int64) *customerHistory {
	c, known := h.customers[of]
	if !known {
		c = &customerHistory{since: uint32(minute)}
		h.customers[of] = c
	}
	return c
}

// kept makes room for what few have.
func kept[T any](at **T) *T {
	if *at == nil {
		*at = new(T)
	}
	return *at
}

// roomFor is room for one more: most have few, so it is twice as much, and most at most.
func roomFor[T any](all []T, most int) []T {
	if n := len(all); n == cap(all) {
		all = append(make([]T, 0, min(max(2*n, 2), most)), all...)
	}
	return all
}

// unusual is how far above the customer's mean an amount lies, in thousandths of
// the mean distance; what everybody does counts while there is little of their own.
func (u usual) unusual(log int64, everybody usual) int64 {
	weight := u.seen + usualPrior
	mean := int64((u.mean*u.seen + everybody.mean*usualPrior) / weight)
	spread := int64((u.spread*u.seen + everybody.spread*usualPrior) / weight)
	return within((log-mean)*1000/max(spread, spreadLeast), -unusualMost, unusualMost)
}

// surprise is how little a customer's hours so far let one expect this one.
func (c *customerHistory) surprise(hour int) int64 {
	all := int64(24)
	for _, n := range c.hours {
		all += int64(n)
	}
	return logMilli(all) - logMilli(int64(c.hours[hour])+1)
}

func (c *customerHistory) paidSince(payee uint64, minute int64) int64 {
	for _, own := range c.payees {
		if own.payee == payee {
			return max(minute-int64(own.first), 0) / 60
		}
	}
	return -1
}

func (c *customerHistory) pay(payee uint64, minute int64) {
	oldest := 0
	for i := range c.payees {
		own := &c.payees[i]
		if own.payee == payee {
			own.last = uint32(minute)
			return
		}
		if own.last < c.payees[oldest].last {
			oldest = i
		}
	}
	one := ownPayee{payee, uint32(minute), uint32(minute)}
	if len(c.payees) < OwnPayeesMax {
		c.payees = append(roomFor(c.payees, OwnPayeesMax), one)
		return
	}
	c.payees[oldest] = one
}

// others counts the customers but this one who paid in the last 24 hours.
func (p *payeeHistory) others(customer uint64, minute int64) (n int64) {
	for _, from := range p.from {
		if from.minute != 0 && from.customer != customer && minute-int64(from.minute) < 24*60 {
			n++
		}
	}
	return n
}

func (p *payeeHistory) take(customer uint64, minute int64) {
	for i := range p.from {
		if p.from[i].minute != 0 && p.from[i].customer == customer {
			p.from[i].minute = uint32(minute)
			return
		}
	}
	one := payer{customer, uint32(minute)}
	if len(p.from) < FanInMax {
		p.from = append(roomFor(p.from, FanInMax), one)
		return
	}
	p.from[p.next%FanInMax] = one
	p.next++
}
