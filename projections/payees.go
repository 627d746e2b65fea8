package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/payee"
	"florin/eventbus"
)

// Payee is somebody whom a customer has saved to pay.
type Payee struct {
	Payee       id.Payee
	Customer    id.Customer
	Account     id.Account // zero: it is at another bank
	Check       payee.Check
	SavedAt     time.Time
	TrustedFrom time.Time // zero: never
	Version     uint64    // of the fact in the customer's stream
	Position    eventbus.Position

	// Read from the log; "" once they are erased.
	Name, Holder, IBAN string
}

var payeesTable = table{
	name: "payees", key: []string{"payee"},
	columns: []column{
		{"payee", text}, {"customer", text}, {"account", text}, {"name_check", text}, {"saved_at", bigint}, {"trusted_from", bigint},
		{"version", bigint}, {"position", bigint},
	},
	indexes: []index{{"payees_customer", "customer, payee"}},
}

func (p *Payee) fields() []any {
	return []any{&p.Payee, &p.Customer, &p.Account, (*string)(&p.Check), &p.SavedAt, &p.TrustedFrom, &p.Version, (*uint64)(&p.Position)}
}

type payeesFold struct{ payees *rows[id.Payee, Payee] }

func beginPayees(tables []table) fold {
	return payeesFold{newRows(tables[0], func(k id.Payee) []any { return []any{k.String()} }, (*Payee).fields)}
}

func (p payeesFold) flush(w *writer) { p.payees.flush(w) }
func (p payeesFold) forget()         { p.payees.forget() }

func (p payeesFold) apply(w *writer, _ *commit, f *fact) error {
	switch e := f.event.(type) {
	case payee.Saved:
		p.payees.add(e.Payee, Payee{Payee: e.Payee, Customer: e.Customer, Account: e.Account, Check: e.Check, SavedAt: e.At,
			TrustedFrom: e.TrustedFrom, Version: uint64(f.Version), Position: f.Position})
	case payee.Removed:
		if _, ok := p.payees.get(w, e.Payee); !ok {
			return errNoRow
		}
		p.payees.remove(e.Payee)
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// PayeesOf lists whom a customer has saved, by their identifiers: up to limit, above
// after (zero: from the first). Names are read from the log.
func (r *Reads) PayeesOf(ctx context.Context, customer id.Customer, after id.Payee, limit int) (found []Payee, err error) {
	where := " from payees where customer = ? and payee > ? order by payee limit ?"
	err = r.database.each(ctx, "select "+payeesTable.names()+where, []any{customer.String(), after.String(), bounded(limit)}, func(row scanner) error {
		var p Payee
		err := row.Scan(destinations(p.fields())...)
		found = append(found, p)
		return err
	})
	for i := range found {
		if err != nil {
			break
		}
		var event any
		if event, err = r.at(ctx, id.From[id.Payees](customer.UUID()).Stream(), eventbus.Version(found[i].Version)); err != nil {
			break
		}
		if e, ok := event.(payee.Saved); ok {
			found[i].Name, found[i].Holder, found[i].IBAN = e.Name.Reveal(), e.Holder.Reveal(), e.IBAN.Reveal()
		}
	}
	return found, err
}
