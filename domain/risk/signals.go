package risk

import (
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
)

// What History takes in besides attempts: what else the bank's log says of customers,
// their devices and accounts. Study of transactions from elsewhere has none of it, and
// then these features are unknown.

// usersMax bounds the customers that are told apart of one device.
const usersMax = 4

type deviceHistory struct {
	users  []uint64
	bound  uint32 // minute; 0: never yet
	frauds *rare  // nil: none
	level  int8
}

type accountHistory struct {
	owner     uuid.UUID
	available int64 // hundredths
}

// Meet remembers since when somebody is a customer.
func (h *History) Meet(customer uuid.UUID, at time.Time) {
	h.ofBank = true
	h.customer(customer, minuteOf(at))
}

// loginsMax bounds the logins under way that are known to be somebody's: the latest.
const loginsMax = 1 << 16

// logins are those under way, in a ring.
type logins struct {
	whose map[uuid.UUID]uuid.UUID
	ring  []uuid.UUID
	next  int
}

// Begin remembers as whom somebody tries to log in.
func (h *History) Begin(login, customer uuid.UUID) {
	l := &h.logins
	if len(l.ring) < loginsMax {
		l.ring = append(l.ring, login)
	} else {
		delete(l.whose, l.ring[l.next])
		l.ring[l.next] = login
	}
	l.next = (l.next + 1) % loginsMax
	l.whose[login] = customer
}

// Locate remembers beside which decision it lies where a customer was.
func (h *History) Locate(customer, decision uuid.UUID) { h.places[customer] = decision }

// Located is that decision.
func (h *History) Located(customer uuid.UUID) (decision uuid.UUID, known bool) {
	decision, known = h.places[customer]
	return decision, known
}

// FailLogin remembers that a factor of a login was wrong. Of a customer who was never
// met nothing is kept.
func (h *History) FailLogin(login uuid.UUID, at time.Time) {
	if c, known := h.customers[h.logins.whose[login]]; known {
		c.failed.add(minuteOf(at))
	}
}

// Bind remembers that a device has become a customer's.
func (h *History) Bind(device, customer uuid.UUID, at time.Time) {
	d := h.device(device)
	d.bound = uint32(minuteOf(at))
	if user := short(customer); len(d.users) < usersMax && !slices.Contains(d.users, user) {
		d.users = append(d.users, user)
	}
}

// Attest remembers the most that a device has shown of itself: 0 nothing, 1 software,
// 2 hardware.
func (h *History) Attest(device uuid.UUID, level int8) {
	d := h.device(device)
	d.level = max(d.level, level)
}

func (h *History) device(of uuid.UUID) *deviceHistory {
	h.ofBank = true
	d, known := h.devices[of]
	if !known {
		d = &deviceHistory{}
		h.devices[of] = d
	}
	return d
}

// Own remembers whose an account is.
func (h *History) Own(account, owner uuid.UUID) {
	h.ofBank = true
	a := h.accounts[account]
	a.owner = owner
	h.accounts[account] = a
}

// Owner is whose an account is; zero: nobody's that History has heard of.
func (h *History) Owner(account uuid.UUID) uuid.UUID { return h.accounts[account].owner }

// Move remembers that so much more can be spent from an account; negative: less. Of an
// account that is nobody's nothing is kept.
func (h *History) Move(account uuid.UUID, hundredths int64) {
	a, known := h.accounts[account]
	if !known {
		return
	}
	if sum := a.available + hundredths; (sum > a.available) == (hundredths > 0) { // else it would run over
		a.available = sum
	}
	h.accounts[account] = a
}

// Receive remembers that money came in from others.
func (h *History) Receive(customer uuid.UUID, hundredths int64, at time.Time) {
	minute := minuteOf(at)
	kept(&h.customer(customer, minute).got).add(minute/60, hundredths)
}

func (h *History) lookAtBank(v *Vector, c *customerHistory, a Attempt, minute int64) {
	v.setUnlessKnown(FailedLogins, c.failed.hour(minute))
	if got := c.got.day(minute / 60); got > 0 && a.Amount > 0 {
		share, known := thousandths(c.sent.day(minute/60)+min(a.Amount, math.MaxInt64/2), got, 1000)
		v.setIf(known, PassThrough, share)
	}
	if account, known := h.accounts[a.Account]; known && a.Amount > 0 {
		share, some := thousandths(a.Amount, account.available, 1000)
		if account.available <= 0 {
			share, some = 1000, true
		}
		v.setIf(some, BalanceShare, share)
	}
	d, known := h.devices[a.Device]
	if !known {
		return
	}
	v.Set(Attestation, int64(d.level))
	v.Set(DeviceCustomers, int64(len(d.users)))
	v.setIf(d.frauds != nil, DeviceFrauds, d.frauds.month(minute))
	v.setIf(d.bound > 0, DeviceAge, max(minute-int64(d.bound), 0)/60)
}

func (v *Vector) setIf(known bool, f Feature, value int64) {
	if known {
		v.Set(f, value)
	}
}

func (v *Vector) setUnlessKnown(f Feature, value int64) {
	if _, known := v.Get(f); !known {
		v.Set(f, value)
	}
}
