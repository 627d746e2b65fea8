package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
)

// Customer is one customer. The row holds nothing that names the person; the
// four personal fields are opened from the log by CustomerByID alone, and are
// erased (domain.Profile.Erased) as soon as the person's key is destroyed.
type Customer struct {
	Customer    id.Customer
	Status      customer.Status
	Reason      string // of a restriction or closure
	Factors     int64  // beside the password
	EnrolledAt  time.Time
	ClosedAt    time.Time
	ErasureAt   time.Time // requested
	ErasedAt    time.Time
	LegalBasis  string // of the erasure
	EmailFrom   int64  // version of the stream that changed it last; 0: enrolment; below 0: it was removed
	PhoneFrom   int64
	Position    eventbus.Position
	UserName    domain.Profile
	Phone       domain.Profile
	Email       domain.Profile
	DisplayName domain.Profile
}

var customersTable = table{
	name: "customers", key: []string{"customer"},
	columns: []column{
		{"customer", text}, {"status", text}, {"reason", text}, {"factors", bigint}, {"enrolled_at", bigint},
		{"closed_at", bigint}, {"erasure_at", bigint}, {"erased_at", bigint}, {"legal_basis", text},
		{"email_from", bigint}, {"phone_from", bigint}, {"position", bigint},
	},
}

func (c *Customer) fields() []any {
	return []any{
		&c.Customer, (*string)(&c.Status), &c.Reason, &c.Factors, &c.EnrolledAt,
		&c.ClosedAt, &c.ErasureAt, &c.ErasedAt, &c.LegalBasis, &c.EmailFrom, &c.PhoneFrom, (*uint64)(&c.Position),
	}
}

type customersFold struct{ customers *rows[id.Customer, Customer] }

func beginCustomers(tables []table) fold {
	return customersFold{newRows(tables[0], func(k id.Customer) []any { return []any{k.String()} }, (*Customer).fields)}
}

func (c customersFold) flush(w *writer) { c.customers.flush(w) }
func (c customersFold) forget()         { c.customers.forget() }

func (c customersFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(customer.Enrolled); ok {
		row := c.customers.add(e.Customer, Customer{Customer: e.Customer, Status: e.Status, EnrolledAt: e.At, Position: f.Position})
		if !e.TOTP.IsZero() {
			row.Factors = 1
		}
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := c.customers.get(w, id.From[id.Customer](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

func (c *Customer) evolve(f *fact) error {
	switch e := f.event.(type) {
	case customer.PasswordChanged, customer.OTPUsed, customer.PasskeyUsed, customer.RecoveryCodeUsed, customer.DeviceBound, customer.DeviceVisited, customer.ThirdPartyJoined, customer.ContactRequested,
		customer.FactorOffered, customer.FactorApproved,
		customer.SendingLimited, customer.SendingLimitLifted, customer.RecoveryPermitted, customer.RecoveryObjected, customer.Recovered: // nothing that the row shows
	case customer.ContactChanged:
		if e.Type == customer.Phone {
			c.PhoneFrom = int64(f.Version)
		} else {
			c.EmailFrom = int64(f.Version)
		}
	case customer.ContactRemoved:
		if e.Type == customer.Phone {
			c.PhoneFrom = -int64(f.Version)
		} else {
			c.EmailFrom = -int64(f.Version)
		}
	case customer.FactorAdded, customer.PasskeyAdded, customer.RecoveryCodesMade:
		c.Factors++
	case customer.FactorRemoved:
		c.Factors--
	case customer.Activated:
		c.Status, c.Reason = customer.Active, ""
	case customer.Restricted:
		c.Status, c.Reason = customer.Limited, e.Reason
	case customer.ReportedDeceased:
		c.Status = customer.Deceased
	case customer.Closed:
		c.Status, c.Reason, c.ClosedAt = customer.ClosedDown, e.Reason, e.At
	case customer.ErasureRequested:
		c.ErasureAt, c.LegalBasis = e.At, e.LegalBasis
	case customer.Erased:
		c.ErasedAt = e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// CustomerByID gives one customer, with the personal fields as the log can
// still open them. ErrMissing.
func (r *Reads) CustomerByID(ctx context.Context, of id.Customer) (Customer, error) {
	var c Customer
	found := false
	err := r.database.each(ctx, customersTable.selectByKey(), []any{of.String()}, func(row scanner) error {
		found = true
		return row.Scan(destinations(c.fields())...)
	})
	if err == nil && !found {
		err = ErrMissing
	}
	if err != nil {
		return Customer{}, err
	}
	event, err := r.first(ctx, of.Stream())
	if err != nil {
		return Customer{}, err
	}
	if e, ok := event.(customer.Enrolled); ok {
		c.UserName, c.Phone, c.Email, c.DisplayName = e.UserName, e.Phone, e.Email, e.Name
	}
	if err := r.contact(ctx, of, c.EmailFrom, &c.Email); err != nil {
		return Customer{}, err
	}
	return c, r.contact(ctx, of, c.PhoneFrom, &c.Phone)
}

// contact opens the address that a change left, if there was one.
func (r *Reads) contact(ctx context.Context, of id.Customer, version int64, into *domain.Profile) error {
	if version == 0 {
		return nil
	}
	if version < 0 {
		*into = domain.Profile{}
		return nil
	}
	event, err := r.at(ctx, of.Stream(), eventbus.Version(version))
	if e, ok := event.(customer.ContactChanged); ok {
		*into = e.Address
	}
	return err
}
