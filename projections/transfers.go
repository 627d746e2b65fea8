package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/transfer"
	"florin/eventbus"
)

// Transfer is one transfer and how it came to its status.
type Transfer struct {
	Transfer    id.Transfer
	Customer    id.Customer
	From        id.Account
	To          id.Account
	Amount      money.Amount
	ExecuteOn   string         // day; "": at once
	Status      transfer.Phase // "initiated" until the commit that began it says more
	Code        string         // of a rejection
	Original    id.Transfer    // of a reversal: what it gives back
	Reversed    money.Amount   // given back so far
	Outcome     transfer.Outcome
	Score       int64 // milli-log-odds
	Policy      string
	Exemption   string
	Challenge   id.Challenge
	ExpiresAt   time.Time // of the challenge
	Method      string    // that authorised it
	Failures    int64     // of authorisation
	Device      id.Device
	Session     id.Session
	InitiatedAt time.Time
	ChangedAt   time.Time
	Position    eventbus.Position // of the last event that is in it

	// Read from the log by Reads.Transfer alone.
	Payee     id.Payee   // the creditor is one of the customer's; zero: none
	Consent   id.Consent // of the third party that asked for it; zero: none did
	Reference string     // remittance text; "" once it is erased
	Nonce     string     // of the challenge
	Methods   []string
	Display   string // the challenge's statement, verbatim; "" once it is erased
	History   []Step
}

// Step is one fact in a transfer's life.
type Step struct {
	Kind     string // of the event
	Detail   string // outcome, method or code, where there is one
	At       time.Time
	Position eventbus.Position
}

const initiated transfer.Phase = "initiated"

var transfersTable = table{
	name: "transfers", key: []string{"transfer"},
	columns: []column{
		{"transfer", text}, {"customer", text}, {"from_account", text}, {"to_account", text}, {"amount", bigint}, {"currency", text},
		{"execute_on", text}, {"status", text}, {"code", text}, {"original", text}, {"reversed", bigint}, {"outcome", text}, {"score", bigint},
		{"policy", text}, {"exemption", text}, {"challenge", text}, {"expires_at", bigint}, {"method", text}, {"failures", bigint},
		{"device", text}, {"session", text}, {"initiated_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
}

func (t *Transfer) fields() []any {
	return []any{
		&t.Transfer, &t.Customer, &t.From, &t.To, &t.Amount.Minor, (*string)(&t.Amount.Currency),
		&t.ExecuteOn, (*string)(&t.Status), &t.Code, &t.Original, &t.Reversed.Minor, (*string)(&t.Outcome), &t.Score,
		&t.Policy, &t.Exemption, &t.Challenge, &t.ExpiresAt, &t.Method, &t.Failures,
		&t.Device, &t.Session, &t.InitiatedAt, &t.ChangedAt, (*uint64)(&t.Position),
	}
}

type transfersFold struct {
	transfers *rows[id.Transfer, Transfer]
	scheduled *rows[id.Transfer, scheduledTransfer]
}

func beginTransfers(tables []table) fold {
	key := func(k id.Transfer) []any { return []any{k.String()} }
	return transfersFold{newRows(tables[0], key, (*Transfer).fields), newRows(tables[1], key, (*scheduledTransfer).fields)}
}

func (t transfersFold) flush(w *writer) { t.transfers.flush(w); t.scheduled.flush(w) }
func (t transfersFold) forget()         { t.transfers.forget(); t.scheduled.forget() }

func (t transfersFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(transfer.Initiated); ok {
		t.transfers.add(e.Transfer, Transfer{
			Transfer: e.Transfer, Customer: e.Customer, From: e.From, To: e.To, Amount: e.Amount, Status: initiated,
			Original: e.Original, Device: e.Device, Session: e.Session, InitiatedAt: e.At, ChangedAt: e.At, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := t.transfers.get(w, id.From[id.Transfer](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	if err := row.evolve(f); err != nil {
		return err
	}
	t.wait(w, f, row)
	return nil
}

func (t *Transfer) evolve(f *fact) error {
	switch e := f.event.(type) {
	case transfer.Assessed:
		t.Outcome, t.Score, t.Policy, t.Exemption, t.ChangedAt = e.Outcome, e.Score, e.Policy, e.Exemption, e.At
	case transfer.Dated:
		t.ExecuteOn, t.ChangedAt = e.Day, e.At
	case transfer.Scheduled:
		t.Status, t.ChangedAt = transfer.Waiting, e.At
	case transfer.Held:
		t.Status, t.ChangedAt = transfer.Reviewed, e.At
	case transfer.Released:
		t.ChangedAt = e.At
	case transfer.Batched:
		t.Status, t.ChangedAt = transfer.Joined, e.At
	case transfer.PayeeNamed:
		t.ChangedAt = e.At
	case transfer.Consented:
		t.ChangedAt = e.At
		if e.Basis != "" {
			t.Method = e.Basis
		}
	case transfer.Challenged:
		t.Status, t.Challenge, t.ExpiresAt, t.ChangedAt = transfer.Pending, e.Challenge, e.ExpiresAt, e.At
	case transfer.AuthorisationFailed:
		t.Failures, t.ChangedAt = t.Failures+1, e.At
	case transfer.Authorised:
		t.Method, t.ChangedAt = e.Method, e.At
	case transfer.Posted:
		t.Status, t.ChangedAt = transfer.Done, e.At
	case transfer.Rejected:
		t.Status, t.Code, t.ChangedAt = transfer.Declined, e.Code, e.At
	case transfer.Expired:
		t.Status, t.ChangedAt = transfer.TimedOut, e.At
	case transfer.Cancelled:
		t.Status, t.ChangedAt = transfer.Withdrawn, e.At
	case transfer.Reversed:
		if t.Reversed.Minor += e.Amount.Minor; t.Reversed.Minor >= t.Amount.Minor {
			t.Status = transfer.GivenBack
		}
		t.ChangedAt = e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// Transfer gives one transfer with its history. Reference, challenge and
// history are read from its stream in the log, up to the position that the row
// shows, so that the two agree. ErrMissing.
func (r *Reads) Transfer(ctx context.Context, of id.Transfer) (Transfer, error) {
	var t Transfer
	var found bool
	err := r.database.each(ctx, transfersTable.selectByKey(), []any{of.String()}, func(row scanner) error {
		found = true
		return row.Scan(destinations(t.fields())...)
	})
	if err == nil && !found {
		err = ErrMissing
	}
	if err != nil {
		return Transfer{}, err
	}
	t.Reversed.Currency = t.Amount.Currency
	for e, err := range r.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return Transfer{}, fmt.Errorf("projections: reading %s: %w", of.Stream(), err)
		}
		if e.Position > t.Position {
			break
		}
		event, err := r.open(e)
		if err != nil {
			return Transfer{}, err
		}
		step := Step{Kind: e.Kind, Position: e.Position}
		t.tell(&step, event)
		t.History = append(t.History, step)
	}
	return t, nil
}
