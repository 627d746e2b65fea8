package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/directdebit"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// DirectDebit is one collection by another bank and what became of it.
type DirectDebit struct {
	DirectDebit id.DirectDebit
	Account     id.Account // zero: the number was none of the bank's
	Customer    id.Customer
	Mandate     id.Mandate
	Rail        string
	Reference   string // the rail's own name for it
	Sequence    string
	Amount      money.Amount
	Status      directdebit.Phase
	Reason      string // ISO 20022 code, of a refusal or of a claim that was denied
	Grounds     directdebit.Grounds
	CollectedAt time.Time // zero: it was not
	RefundedAt  time.Time
	ReceivedAt  time.Time
	ChangedAt   time.Time
	Begun       eventbus.Position // of its first event
	Position    eventbus.Position // of the last event that is in it

	// Read from the log; "" once they are erased.
	EndToEnd, Creditor, CreditorID, CreditorName, MandateReference, Text string
}

var directDebitsTable = table{
	name: "direct_debits", key: []string{"direct_debit"},
	columns: []column{
		{"direct_debit", text}, {"account", text}, {"customer", text}, {"mandate", text}, {"rail", text}, {"reference", text}, {"sequence", text},
		{"amount", bigint}, {"currency", text}, {"status", text}, {"reason", text}, {"grounds", text}, {"collected_at", bigint}, {"refunded_at", bigint},
		{"received_at", bigint}, {"changed_at", bigint}, {"begun", bigint}, {"position", bigint},
	},
	indexes: []index{{"direct_debits_account", "account, begun"}, {"direct_debits_begun", "begun"}},
}

func (d *DirectDebit) fields() []any {
	return []any{
		&d.DirectDebit, &d.Account, &d.Customer, &d.Mandate, &d.Rail, &d.Reference, &d.Sequence,
		&d.Amount.Minor, (*string)(&d.Amount.Currency), (*string)(&d.Status), &d.Reason, (*string)(&d.Grounds), &d.CollectedAt, &d.RefundedAt,
		&d.ReceivedAt, &d.ChangedAt, (*uint64)(&d.Begun), (*uint64)(&d.Position),
	}
}

type directDebitsFold struct {
	debits *rows[id.DirectDebit, DirectDebit]
}

func beginDirectDebits(tables []table) fold {
	return directDebitsFold{newRows(tables[0], func(k id.DirectDebit) []any { return []any{k.String()} }, (*DirectDebit).fields)}
}

func (d directDebitsFold) flush(w *writer) { d.debits.flush(w) }
func (d directDebitsFold) forget()         { d.debits.forget() }

// directDebitReceived is the status until the commit that began it says more.
const directDebitReceived directdebit.Phase = "received"

func (d directDebitsFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(directdebit.Received); ok {
		d.debits.add(e.DirectDebit, DirectDebit{DirectDebit: e.DirectDebit, Rail: e.Rail, Reference: e.Reference, Sequence: e.Sequence, Amount: e.Amount,
			Status: directDebitReceived, ReceivedAt: e.At, ChangedAt: e.At, Begun: f.Position, Position: f.Position})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := d.debits.get(w, id.From[id.DirectDebit](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

func (d *DirectDebit) evolve(f *fact) error {
	switch e := f.event.(type) {
	case directdebit.Collected:
		d.Status, d.Account, d.Customer, d.Mandate, d.CollectedAt, d.ChangedAt = directdebit.Booked, e.Account, e.Customer, e.Mandate, e.At, e.At
	case directdebit.Refused:
		d.Status, d.Account, d.Customer, d.Reason, d.ChangedAt = directdebit.Declined, e.Account, e.Customer, e.Reason, e.At
	case directdebit.Refunded:
		d.Status, d.Grounds, d.RefundedAt, d.ChangedAt = directdebit.PaidBack, e.Grounds, e.At, e.At
	case directdebit.ClaimSettled:
		d.Status, d.ChangedAt = directdebit.Reclaimed, e.At
	case directdebit.ClaimDenied:
		d.Status, d.Reason, d.ChangedAt = directdebit.Lost, e.Reason, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// DirectDebit gives one collection, with what names persons read from the log. ErrMissing.
func (r *Reads) DirectDebit(ctx context.Context, of id.DirectDebit) (DirectDebit, error) {
	return r.directDebit(ctx, "direct_debit = ?", of.String())
}

// DirectDebitOf gives one collection from an account that the customer holds. ErrMissing.
func (r *Reads) DirectDebitOf(ctx context.Context, customer id.Customer, of id.DirectDebit) (DirectDebit, error) {
	return r.directDebit(ctx, held+" and direct_debit = ?", customer.String(), of.String())
}

// DirectDebitsOf lists the collections from the accounts that a customer holds, newest
// first: up to limit that began below the position before (0: from the newest).
func (r *Reads) DirectDebitsOf(ctx context.Context, customer id.Customer, before eventbus.Position, limit int) ([]DirectDebit, error) {
	return r.directDebits(ctx, held+" and begun < ? order by begun desc limit ?", customer.String(), below(before), bounded(limit))
}

// DirectDebitsClaimed lists those whose money other banks have been asked for and have
// not given back, of all customers, newest first.
func (r *Reads) DirectDebitsClaimed(ctx context.Context, before eventbus.Position, limit int) ([]DirectDebit, error) {
	return r.directDebits(ctx, "status in ('refunded', 'refund-denied') and begun < ? order by begun desc limit ?", below(before), bounded(limit))
}

func (r *Reads) directDebit(ctx context.Context, where string, args ...any) (DirectDebit, error) {
	found, err := r.directDebits(ctx, where, args...)
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return DirectDebit{}, err
	}
	return found[0], nil
}

func (r *Reads) directDebits(ctx context.Context, where string, args ...any) (found []DirectDebit, err error) {
	err = r.database.each(ctx, "select "+directDebitsTable.names()+" from direct_debits where "+where, args, func(row scanner) error {
		var d DirectDebit
		err := row.Scan(destinations(d.fields())...)
		found = append(found, d)
		return err
	})
	for i := range found {
		if err != nil {
			break
		}
		var event any
		if event, err = r.first(ctx, found[i].DirectDebit.Stream()); err != nil {
			break
		}
		if e, ok := event.(directdebit.Received); ok {
			d := &found[i]
			d.EndToEnd, d.Creditor, d.CreditorID, d.CreditorName = e.EndToEnd.Reveal(), e.Creditor.Reveal(), e.CreditorID.Reveal(), e.CreditorName.Reveal()
			d.MandateReference, d.Text = e.Mandate.Reveal(), e.Text.Reveal()
		}
	}
	return found, err
}

var directDebitColumns = []Column{
	{"direct_debit", Text, "identifier of the collection (ddb_...)"},
	{"account", Text, "account that was collected from; empty: the number was none of the bank's"},
	{"customer", Text, "whom the account was opened for (cus_...)"},
	{"mandate", Text, "mandate that it was booked by (mdt_...); empty: it was refused"},
	{"rail", Text, "rail that it came on"},
	{"reference", Text, "the rail's own name for it"},
	{"sequence", Text, "FRST, RCUR, FNAL or OOFF"},
	{"amount", Money, "what was collected"},
	{"currency", Text, "ISO 4217 code"},
	{"status", Text, "received, collected, refused, refunded, refund-settled or refund-denied"},
	{"reason", Text, "ISO 20022 code of a refusal, or of a claim that was denied"},
	{"grounds", Text, "of a refund: no-reason or unauthorised"},
	{"collected_at", Time, "when it was booked; 0: it was not"},
	{"refunded_at", Time, "when the customer got it back; 0: not"},
	{"received_at", Time, "when it came"},
	{"changed_at", Time, "when it last changed"},
	{"begun", Integer, "log position of its first event"},
	{"position", Integer, "log position of the last event that is in the row"},
}
