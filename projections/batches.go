package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/batch"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// Batch is many transfers that were asked for together.
type Batch struct {
	Batch       id.Batch
	Customer    id.Customer
	From        id.Account
	Count       int64
	Mode        batch.Mode
	Failed      int64 // of each by itself: not posted
	Total       money.Amount
	Digest      string
	Status      batch.Phase // "submitted" until the commit that began it says more
	Code        string      // of a rejection
	Item        int64       // that was refused, the first being 1; 0: the whole
	Exemption   string
	Method      string // that authorised it
	ExpiresAt   time.Time
	SubmittedAt time.Time
	ChangedAt   time.Time
	Position    eventbus.Position // of the last event that is in it
}

const batchSubmitted batch.Phase = "submitted"

var batchesTable = table{
	name: "batches", key: []string{"batch"},
	columns: []column{
		{"batch", text}, {"customer", text}, {"from_account", text}, {"items", bigint}, {"mode", text}, {"failed", bigint}, {"total", bigint}, {"currency", text}, {"digest", text},
		{"status", text}, {"code", text}, {"item", bigint}, {"exemption", text}, {"method", text}, {"expires_at", bigint},
		{"submitted_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
}

// batchColumns document v_batches.
var batchColumns = []Column{
	{"batch", Text, "identifier of the batch (bat_...)"},
	{"customer", Text, "who asked for it (cus_...)"},
	{"from_account", Text, "debtor account of all"},
	{"items", Integer, "how many transfers"},
	{"mode", Text, "each: every transfer by itself; empty: all or none"},
	{"failed", Integer, "of each by itself: how many a rule refused"},
	{"total", Money, "sum of all amounts"},
	{"currency", Text, "ISO 4217 code"},
	{"digest", Text, "SHA-256, in hex, of the list that was confirmed"},
	{"status", Text, "challenged, held, executed, rejected, expired or cancelled"},
	{"code", Text, "why it was rejected"},
	{"item", Integer, "that was refused, the first being 1; 0: the whole"},
	{"exemption", Text, "exemption from strong authentication that was used"},
	{"method", Text, "how the customer confirmed: sca-key, passkey or totp"},
	{"expires_at", Time, "end of the challenge"},
	{"submitted_at", Time, "when it was asked for"},
	{"changed_at", Time, "when it last changed"},
	{"position", Integer, "log position of the last event that is in the row"},
}

func (b *Batch) fields() []any {
	return []any{
		&b.Batch, &b.Customer, &b.From, &b.Count, (*string)(&b.Mode), &b.Failed, &b.Total.Minor, (*string)(&b.Total.Currency), &b.Digest,
		(*string)(&b.Status), &b.Code, &b.Item, &b.Exemption, &b.Method, &b.ExpiresAt, &b.SubmittedAt, &b.ChangedAt, (*uint64)(&b.Position),
	}
}

type batchesFold struct{ batches *rows[id.Batch, Batch] }

func beginBatches(tables []table) fold {
	return batchesFold{newRows(tables[0], func(k id.Batch) []any { return []any{k.String()} }, (*Batch).fields)}
}

func (b batchesFold) flush(w *writer) { b.batches.flush(w) }
func (b batchesFold) forget()         { b.batches.forget() }

func (b batchesFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(batch.Submitted); ok {
		b.batches.add(e.Batch, Batch{Batch: e.Batch, Customer: e.Customer, From: e.From, Count: e.Count, Mode: e.Mode, Total: e.Total, Digest: e.Digest,
			Status: batchSubmitted, SubmittedAt: e.At, ChangedAt: e.At, Position: f.Position})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := b.batches.get(w, id.From[id.Batch](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	switch e := f.event.(type) {
	case batch.Assessed:
		row.Exemption, row.ChangedAt = e.Exemption, e.At
	case batch.Challenged:
		row.Status, row.ExpiresAt, row.ChangedAt = batch.Pending, e.ExpiresAt, e.At
	case batch.AuthorisationFailed:
		row.ChangedAt = e.At
	case batch.Authorised:
		row.Method, row.ChangedAt = e.Method, e.At
	case batch.Held:
		row.Status, row.ChangedAt = batch.Reviewed, e.At
	case batch.Released:
		row.ChangedAt = e.At
	case batch.Executed:
		row.Status, row.Failed, row.ChangedAt = batch.Done, e.Failed, e.At
	case batch.Rejected:
		row.Status, row.Code, row.Item, row.ChangedAt = batch.Declined, e.Code, e.Item, e.At
	case batch.Expired:
		row.Status, row.ChangedAt = batch.TimedOut, e.At
	case batch.Cancelled:
		row.Status, row.ChangedAt = batch.Withdrawn, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// Batch gives one batch. ErrMissing.
func (r *Reads) Batch(ctx context.Context, of id.Batch) (b Batch, err error) {
	found := false
	err = r.database.each(ctx, batchesTable.selectByKey(), []any{of.String()}, func(row scanner) error {
		found = true
		return row.Scan(destinations(b.fields())...)
	})
	if err == nil && !found {
		err = ErrMissing
	}
	return b, err
}
