package projections

import (
	"context"

	"florin/domain/id"
	"florin/domain/transfer"
	"florin/eventbus"
)

// scheduledTransfer is one that waits for its day. It has a row of its own so that the
// many that never wait cost no index; it is gone when the day has come.
type scheduledTransfer struct {
	Transfer  id.Transfer
	Customer  id.Customer
	From      id.Account
	ExecuteOn string // day
	Position  eventbus.Position
}

var scheduledTable = table{
	name: "scheduled_transfers", key: []string{"transfer"},
	columns: []column{{"transfer", text}, {"customer", text}, {"from_account", text}, {"execute_on", text}, {"position", bigint}},
	indexes: []index{{"scheduled_transfers_by_customer", "customer, execute_on, transfer"},
		{"scheduled_transfers_by_account", "from_account, execute_on, transfer"}},
}

func (s *scheduledTransfer) fields() []any {
	return []any{&s.Transfer, &s.Customer, &s.From, &s.ExecuteOn, (*uint64)(&s.Position)}
}

// wait keeps the list of what is scheduled; row is the transfer after the fact.
func (t transfersFold) wait(w *writer, f *fact, row *Transfer) {
	switch f.event.(type) {
	case transfer.Scheduled:
		t.scheduled.add(row.Transfer, scheduledTransfer{row.Transfer, row.Customer, row.From, row.ExecuteOn, f.Position})
	case transfer.Posted, transfer.Rejected, transfer.Cancelled, transfer.Held:
		if row.ExecuteOn == "" {
			return
		}
		if _, waits := t.scheduled.get(w, row.Transfer); waits {
			t.scheduled.remove(row.Transfer)
		}
	}
}

var scheduledShown = begunOrHeld{"scheduled_transfers", "transfer", "from_account", "(execute_on > ? or execute_on = ? and transfer > ?)", "execute_on, transfer"}

// ScheduledTransfersOf lists the transfers that wait for their days, of those that a
// customer began and of the accounts that the customer holds, by day and identifier: up to limit that come after those (zero: from the first).
func (r *Reads) ScheduledTransfersOf(ctx context.Context, customer id.Customer, day string, after id.Transfer, limit int) ([]Transfer, error) {
	var named []id.Transfer
	query := "select transfer from scheduled_transfers where " + scheduledShown.where()
	err := r.database.each(ctx, query, scheduledShown.arguments(customer, limit, day, day, after.String()), func(row scanner) error {
		var of id.Transfer
		err := row.Scan(destinations([]any{&of})...)
		named = append(named, of)
		return err
	})
	found := make([]Transfer, 0, len(named))
	for _, of := range named {
		if err != nil {
			break
		}
		var one Transfer
		one, err = r.Transfer(ctx, of)
		found = append(found, one)
	}
	return found, err
}
