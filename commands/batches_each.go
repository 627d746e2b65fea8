package commands

import (
	"slices"

	"florin/domain/account"
	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/risk"
	"florin/domain/transfer"
)

// Of a batch of each by itself every transfer has a reservation of its own, as one that
// was asked for alone has: what a rule refuses is refused alone, in the order of the
// batch, and the others go on. Risk, limits and the customer's confirmation still look
// at the whole.

// holdEach reserves each amount, and takes it at once if risk lets it. refused has the
// code of the rule that refuses an item, or ""; whole the one that refuses all of them.
func (s submission) holdEach(w *work, own bool, outcome risk.Outcome, currency money.Currency) (refused []string, whole string, err error) {
	refused = make([]string, len(s.Items))
	if slices.ContainsFunc(s.Items, func(i BatchItem) bool { return !i.Amount.IsPositive() }) { // the total would not be what moves
		return nil, transfer.ErrAmount.Code, nil
	}
	if outcome == risk.Block {
		return refused, "", nil
	}
	ceiling, err := s.permitted(w, own, currency)
	if err != nil {
		whole, err = codeOf(err)
		return nil, whole, err
	}
	for i, item := range s.Items {
		named := BatchTransfer(s.batch, int64(i)).Stream()
		refused[i], err = codeOf(try(w, func() error {
			if err := s.acceptable(w, named, item); err != nil {
				return err
			}
			reserve := account.Reserve{Reservation: named, Amount: item.Amount, Limited: !own, Ceiling: ceiling, At: w.order.At}
			if err := w.bank.accounts.decide(w, s.From, reserve); err != nil || outcome != risk.Allow {
				return err
			}
			return w.takeOne(named, named, s.From, item)
		}))
		if err != nil {
			return nil, "", err
		}
	}
	if !slices.Contains(refused, "") {
		whole = refused[0]
	}
	return refused, whole, nil
}

// refusedIn sums up what became of each: if all are refused the first is to blame for
// the whole, else so many have failed.
func refusedIn(refused []string) (item, failed int64) {
	for _, code := range refused {
		if code != "" {
			failed++
		}
	}
	if failed > 0 && failed == int64(len(refused)) {
		return 1, 0
	}
	return 0, failed
}

// takeEach takes what is held for each that no rule refuses by now.
func (w *work) takeEach(state batch.State, items []BatchItem) (refused []string, err error) {
	refused = make([]string, len(items))
	for i, item := range items {
		held := item.transfer.Stream()
		if refused[i], err = codeOf(try(w, func() error { return w.takeOne(held, held, state.From, item) })); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// endEach posts what was taken, and drops what was refused.
func (w *work) endEach(state batch.State, items []BatchItem, refused []string) error {
	for i, item := range items {
		var err error
		if refused[i] == "" {
			err = w.bank.transfers.decide(w, item.transfer, transfer.Execute{At: w.order.At})
		} else {
			err = w.dropOne(state.From, item, refused[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropOne frees what is held for a transfer that waits, and rejects it.
func (w *work) dropOne(from id.Account, item BatchItem, code string) error {
	if err := w.bank.accounts.decide(w, from, account.Release{Reservation: item.transfer.Stream(), At: w.order.At}); err != nil {
		return err
	}
	return w.bank.transfers.decide(w, item.transfer, transfer.Drop{Code: code, At: w.order.At})
}

// dropEach drops all that wait.
func (w *work) dropEach(state batch.State, code string) error {
	items, _, err := w.batchItems(state)
	if err != nil {
		return err
	}
	for _, item := range items {
		if err := w.dropOne(state.From, item, code); err != nil {
			return err
		}
	}
	return nil
}
