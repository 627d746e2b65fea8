package commands

import (
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/quota"
	"florin/domain/transfer"
)

// deviceMayPlace refuses what the caller's device, which is new or has not shown what it
// is, may not send on a later day of an account beside what it has asked for on that day
// before, to whatever bank. Why not on the day alone: by then the device may be new no
// more, and what was little a hundred times leaves at once.
func (w *work) deviceMayPlace(from id.Account, day string, amount money.Amount, because account.Ceiling) error {
	if because.Minor == 0 {
		return nil
	}
	sum := amount
	for _, kind := range []quota.Kind{quota.Transfers, quota.Payments} {
		places, err := w.bank.quotas.load(w, quotaOf(w.order.Caller.Customer, kind)) // nothing else is placed meanwhile
		if err != nil {
			return err
		}
		for _, thing := range places.Open {
			other, err := w.placed(kind, thing)
			if err != nil {
				return err
			}
			if other.device == w.order.Caller.Device && other.from == from && other.day == day {
				sum.Minor += other.amount.Minor
			}
		}
	}
	return because.Allows(sum)
}

// placed is what waits for a day, or to be confirmed; zero: it does no more, or stays its
// customer's.
type placed struct {
	device id.Device
	from   id.Account
	day    string
	amount money.Amount
}

func (w *work) placed(kind quota.Kind, thing string) (placed, error) {
	if kind == quota.Payments {
		of, err := id.Parse[id.Payment](thing)
		if err != nil {
			return placed{}, err
		}
		state, _, err := w.bank.payments.find(w.ctx, of, w.generation)
		if err != nil || state.Phase != payment.Pending && state.Phase != payment.Waiting {
			return placed{}, err
		}
		return placed{state.Device, state.From, state.Day, state.Amount}, nil
	}
	of, err := id.Parse[id.Transfer](thing)
	if err != nil {
		return placed{}, err
	}
	state, _, err := w.bank.transfers.find(w.ctx, of, w.generation)
	if err != nil || state.Phase != transfer.Pending && state.Phase != transfer.Waiting {
		return placed{}, err
	}
	own, err := w.own(state.From, state.To)
	if err != nil || own {
		return placed{}, err
	}
	return placed{state.Device, state.From, state.Day, state.Amount}, nil
}
