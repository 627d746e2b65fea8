package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// Recoveries serves what a known caller does about recoveries: an operator permits
// one, the customer sees it and objects. Who recovers is known by nothing but a key,
// and is served by the identity provider.
type Recoveries struct{ Desk }

// PermitAnswer is a recovery that was permitted. The code is for the person who was
// identified, and is shown to nobody else.
type PermitAnswer struct {
	Recovery   id.Recovery       `json:"recovery_id"`
	Code       string            `json:"recovery_code"`
	UsableFrom time.Time         `json:"usable_from"`
	ExpiresAt  time.Time         `json:"expires_at"`
	Position   eventbus.Position `json:"position"`
	At         time.Time         `json:"at"`
}

// PermittedAnswer is what the customer sees of it.
type PermittedAnswer struct {
	Recovery   id.Recovery `json:"recovery_id"`
	For        string      `json:"for"`
	Status     string      `json:"status"`           // waiting or usable
	Contact    string      `json:"contact,omitzero"` // email or phone, if one is changed with it
	UsableFrom time.Time   `json:"usable_from"`
	ExpiresAt  time.Time   `json:"expires_at"`
}

// PermittedList holds one at most: another permit ends the one before.
type PermittedList struct {
	Recoveries []PermittedAnswer `json:"recoveries"`
}

// ObjectedAnswer is a recovery that was stopped.
type ObjectedAnswer struct {
	Recovery id.Recovery       `json:"recovery_id,omitzero"`
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position"`
}

// Permit gives a person who was identified one proof of a recovery, after a waiting
// time in which the customer can object.
func (s Recoveries) Permit(w http.ResponseWriter, r *http.Request) error {
	of, err := pathID[id.Customer](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.PermitRecovery](call.Body)
	if err != nil {
		return err
	}
	permitted, outcome, err := s.Bank.Recoveries().Permit(r.Context(), s.order(r, call), commands.PermitRecovery{
		Customer: of, For: body.For, Reason: body.Reason, Email: profile(body.Email), Phone: profile(body.Phone)})
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/recovery/"+permitted.Recovery.String(), PermitAnswer{Recovery: permitted.Recovery, Code: permitted.Code,
		UsableFrom: permitted.UsableFrom, ExpiresAt: permitted.ExpiresAt, Position: outcome.Receipt.Last, At: permitted.At})
}

// List shows the customer what was permitted. It reads the state that decides.
func (s Recoveries) List(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	permit, stands, err := s.Bank.Recoveries().Permitted(r.Context(), CallOf(r.Context()).Caller.Customer)
	if err != nil {
		return err
	}
	list := PermittedList{Recoveries: []PermittedAnswer{}}
	if stands {
		answer := PermittedAnswer{Recovery: permit.Recovery, For: permit.For, Status: "waiting", Contact: permit.Contact, UsableFrom: permit.UsableFrom, ExpiresAt: permit.ExpiresAt}
		if permit.Usable(permit.For, s.Bank.Sources().Now()) {
			answer.Status = "usable"
		}
		list.Recoveries = append(list.Recoveries, answer)
	}
	return wire.OK(w, list)
}

// Object stops a recovery that the caller did not ask for.
func (s Recoveries) Object(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Recovery](r)
	if err != nil {
		return err
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	outcome, err := s.Bank.Recoveries().Object(r.Context(), s.order(r, call), asked)
	return s.objected(w, asked, outcome, err)
}

// ObjectFor stops one for a customer who has called the bank.
func (s Recoveries) ObjectFor(w http.ResponseWriter, r *http.Request) error {
	of, err := pathID[id.Customer](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.ObjectForCustomer](call.Body)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Recoveries().ObjectFor(r.Context(), s.order(r, call), of, body.Reason)
	return s.objected(w, id.Recovery{}, outcome, err)
}

// Stop does so for whoever holds the notice that a contact has got.
func (s Recoveries) Stop(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.StopRecovery](call.Body)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Recoveries().ObjectByContact(r.Context(), s.order(r, call), body.Objection)
	return s.objected(w, id.Recovery{}, outcome, err)
}

func (s Recoveries) objected(w http.ResponseWriter, of id.Recovery, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, ObjectedAnswer{Recovery: of, Status: "stopped", Position: outcome.Receipt.Last})
}
