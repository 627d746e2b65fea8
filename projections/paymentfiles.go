package projections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/paymentfile"
	"florin/eventbus"
)

// PaymentFile is a file of payments that a customer has sent.
type PaymentFile struct {
	File        id.PaymentFile
	Customer    id.Customer
	From        id.Account
	Count       int64
	Total       money.Amount
	Digest      string
	Status      paymentfile.Phase // "submitted" until the commit that began it says more
	Method      string            // that confirmed it
	ExpiresAt   time.Time
	SubmittedAt time.Time
	ChangedAt   time.Time
	Position    eventbus.Position // of the last event that is in it

	// Read from the log; "" once they are erased.
	Message string
	Group   string
	Items   []paymentfile.Item
}

const fileSubmitted paymentfile.Phase = "submitted"

var paymentFilesTable = table{
	name: "payment_files", key: []string{"payment_file"},
	columns: []column{
		{"payment_file", text}, {"customer", text}, {"from_account", text}, {"items", bigint}, {"total", bigint}, {"currency", text}, {"digest", text},
		{"status", text}, {"method", text}, {"expires_at", bigint}, {"submitted_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
}

func (p *PaymentFile) fields() []any {
	return []any{
		&p.File, &p.Customer, &p.From, &p.Count, &p.Total.Minor, (*string)(&p.Total.Currency), &p.Digest,
		(*string)(&p.Status), &p.Method, &p.ExpiresAt, &p.SubmittedAt, &p.ChangedAt, (*uint64)(&p.Position),
	}
}

type paymentFilesFold struct {
	files *rows[id.PaymentFile, PaymentFile]
}

func beginPaymentFiles(tables []table) fold {
	return paymentFilesFold{newRows(tables[0], func(k id.PaymentFile) []any { return []any{k.String()} }, (*PaymentFile).fields)}
}

func (p paymentFilesFold) flush(w *writer) { p.files.flush(w) }
func (p paymentFilesFold) forget()         { p.files.forget() }

func (p paymentFilesFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(paymentfile.Submitted); ok {
		p.files.add(e.File, PaymentFile{File: e.File, Customer: e.Customer, From: e.From, Count: e.Count, Total: e.Total, Digest: e.Digest,
			Status: fileSubmitted, SubmittedAt: e.At, ChangedAt: e.At, Position: f.Position})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := p.files.get(w, id.From[id.PaymentFile](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	switch e := f.event.(type) {
	case paymentfile.Challenged:
		row.Status, row.ExpiresAt, row.ChangedAt = paymentfile.Pending, e.ExpiresAt, e.At
	case paymentfile.AuthorisationFailed:
		row.ChangedAt = e.At
	case paymentfile.Authorised:
		row.Status, row.Method, row.ChangedAt = paymentfile.Confirmed, e.Method, e.At
	case paymentfile.Rejected:
		row.Status, row.ChangedAt = paymentfile.Declined, e.At
	case paymentfile.Expired:
		row.Status, row.ChangedAt = paymentfile.TimedOut, e.At
	case paymentfile.Cancelled:
		row.Status, row.ChangedAt = paymentfile.Withdrawn, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// PaymentFile gives one file, with what it says read from the log. ErrMissing.
func (r *Reads) PaymentFile(ctx context.Context, of id.PaymentFile) (p PaymentFile, err error) {
	found := false
	err = r.database.each(ctx, paymentFilesTable.selectByKey(), []any{of.String()}, func(row scanner) error {
		found = true
		return row.Scan(destinations(p.fields())...)
	})
	if err == nil && !found {
		err = ErrMissing
	}
	if err != nil {
		return p, err
	}
	event, err := r.first(ctx, of.Stream())
	if e, ok := event.(paymentfile.Submitted); ok {
		p.Message, p.Group, p.Items = e.Message.Reveal(), e.Group.Reveal(), e.Items()
	}
	return p, err
}

// PaymentsNamed gives those of the payments that there are, as their rows have them,
// without what the log alone knows.
func (r *Reads) PaymentsNamed(ctx context.Context, named []id.Payment) (map[id.Payment]Payment, error) {
	args := make([]any, len(named))
	for i, of := range named {
		args[i] = of.String()
	}
	found, err := r.payments(ctx, "payment in (?"+strings.Repeat(",?", max(0, len(named)-1))+")", args...)
	all := make(map[id.Payment]Payment, len(found))
	for _, p := range found {
		all[p.Payment] = p
	}
	return all, err
}
