package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/calendar"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/domain/terms"
	"florin/eventbus"
	"florin/schemas"
)

// Periods are the verbs of the months of accounts.
type Periods struct{ bank *Bank }

// Periods gives the verbs of the months of accounts.
func (b *Bank) Periods() Periods { return Periods{b} }

// PeriodAnswer is a month as it was closed.
type PeriodAnswer struct {
	Account id.Account
	account.PeriodClosed
}

// errMoved: the account has moved on since its bookings were read.
var errMoved = errors.New("commands: the account has moved on")

// Close closes an account's next month, and books in the same commit what it has
// earned and cost: interest between the account and interest expense or income, fees
// between it and fees income. Only the bank's own process asks for it, with an id
// that follows from account and month.
//
// Refusals: account.ErrPeriod, ErrPeriodOpen.
func (p Periods) Close(ctx context.Context, order Order, of id.Account, month string) (PeriodAnswer, Outcome, error) {
	b := p.bank
	order.Asked = schemas.ClosePeriod{Account: of, Month: month}
	for range attemptsMax {
		figures, version, err := p.reckon(ctx, of)
		if err != nil {
			return PeriodAnswer{}, Outcome{}, err
		}
		if figures.Month != month {
			return PeriodAnswer{}, Outcome{}, account.ErrPeriod
		}
		answer, outcome, err := execute(ctx, b, "account.close_period", order, streams(of), func(w *work) error {
			opened, err := b.accounts.open(w, of)
			switch {
			case err != nil:
				return err
			case opened.version() != version:
				return errMoved
			}
			return b.closePeriod(w, of, opened.state, figures)
		}, periodAnswer)
		if !errors.Is(err, errMoved) {
			return answer, outcome, err
		}
		if err := b.pause(ctx); err != nil {
			return PeriodAnswer{}, Outcome{}, err
		}
	}
	return PeriodAnswer{}, Outcome{}, fmt.Errorf("commands: %s moves too much for its month to be closed: %w", of, eventbus.ErrBusy)
}

// reckon reads the bookings that follow the months that are closed, and says up to
// which version of the account's stream it has read.
func (p Periods) reckon(ctx context.Context, of id.Account) (figures account.Figures, version eventbus.Version, err error) {
	b := p.bank
	state, err := b.accounts.look(ctx, of)
	if err != nil {
		return figures, 0, err
	}
	tally, ok := account.NewTally(state)
	if !ok {
		return figures, 0, account.ErrPeriod
	}
	if version, err = p.count(ctx, of, tally, eventbus.Version(state.Period.Through)); err != nil {
		return figures, 0, err
	}
	on, err := b.termsOf(ctx, state)
	return tally.Figures(on), version, err
}

// count has a tally take in what was booked after a version of the account's stream,
// and says up to which one it has read.
func (p Periods) count(ctx context.Context, of id.Account, tally *account.Tally, after eventbus.Version) (eventbus.Version, error) {
	for recorded, err := range p.bank.log.ReadStream(ctx, eventbus.Stream(of.Stream()), after) {
		if err != nil {
			return 0, err
		}
		after = recorded.Version
		event, err := p.bank.treaty.Accounts.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return 0, err
		}
		if moved, at := movement(event); moved != 0 {
			tally.Take(account.Booking{Version: int64(recorded.Version), Position: int64(recorded.Position), Minor: moved, At: at,
				Recorded: recorded.RecordedAt, ValueDate: recorded.ValueDate})
		}
	}
	return after, nil
}

// movement is what an event has done to the balance, and when.
func movement(event account.Event) (minor int64, at time.Time) {
	switch e := event.(type) {
	case account.Credited:
		return e.Amount.Minor, e.At
	case account.Debited:
		return -e.Amount.Minor, e.At
	case account.ReservationCaptured:
		return -e.Amount.Minor, e.At
	}
	return 0, time.Time{}
}

// termsOf are the terms that an account is kept on; none of a product that is not data.
func (b *Bank) termsOf(ctx context.Context, state account.State) (terms.Terms, error) {
	if state.Product.IsZero() {
		return terms.Terms{}, nil
	}
	offered, err := b.products.look(ctx, state.Product)
	if err != nil {
		return terms.Terms{}, err
	}
	on, ok := offered.Terms(state.Version)
	if !ok {
		return terms.Terms{}, fmt.Errorf("commands: %s has no version %d", state.Product, state.Version)
	}
	return on, nil
}

// closePeriod stages the end of the month, and what follows from it.
func (b *Bank) closePeriod(w *work, of id.Account, state account.State, figures account.Figures) error {
	w.order.Caller.actFor(state.Customer)
	if state.Status == account.Finished {
		figures.Interest, figures.Charged = money.Amount{}, account.Charges{}
	}
	if err := b.accounts.decide(w, of, account.ClosePeriod{Figures: figures, At: w.order.At}); err != nil {
		return err
	}
	taken, _ := state.Settle(figures.Interest, figures.Charged)
	w.value = calendar.MonthAfter(figures.Month) + "-01"
	defer func() { w.value = "" }()
	for _, one := range []struct {
		step    string
		purpose journal.Purpose
		chart   account.Chart
		amount  money.Amount // positive: the account gets it
	}{
		{"interest", journal.Interest, account.InterestExpense, figures.Interest},
		{"debit-interest", journal.DebitInterest, account.InterestIncome, taken.Interest.Negate()},
		{"monthly-fee", journal.MonthlyFee, account.FeesIncome, taken.Monthly.Negate()},
		{"overdraft-fee", journal.OverdraftFee, account.FeesIncome, taken.Overdraft.Negate()},
	} {
		if one.amount.IsZero() {
			continue
		}
		entry := w.entry(of, "period/"+figures.Month+"/"+one.step)
		if err := w.post(entry, one.purpose, domain.Evidence{}, leg{chart: one.chart, amount: one.amount.Negate()}, leg{account: of, amount: one.amount}); err != nil {
			return err
		}
		if err := w.moveInternal(money.Leg{Account: of, Amount: one.amount}, entry); err != nil {
			return err
		}
	}
	return b.adoptTerms(w, of)
}

func periodAnswer(facts []Fact) (PeriodAnswer, error) {
	for _, fact := range facts {
		if e, ok := fact.Event.(account.PeriodClosed); ok {
			return PeriodAnswer{id.From[id.Account](uuidIn(fact.Stream)), e}, nil
		}
	}
	return PeriodAnswer{}, nil
}
