package service

import (
	"cmp"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Customers serves /v1/customers. Who may enrol is the route's to say: a role,
// or in a sandbox anybody.
type Customers struct{ Desk }

// EnrolAnswer is a new customer. The TOTP secret is shown here and never again.
type EnrolAnswer struct {
	Customer id.Customer       `json:"customer_id"`
	Status   string            `json:"status"`
	TOTP     TOTPAnswer        `json:"totp"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// TOTPAnswer is a one-time password factor as an authenticator takes it.
type TOTPAnswer struct {
	Factor id.Factor `json:"factor_id"`
	Secret string    `json:"secret"` // base32
	URI    string    `json:"uri"`    // otpauth://
}

// CustomerAnswer is a customer's own data.
type CustomerAnswer struct {
	Customer   id.Customer `json:"customer_id"`
	Status     string      `json:"status"`
	UserName   string      `json:"user_name"`
	Name       string      `json:"name"`
	Phone      string      `json:"phone"`
	Email      string      `json:"email"`
	EnrolledAt time.Time   `json:"enrolled_at"`

	// By a code that was sent there, and by nothing else: what was said at enrolment is not.
	PhoneVerified bool `json:"phone_verified"`
	EmailVerified bool `json:"email_verified"`
}

// Enrol makes a customer.
func (s Customers) Enrol(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.EnrolCustomer](call.Body)
	if err != nil {
		return err
	}
	order := s.order(r, call)
	if order.Caller.ActorType == commands.ActorOperator {
		order.Caller.Reason = cmp.Or(body.Reason, "new-customer")
	}
	if body.Reason != "" && !text.Code(body.Reason) {
		return customer.ErrReason
	}
	enrolled, outcome, err := s.Bank.Customers().Enrol(r.Context(), order, commands.EnrolCustomer{
		UserName: profile(body.UserName), Phone: profile(body.Phone), Email: profile(body.Email), Name: profile(body.Name), Password: body.Password, Active: s.Sandbox,
	})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/customers/me", EnrolAnswer{
		Customer: enrolled.Customer, Status: string(enrolled.Status),
		TOTP:     TOTPAnswer{Factor: enrolled.Factor, Secret: enrolled.Secret, URI: enrolled.URI},
		Position: outcome.Receipt.Last, At: enrolled.At,
	})
}

// ContactAnswer tells how far a change of contact has come: code-sent or changed.
type ContactAnswer struct {
	Status    string            `json:"status"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"` // of the code
	Position  eventbus.Position `json:"position"`
	At        time.Time         `json:"at"`
}

// ChangeContact changes the caller's e-mail or phone, in two requests: the second
// one shows the code that the first had sent to the address.
func (s Customers) ChangeContact(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ChangeContact](call.Body)
	if err != nil {
		return err
	}
	if body.Email == "" && body.Phone == "" {
		return problem.MissingField.With("The body lacks an email or a phone.")
	}
	changed, outcome, err := s.Bank.Customers().ChangeContact(r.Context(), s.order(r, call),
		commands.ChangeContact{Email: profile(body.Email), Phone: profile(body.Phone), Code: body.Code})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	answer := ContactAnswer{Status: "code-sent", ExpiresAt: changed.ExpiresAt, Position: outcome.Receipt.Last, At: changed.At}
	if !changed.Changed {
		return wire.Accepted(w, "/v1/customers/me", answer)
	}
	answer.Status = "changed"
	return wire.OK(w, answer)
}

// RemovedAnswer tells that a contact was removed.
type RemovedAnswer struct {
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position"`
}

// RemoveContact takes the caller's e-mail or phone away.
func (s Customers) RemoveContact(w http.ResponseWriter, r *http.Request) error {
	call, kind := CallOf(r.Context()), pathText(r, "kind")
	if kind != customer.Email && kind != customer.Phone {
		return problem.NotFound
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	outcome, err := s.Bank.Customers().RemoveContact(r.Context(), s.order(r, call), kind)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, RemovedAnswer{"removed", outcome.Receipt.Last})
}

// PasswordAnswer tells that the password was changed.
type PasswordAnswer struct {
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position"`
}

// ChangePassword sets another password; every session but the caller's is over.
func (s Customers) ChangePassword(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ChangePassword](call.Body)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Customers().ChangePassword(r.Context(), s.order(r, call), call.Caller.Customer, body.Password)
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, PasswordAnswer{"changed", outcome.Receipt.Last})
}

// Me is the caller's own data, opened from the log.
func (s Customers) Me(w http.ResponseWriter, r *http.Request) error {
	if err := s.fresh(r, "customers"); err != nil {
		return err
	}
	row, err := s.Reads.CustomerByID(r.Context(), CallOf(r.Context()).Caller.Customer)
	if err != nil {
		return err
	}
	return wire.OK(w, CustomerAnswer{
		Customer: row.Customer, Status: string(row.Status), UserName: row.UserName.Reveal(), Name: row.DisplayName.Reveal(),
		Phone: row.Phone.Reveal(), Email: row.Email.Reveal(), EnrolledAt: row.EnrolledAt,
		PhoneVerified: row.PhoneFrom > 0, EmailVerified: row.EmailFrom > 0,
	})
}
