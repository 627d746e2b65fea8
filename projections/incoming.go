package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/money"
	"florin/eventbus"
)

// Incoming is one payment from another bank and what became of it. Who paid whom for
// what stands in the log alone.
type Incoming struct {
	Incoming   id.Incoming
	Account    id.Account // zero: no account takes it
	Customer   id.Customer
	Rail       string
	Reference  string // the rail's own name for it
	Amount     money.Amount
	Status     incoming.Phase
	Reason     string // ISO 20022 code: why no account takes it, or why it goes back
	Return     string // our name for that on the rail
	Recall     string // the rail's name for the other bank's recall
	Owed       money.Amount
	ReceivedAt time.Time
	ChangedAt  time.Time
	Begun      eventbus.Position // of its first event
	Position   eventbus.Position // of the last event that is in it
}

var incomingTable = table{
	name: "incoming_payments", key: []string{"incoming"},
	columns: []column{
		{"incoming", text}, {"account", text}, {"customer", text}, {"rail", text}, {"reference", text}, {"amount", bigint}, {"currency", text},
		{"status", text}, {"reason", text}, {"return_name", text}, {"recall", text}, {"owed", bigint}, {"received_at", bigint}, {"changed_at", bigint},
		{"begun", bigint}, {"position", bigint},
	},
	indexes: []index{{"incoming_payments_begun", "begun"}, {"incoming_payments_status", "status, begun"}},
}

func (i *Incoming) fields() []any {
	return []any{
		&i.Incoming, &i.Account, &i.Customer, &i.Rail, &i.Reference, &i.Amount.Minor, (*string)(&i.Amount.Currency),
		(*string)(&i.Status), &i.Reason, &i.Return, &i.Recall, &i.Owed.Minor, &i.ReceivedAt, &i.ChangedAt,
		(*uint64)(&i.Begun), (*uint64)(&i.Position),
	}
}

type incomingFold struct{ payments *rows[id.Incoming, Incoming] }

func beginIncoming(tables []table) fold {
	return incomingFold{newRows(tables[0], func(k id.Incoming) []any { return []any{k.String()} }, (*Incoming).fields)}
}

func (i incomingFold) flush(w *writer) { i.payments.flush(w) }
func (i incomingFold) forget()         { i.payments.forget() }

// incomingReceived is the status until the commit that began it says more.
const incomingReceived incoming.Phase = "received"

func (i incomingFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(incoming.Received); ok {
		i.payments.add(e.Incoming, Incoming{Incoming: e.Incoming, Rail: e.Rail, Reference: e.Reference, Amount: e.Amount,
			Status: incomingReceived, ReceivedAt: e.At, ChangedAt: e.At, Begun: f.Position, Position: f.Position})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := i.payments.get(w, id.From[id.Incoming](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

func (i *Incoming) evolve(f *fact) error {
	switch e := f.event.(type) {
	case incoming.Credited:
		i.Status, i.Account, i.Customer, i.ChangedAt = incoming.Booked, e.Account, e.Customer, e.At
	case incoming.Suspended:
		i.Status, i.Reason, i.ChangedAt = incoming.Held, e.Reason, e.At
	case incoming.Returned:
		i.Status, i.Reason, i.Return, i.Recall, i.Owed.Minor, i.ChangedAt = incoming.GoingBack, e.Reason, e.Return, e.Recall, e.Owed.Minor, e.At
	case incoming.ReturnSettled:
		i.Status, i.ChangedAt = incoming.GoneBack, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// Incoming gives one payment from another bank. ErrMissing.
func (r *Reads) Incoming(ctx context.Context, of id.Incoming) (Incoming, error) {
	found, err := r.incoming(ctx, "incoming = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Incoming{}, err
	}
	return found[0], nil
}

// IncomingPayments lists the payments from other banks, of all customers, newest first:
// up to limit that began below the position before (0: from the newest), with one status
// alone or, "", whatever became of them.
func (r *Reads) IncomingPayments(ctx context.Context, status incoming.Phase, before eventbus.Position, limit int) ([]Incoming, error) {
	if status == incoming.Absent {
		return r.incoming(ctx, "begun < ? order by begun desc limit ?", below(before), bounded(limit))
	}
	return r.incoming(ctx, "status = ? and begun < ? order by begun desc limit ?", string(status), below(before), bounded(limit))
}

func (r *Reads) incoming(ctx context.Context, where string, args ...any) (found []Incoming, err error) {
	err = r.database.each(ctx, "select "+incomingTable.names()+" from incoming_payments where "+where, args, func(row scanner) error {
		var i Incoming
		err := row.Scan(destinations(i.fields())...)
		i.Owed.Currency = i.Amount.Currency
		found = append(found, i)
		return err
	})
	return found, err
}

var incomingColumns = []Column{
	{"incoming", Text, "identifier of the payment (inp_...)"},
	{"account", Text, "account that it was credited to; empty: no account takes it"},
	{"customer", Text, "whom that account was opened for (cus_...)"},
	{"rail", Text, "rail that it came on"},
	{"reference", Text, "the rail's own name for it"},
	{"amount", Money, "what came"},
	{"currency", Text, "ISO 4217 code"},
	{"status", Text, "received, credited, suspended, returned or return-settled"},
	{"reason", Text, "ISO 20022 code: why no account takes it, or why it goes back"},
	{"return_name", Text, "our name for its return on the rail"},
	{"recall", Text, "the rail's name for the other bank's recall; empty: it did not recall it"},
	{"owed", Money, "what the account no longer had when it was recalled"},
	{"received_at", Time, "when it came"},
	{"changed_at", Time, "when it last changed"},
	{"begun", Integer, "log position of its first event"},
	{"position", Integer, "log position of the last event that is in the row"},
}
