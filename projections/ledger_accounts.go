package projections

import (
	"strings"

	"github.com/google/uuid"

	"florin/domain/account"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
)

// post takes in the legs of a posting; movements of the same commit use them up.
func (l *Ledger) post(stream eventbus.Stream, legs []money.Leg) {
	l.count.Postings++
	l.count.Legs += len(legs)
	if err := money.Balanced(legs); err != nil {
		l.find(stream, LedgerUnbalanced, "%v", err)
	}
	u := ledgerUUID(stream)
	if _, twice := l.posted[u]; twice {
		l.find(stream, LedgerPostedOnce, "posted again")
	}
	var credited int64
	for _, leg := range legs {
		credited += max(leg.Minor, 0)
		l.legs = append(l.legs, ledgerLeg{string(stream), leg})
	}
	l.posted[u] = ledgerPosted{amount: credited}
}

func (l *Ledger) reverse(stream eventbus.Stream, e transfer.Reversed) {
	posted := l.posted[ledgerUUID(stream)]
	posted.reversed += e.Amount.Minor
	if posted.reversed > posted.amount {
		l.find(stream, LedgerOverReverse, "%d given back of %d", posted.reversed, posted.amount)
	}
	if reversal, ok := l.posted[e.Reversal.UUID()]; !ok || reversal.amount != e.Amount.Minor {
		l.find(stream, LedgerOverReverse, "reversal %s did not post %s", e.Reversal, e.Amount)
	}
	l.posted[ledgerUUID(stream)] = posted
}

func (l *Ledger) move(stream eventbus.Stream, version eventbus.Version, event account.Event) {
	u := ledgerUUID(stream)
	if e, ok := event.(account.Opened); ok {
		if l.accounts[u] != nil || e.Account.UUID() != u {
			l.find(stream, LedgerAccount, "opened again, or under another name")
		}
		l.count.Accounts++
		l.accounts[u] = &ledgerAccount{currency: e.Currency, limit: e.OverdraftLimit.Minor, internal: e.Class == account.Internal}
		return
	}
	a := l.accounts[u]
	if e, ok := event.(account.PeriodClosed); ok && a != nil {
		l.close(stream, a, e)
		return
	}
	if a == nil || a.closed {
		l.find(stream, LedgerAccount, "%s on an account that is not open", event.Kind())
		return
	}
	before := a.balance
	switch e := event.(type) {
	case account.Debited:
		a.forced = a.forced || e.Forced
		l.book(stream, a, e.Posting, e.Amount.Negate(), e.Balance)
	case account.Credited:
		l.book(stream, a, e.Posting, e.Amount, e.Balance)
	case account.ReservationCaptured:
		l.unhold(stream, a, e.Reservation, e.Amount)
		l.book(stream, a, e.Posting, e.Amount.Negate(), e.Balance)
	case account.FundsReserved:
		l.hold(stream, a, e.Reservation, e.Amount)
	case account.HoldPlaced:
		l.hold(stream, a, e.Hold.Stream(), e.Amount)
	case account.ReservationReleased:
		l.release(stream, a, e.Reservation, e.Amount)
	case account.HoldLifted:
		l.release(stream, a, e.Hold.Stream(), e.Amount)
	case account.Closed:
		if a.balance != 0 || a.held != 0 {
			l.find(stream, LedgerAccount, "closed with money on it")
		}
		a.closed = true
	}
	if a.balance != before && !a.internal {
		a.booked = append(a.booked, ledgerBooking{version, a.balance, a.balance - before})
	}
}

// book moves the balance along exactly one leg.
func (l *Ledger) book(stream eventbus.Stream, a *ledgerAccount, posting string, signed, stated money.Amount) {
	a.balance += signed.Minor
	l.sums[a.currency] += signed.Minor
	if stated.Minor != a.balance || stated.Currency != a.currency || signed.Currency != a.currency {
		l.find(stream, LedgerBalance, "says %s, booked are %s", stated, money.Amount{Minor: a.balance, Currency: a.currency})
	}
	if !l.useUp(posting, ledgerUUID(stream), signed) {
		l.find(stream, LedgerUnmatched, "%s of %s has no leg", signed, posting)
	}
	l.overdraft(stream, a, signed.Minor < 0)
}

func (l *Ledger) useUp(posting string, u uuid.UUID, signed money.Amount) bool {
	for i, leg := range l.legs {
		if leg.posting == posting && leg.Account.UUID() == u && leg.Amount == signed {
			l.legs[i] = l.legs[len(l.legs)-1]
			l.legs = l.legs[:len(l.legs)-1]
			return true
		}
	}
	return false
}

// overdraft looks after money has left or is held. A forced debit excuses what
// follows until the account has recovered.
func (l *Ledger) overdraft(stream eventbus.Stream, a *ledgerAccount, left bool) {
	available := a.balance - a.held + a.limit
	switch {
	case available >= 0:
		a.forced = false
	case left && !a.internal && !a.forced:
		l.find(stream, LedgerOverdraft, "%d below", -available)
	}
}

func (l *Ledger) hold(stream eventbus.Stream, a *ledgerAccount, reservation string, amount money.Amount) {
	if a.holds == nil {
		a.holds = map[string]int64{}
	}
	if a.holds[reservation] != 0 || amount.Minor <= 0 || amount.Currency != a.currency {
		l.find(stream, LedgerHeld, "%s held for %s, where %d are", amount, reservation, a.holds[reservation])
	}
	a.holds[reservation] += amount.Minor
	a.held += amount.Minor
	l.overdraft(stream, a, true)
}

// release frees all that is held under a name; what a shop holds, also in parts.
func (l *Ledger) release(stream eventbus.Stream, a *ledgerAccount, reservation string, amount money.Amount) {
	parts := strings.HasPrefix(reservation, "authorisation/")
	if held := a.holds[reservation]; amount.Minor != held && (!parts || amount.Minor <= 0 || amount.Minor > held) {
		l.find(stream, LedgerHeld, "released %s of %d held", amount, held)
	}
	l.unhold(stream, a, reservation, amount)
}

func (l *Ledger) unhold(stream eventbus.Stream, a *ledgerAccount, reservation string, amount money.Amount) {
	if left := a.holds[reservation] - amount.Minor; left < 0 {
		l.find(stream, LedgerHeld, "%s taken from %s, which holds %d", amount, reservation, a.holds[reservation])
	} else if left > 0 {
		a.holds[reservation] = left
	} else {
		delete(a.holds, reservation)
	}
	a.held -= amount.Minor
}

// ledgerUUID reads the identifier in a stream's name; the zero UUID if there is none.
func ledgerUUID(stream eventbus.Stream) uuid.UUID {
	_, text, _ := strings.Cut(string(stream), "/")
	u, err := uuid.Parse(text)
	if err != nil {
		return uuid.UUID{}
	}
	return u
}
