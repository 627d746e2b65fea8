package projections

import (
	"context"
	"fmt"
	"strings"
	"time"

	"florin/domain/consent"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/session"
	"florin/eventbus"
)

// Consent is what a customer has agreed to with a third party. Whether tokens of
// it are believed is not decided here but by the stream of their family.
type Consent struct {
	Consent   id.Consent
	Customer  id.Customer
	Client    id.Client
	Session   id.Session // the token family that it became; zero until then
	Status    string     // granted, active, ended
	Scopes    string     // separated by spaces
	Amount    money.Amount
	Transfer  id.Transfer // that made the payment
	GrantedAt time.Time
	ExpiresAt time.Time // of the family, whatever happens
	EndedAt   time.Time
	EndedBy   string
	Reason    string
	Position  eventbus.Position

	// Read from the log by Reads.ConsentsOf alone.
	Payment consent.Payment // zero: none was asked for; erased: its texts are
	Debtor  id.Account
}

// What Consent.Status can be.
const (
	ConsentGranted = "granted"
	ConsentActive  = "active"
	ConsentEnded   = "ended"
)

var consentsTable = table{
	name: "consents", key: []string{"consent"},
	columns: []column{
		{"consent", text}, {"customer", text}, {"client", text}, {"session", text}, {"status", text}, {"scopes", text}, {"amount", bigint},
		{"currency", text}, {"transfer", text}, {"granted_at", bigint}, {"expires_at", bigint}, {"ended_at", bigint}, {"ended_by", text},
		{"reason", text}, {"position", bigint},
	},
	indexes: []index{{"consents_by_customer", "customer"}},
}

func (c *Consent) fields() []any {
	return []any{
		&c.Consent, &c.Customer, &c.Client, &c.Session, &c.Status, &c.Scopes, &c.Amount.Minor,
		(*string)(&c.Amount.Currency), &c.Transfer, &c.GrantedAt, &c.ExpiresAt, &c.EndedAt, &c.EndedBy,
		&c.Reason, (*uint64)(&c.Position),
	}
}

// consentFamily finds the consent of a family that ends.
type consentFamily struct {
	session id.Session
	consent id.Consent
}

var consentFamiliesTable = table{name: "consent_families", key: []string{"session"}, columns: []column{{"session", text}, {"consent", text}}}

func (f *consentFamily) fields() []any { return []any{&f.session, &f.consent} }

type consentsFold struct {
	consents *rows[id.Consent, Consent]
	families *rows[id.Session, consentFamily]
}

func beginConsents(tables []table) fold {
	return consentsFold{
		newRows(tables[0], func(k id.Consent) []any { return []any{k.String()} }, (*Consent).fields),
		newRows(tables[1], func(k id.Session) []any { return []any{k.String()} }, (*consentFamily).fields),
	}
}

func (c consentsFold) flush(w *writer) {
	c.consents.flush(w)
	c.families.flush(w)
}

func (c consentsFold) forget() {
	c.consents.forget()
	c.families.forget()
}

func (c consentsFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case session.Event:
		return c.family(w, f, e)
	case consent.Requested, consent.Opened, consent.Denied, consent.DebtorNamed, consent.Silenced, consent.Asked: // nothing was agreed to
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	named := id.From[id.Consent](of)
	switch e := f.event.(type) {
	case consent.Granted:
		c.agreed(named, e, f)
		return nil
	case consent.Approved:
		c.agreed(named, consent.Granted{Client: e.Client, Customer: e.Customer, Scopes: e.Scopes, Payment: e.Payment, At: e.At}, f)
		return nil
	}
	row, ok := c.consents.get(w, named)
	if !ok {
		return errNoRow
	}
	switch e := f.event.(type) {
	case consent.Redeemed:
		row.Session, row.Status = e.Session, ConsentActive
	case consent.CodeReplayed: // the family's own end says the rest
	case consent.PaymentMade:
		row.Transfer = e.Transfer
	case consent.Revoked:
		row.end(e.At, e.By, e.Reason)
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	row.Position = f.Position
	return nil
}

// agreed begins the row of what a customer said yes to.
func (c consentsFold) agreed(named id.Consent, yes consent.Granted, f *fact) {
	c.consents.add(named, Consent{
		Consent: named, Customer: yes.Customer, Client: yes.Client, Status: ConsentGranted, Scopes: strings.Join(yes.Scopes, " "),
		Amount: yes.Payment.Amount, GrantedAt: yes.At, Position: f.Position,
	})
}

// family takes in how the tokens of a consent begin and end. Of all other
// families nothing is kept.
func (c consentsFold) family(w *writer, f *fact, event session.Event) error {
	switch e := event.(type) {
	case session.Started:
		row, ok := c.consents.get(w, e.Consent)
		if e.Consent.IsZero() || !ok {
			return nil
		}
		row.ExpiresAt, row.Position = e.ExpiresAt, f.Position
		c.families.add(e.Session, consentFamily{e.Session, e.Consent})
	case session.Revoked:
		of, err := streamUUID(f.Stream)
		if err != nil {
			return err
		}
		family, ok := c.families.get(w, id.From[id.Session](of))
		if !ok {
			return nil
		}
		if row, ok := c.consents.get(w, family.consent); ok {
			row.end(e.At, e.By, e.Reason)
			row.Position = f.Position
		}
	}
	return nil
}

// end notes the first reason: what follows from it says less.
func (c *Consent) end(at time.Time, by, reason string) {
	if c.Status != ConsentEnded {
		c.Status, c.EndedAt, c.EndedBy, c.Reason = ConsentEnded, at, by, reason
	}
}

// ConsentsOf lists what a customer has agreed to with third parties, ended
// consents too, by their identifiers: up to limit, above after (zero: from the
// first). What names a payee is read from the log.
func (r *Reads) ConsentsOf(ctx context.Context, customer id.Customer, after id.Consent, limit int) (found []Consent, err error) {
	where := " from consents where customer = ? and consent > ? order by consent limit ?"
	err = r.database.each(ctx, "select "+consentsTable.names()+where, []any{customer.String(), after.String(), bounded(limit)}, func(row scanner) error {
		var c Consent
		err := row.Scan(destinations(c.fields())...)
		found = append(found, c)
		return err
	})
	for i := range found {
		if err == nil && !found[i].Amount.IsZero() {
			err = r.detail(ctx, &found[i])
		}
	}
	return found, err
}

func (r *Reads) detail(ctx context.Context, c *Consent) error {
	for e, err := range r.log.ReadStream(ctx, eventbus.Stream(c.Consent.Stream()), 0) {
		if err != nil {
			return fmt.Errorf("projections: reading %s: %w", c.Consent.Stream(), err)
		}
		event, err := r.open(e)
		if err != nil {
			return err
		}
		switch e := event.(type) {
		case consent.DebtorNamed:
			c.Debtor = e.Debtor
		case consent.Granted:
			c.Payment = e.Payment
		case consent.Approved:
			c.Payment = e.Payment
		}
	}
	return nil
}
