package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/mandate"
	"florin/domain/money"
	"florin/eventbus"
)

// Mandate is who may collect from an account, and whether it may still.
type Mandate struct {
	Mandate   id.Mandate
	Account   id.Account
	Customer  id.Customer
	Creditor  id.Creditor
	Limit     money.Amount // of one collection; zero: none
	Status    mandate.Phase
	Reason    string // of a cancellation
	Granted   bool   // by the holder, and not by a first collection
	Count     int64  // collections
	UsedAt    time.Time
	MadeAt    time.Time
	ChangedAt time.Time
	Version   uint64            // of the fact that says its terms
	Position  eventbus.Position // of the last event that is in it

	Blocked bool // its creditor, by Reads alone

	// Read from the log; "" once they are erased.
	CreditorID, CreditorName, Reference string
}

var mandatesTable = table{
	name: "mandates", key: []string{"mandate"},
	columns: []column{
		{"mandate", text}, {"account", text}, {"customer", text}, {"creditor", text}, {"limit_amount", bigint}, {"currency", text}, {"status", text},
		{"reason", text}, {"granted", bigint}, {"collections", bigint}, {"used_at", bigint}, {"made_at", bigint}, {"changed_at", bigint},
		{"version", bigint}, {"position", bigint},
	},
	indexes: []index{{"mandates_account", "account, mandate"}},
}

func (m *Mandate) fields() []any {
	return []any{
		&m.Mandate, &m.Account, &m.Customer, &m.Creditor, &m.Limit.Minor, (*string)(&m.Limit.Currency), (*string)(&m.Status),
		&m.Reason, &m.Granted, &m.Count, &m.UsedAt, &m.MadeAt, &m.ChangedAt, &m.Version, (*uint64)(&m.Position),
	}
}

// blockedCreditor is a creditor that may collect nothing from an account.
type blockedCreditor struct {
	Creditor id.Creditor
	Account  id.Account
	Position eventbus.Position
}

var creditorsTable = table{
	name: "blocked_creditors", key: []string{"creditor"},
	columns: []column{{"creditor", text}, {"account", text}, {"position", bigint}},
}

func (c *blockedCreditor) fields() []any {
	return []any{&c.Creditor, &c.Account, (*uint64)(&c.Position)}
}

type mandatesFold struct {
	mandates  *rows[id.Mandate, Mandate]
	creditors *rows[id.Creditor, blockedCreditor]
}

func beginMandates(tables []table) fold {
	return mandatesFold{
		newRows(tables[0], func(k id.Mandate) []any { return []any{k.String()} }, (*Mandate).fields),
		newRows(tables[1], func(k id.Creditor) []any { return []any{k.String()} }, (*blockedCreditor).fields),
	}
}

func (m mandatesFold) flush(w *writer) {
	m.mandates.flush(w)
	m.creditors.flush(w)
}

func (m mandatesFold) forget() {
	m.mandates.forget()
	m.creditors.forget()
}

func (m mandatesFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case mandate.Granted:
		m.begin(w, f, Mandate{Mandate: e.Mandate, Account: e.Account, Customer: e.Customer, Creditor: e.Creditor, Limit: e.Limit, Granted: true, MadeAt: e.At})
		return nil
	case mandate.Registered:
		m.begin(w, f, Mandate{Mandate: e.Mandate, Account: e.Account, Customer: e.Customer, Creditor: e.Creditor, MadeAt: e.At})
		return nil
	case mandate.CreditorBlocked:
		m.creditors.add(e.Creditor, blockedCreditor{e.Creditor, e.Account, f.Position})
		return nil
	case mandate.CreditorAllowed:
		if _, blocked := m.creditors.get(w, e.Creditor); blocked {
			m.creditors.remove(e.Creditor)
		}
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := m.mandates.get(w, id.From[id.Mandate](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

// begin makes the row of a mandate, or makes it anew of one that was over.
func (m mandatesFold) begin(w *writer, f *fact, fresh Mandate) {
	fresh.Status, fresh.UsedAt, fresh.ChangedAt, fresh.Version, fresh.Position = mandate.Active, fresh.MadeAt, fresh.MadeAt, uint64(f.Version), f.Position
	if old, again := m.mandates.get(w, fresh.Mandate); again {
		fresh.Count = old.Count
		*old = fresh
		return
	}
	m.mandates.add(fresh.Mandate, fresh)
}

func (m *Mandate) evolve(f *fact) error {
	switch e := f.event.(type) {
	case mandate.Collected:
		m.Count, m.UsedAt, m.ChangedAt = m.Count+1, e.At, e.At
	case mandate.LimitSet:
		m.Limit, m.ChangedAt = e.Limit, e.At
	case mandate.Suspended:
		m.Status, m.ChangedAt = mandate.OnHold, e.At
	case mandate.Resumed:
		m.Status, m.ChangedAt = mandate.Active, e.At
	case mandate.Cancelled:
		m.Status, m.Reason, m.ChangedAt = mandate.Withdrawn, e.Reason, e.At
	case mandate.Expired:
		m.Status, m.ChangedAt = mandate.Lapsed, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// held are the accounts that a customer holds, in whatever role.
const held = "account in (select account from holders where customer = ?)"

// MandateOf gives one mandate on an account that the customer holds. ErrMissing.
func (r *Reads) MandateOf(ctx context.Context, customer id.Customer, of id.Mandate) (Mandate, error) {
	found, err := r.mandates(ctx, held+" and mandate = ?", customer.String(), of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Mandate{}, err
	}
	return found[0], nil
}

// MandatesOf lists the mandates on the accounts that a customer holds, those that are
// over too, by their identifiers: up to limit, above after (zero: from the first).
func (r *Reads) MandatesOf(ctx context.Context, customer id.Customer, after id.Mandate, limit int) ([]Mandate, error) {
	return r.mandates(ctx, held+" and mandate > ? order by mandate limit ?", customer.String(), after.String(), bounded(limit))
}

func (r *Reads) mandates(ctx context.Context, where string, args ...any) (found []Mandate, err error) {
	query := "select " + mandatesTable.names() + ", exists (select 1 from blocked_creditors b where b.creditor = mandates.creditor) from mandates where " + where
	err = r.database.each(ctx, query, args, func(row scanner) error {
		var m Mandate
		err := row.Scan(append(destinations(m.fields()), &m.Blocked)...)
		found = append(found, m)
		return err
	})
	for i := range found {
		if err != nil {
			break
		}
		var event any
		if event, err = r.at(ctx, found[i].Mandate.Stream(), eventbus.Version(found[i].Version)); err != nil {
			break
		}
		var terms mandate.Terms
		switch e := event.(type) {
		case mandate.Granted:
			terms = e.Terms
		case mandate.Registered:
			terms = e.Terms
		}
		found[i].CreditorID, found[i].CreditorName, found[i].Reference = terms.CreditorID.Reveal(), terms.CreditorName.Reveal(), terms.Reference.Reveal()
	}
	return found, err
}

var mandateColumns = []Column{
	{"mandate", Text, "identifier of the mandate (mdt_...)"},
	{"account", Text, "account that is collected from"},
	{"customer", Text, "whom the account was opened for (cus_...)"},
	{"creditor", Text, "who collects, as this account knows it (cdt_...)"},
	{"limit_amount", Money, "of one collection; 0: none"},
	{"currency", Text, "ISO 4217 code of the limit; empty: there is none"},
	{"status", Text, "active, suspended, cancelled or expired"},
	{"reason", Text, "why it was cancelled: customer, unauthorised or final-collection"},
	{"granted", Boolean, "by the holder; 0: a first collection has registered it"},
	{"collections", Integer, "how often money was collected by it"},
	{"used_at", Time, "when it was last collected by, or made"},
	{"made_at", Time, "when it was granted or registered"},
	{"changed_at", Time, "when it last changed"},
	{"position", Integer, "log position of the last event that is in the row"},
}
