package projections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"florin/domain"
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
	Code        string            // of a rejection
	Settled     int64             // payments, once it is completed
	Failed      int64
	Method      string // that confirmed it
	ExpiresAt   time.Time
	SubmittedAt time.Time
	ChangedAt   time.Time
	Begun       eventbus.Position // of its first event
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
		{"status", text}, {"code", text}, {"settled", bigint}, {"failed", bigint}, {"method", text}, {"expires_at", bigint}, {"submitted_at", bigint},
		{"changed_at", bigint}, {"begun", bigint}, {"position", bigint},
	},
	indexes: []index{{"payment_files_by_customer", "customer, begun"}, {"payment_files_by_account", "from_account, begun"}},
}

// paymentFileColumns document v_payment_files.
var paymentFileColumns = []Column{
	{"payment_file", Text, "identifier of the file (pfl_...)"},
	{"customer", Text, "who sent it (cus_...)"},
	{"from_account", Text, "debtor account of all"},
	{"items", Integer, "how many payments"},
	{"total", Money, "sum of all amounts"},
	{"currency", Text, "ISO 4217 code"},
	{"digest", Text, "SHA-256, in hex, of the file's bytes"},
	{"status", Text, "challenged, authorised, completed, rejected, expired or cancelled"},
	{"code", Text, "why it was rejected"},
	{"settled", Integer, "once it is completed: how many payments reached the other bank"},
	{"failed", Integer, "once it is completed: how many did not"},
	{"method", Text, "how the customer confirmed: sca-key, passkey or totp"},
	{"expires_at", Time, "end of the challenge"},
	{"submitted_at", Time, "when it was sent"},
	{"changed_at", Time, "when it last changed"},
	{"begun", Integer, "log position of its first event"},
	{"position", Integer, "log position of the last event that is in the row"},
}

func (p *PaymentFile) fields() []any {
	return []any{
		&p.File, &p.Customer, &p.From, &p.Count, &p.Total.Minor, (*string)(&p.Total.Currency), &p.Digest,
		(*string)(&p.Status), &p.Code, &p.Settled, &p.Failed, &p.Method, &p.ExpiresAt, &p.SubmittedAt, &p.ChangedAt, (*uint64)(&p.Begun), (*uint64)(&p.Position),
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
			Status: fileSubmitted, SubmittedAt: e.At, ChangedAt: e.At, Begun: f.Position, Position: f.Position})
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
	case paymentfile.Completed:
		row.Status, row.Settled, row.Failed, row.ChangedAt = paymentfile.Over, e.Settled, e.Failed, e.At
	case paymentfile.Rejected:
		row.Status, row.Code, row.ChangedAt = paymentfile.Declined, e.Code, e.At
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
func (r *Reads) PaymentFile(ctx context.Context, of id.PaymentFile) (PaymentFile, error) {
	found, err := r.paymentFiles(ctx, "payment_file = ?", of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return PaymentFile{}, err
	}
	return found[0], nil
}

var filesShown = begunOrHeld{"payment_files", "payment_file", "from_account", "begun < ?", "begun desc"}

// PaymentFilesOf lists the files that a customer has sent, and those that pay from the
// accounts that the customer holds, newest first: up to limit that began below the
// position before (0: from the newest).
func (r *Reads) PaymentFilesOf(ctx context.Context, customer id.Customer, before eventbus.Position, limit int) ([]PaymentFile, error) {
	return r.paymentFiles(ctx, filesShown.where(), filesShown.arguments(customer, limit, below(before))...)
}

func (r *Reads) paymentFiles(ctx context.Context, where string, args ...any) (found []PaymentFile, err error) {
	err = r.database.each(ctx, "select "+paymentFilesTable.names()+" from payment_files where "+where, args, func(row scanner) error {
		var p PaymentFile
		err := row.Scan(destinations(p.fields())...)
		found = append(found, p)
		return err
	})
	for i := range found {
		if err != nil {
			break
		}
		var event domain.Event
		event, err = r.first(ctx, found[i].File.Stream())
		if e, ok := event.(paymentfile.Submitted); ok {
			found[i].Message, found[i].Group, found[i].Items = e.Message.Reveal(), e.Group.Reveal(), e.Items()
		}
	}
	return found, err
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
