package commands

import (
	"context"
	"sync"

	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/terms"
	"florin/eventbus"
)

// Accrued is what the month of an account that is not closed yet has earned and cost so
// far: up to the last day that is over, rounded as its closing would round it.
type Accrued struct {
	Month   string // 2026-01; "": the account earns and costs no interest
	Through string // the last day that is in it; "": none is over
	Earned  money.Amount
	Owed    money.Amount
}

// accrualsMax bounds the tallies that are kept: a few hundred bytes each.
const accrualsMax = 20_000

// accruals keeps the running tallies of months, so that an account that is looked at
// often is not read from the beginning of its month each time. They are a memory of the
// log and nothing else: one that is dropped is made anew.
type accruals struct {
	mu   sync.Mutex
	kept map[id.Account]*accrual
}

type accrual struct {
	mu    sync.Mutex
	tally *account.Tally // nil: not begun
	read  eventbus.Version
}

func (a *accruals) of(account id.Account) *accrual {
	a.mu.Lock()
	defer a.mu.Unlock()
	one, ok := a.kept[account]
	if !ok {
		if a.kept == nil || len(a.kept) >= accrualsMax {
			a.kept = map[id.Account]*accrual{}
		}
		one = &accrual{}
		a.kept[account] = one
	}
	return one
}

// Accrued reckons from the account's own bookings, as the closing of the month will.
func (p Periods) Accrued(ctx context.Context, of id.Account) (Accrued, error) {
	b := p.bank
	state, err := b.accounts.look(ctx, of)
	if err != nil {
		return Accrued{}, err
	}
	on, err := b.termsOf(ctx, state)
	if err != nil || on.Interest == (terms.Interest{}) || state.Status == account.Finished {
		return Accrued{}, err
	}
	one := b.accruals.of(of)
	one.mu.Lock()
	defer one.mu.Unlock()
	if month, _, ok := state.NextPeriod(); !ok {
		return Accrued{}, nil
	} else if one.tally == nil || one.tally.Month() != month {
		one.tally, _ = account.NewTally(state)
		one.read = eventbus.Version(state.Period.Through)
	}
	if one.read, err = p.count(ctx, of, one.tally, one.read); err != nil {
		one.tally = nil
		return Accrued{}, err
	}
	accrued := Accrued{Month: one.tally.Month(), Through: one.tally.Ended(b.sources.Time())}
	accrued.Earned, accrued.Owed = one.tally.Accrued(on.Interest, accrued.Through)
	return accrued, nil
}
