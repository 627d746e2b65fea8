package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/payee"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// Payees serves /v1/payees.
type Payees struct{ Desk }

// PayeeAnswer is a saved creditor on the wire. HolderName is there for a close match alone.
type PayeeAnswer struct {
	Payee       id.Payee          `json:"payee"`
	Account     id.Account        `json:"account,omitzero"`
	IBAN        string            `json:"iban,omitzero"`
	Name        string            `json:"name,omitzero"`
	Check       payee.Check       `json:"check"`
	HolderName  string            `json:"holder_name,omitzero"`
	TrustedFrom time.Time         `json:"trusted_from,omitzero"`
	Position    eventbus.Position `json:"position"`
	At          time.Time         `json:"at"`
}

// RemovedPayee is one that is a payee no more.
type RemovedPayee struct {
	Payee    id.Payee          `json:"payee"`
	Status   string            `json:"status"`
	Position eventbus.Position `json:"position"`
}

// PayeeList is a page of payees.
type PayeeList struct {
	Payees []PayeeAnswer `json:"payees"`
}

// Save adds a payee: 201, with what verification of payee says of its name.
func (s Payees) Save(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.SavePayee](call.Body)
	if err != nil {
		return err
	}
	ask := commands.SavePayee{Account: body.Account, Name: body.Name, Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))}}
	switch {
	case body.Account.IsZero() && body.IBAN == "":
		return problem.MissingField.With("The body lacks an account or an iban.")
	case !body.Account.IsZero() && body.IBAN != "":
		return problem.BadRequest.With("Say either account or iban.")
	case body.IBAN != "":
		if ask.IBAN, err = iban.Parse(body.IBAN); err != nil {
			return err
		}
	}
	saved, outcome, err := s.Bank.Payees().Save(r.Context(), s.order(r, call), ask)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.Created(w, "/v1/payees/"+saved.Payee.String(), PayeeAnswer{
		Payee: saved.Payee, Account: saved.Account, IBAN: saved.IBAN.Reveal(), Name: saved.Name.Reveal(), Check: saved.Check, HolderName: saved.Holder.Reveal(),
		TrustedFrom: saved.TrustedFrom, Position: outcome.Receipt.Last, At: saved.At,
	})
}

// Remove takes a payee off.
func (s Payees) Remove(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Payee](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	removed, outcome, err := s.Bank.Payees().Remove(r.Context(), s.order(r, call), asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, RemovedPayee{Payee: removed.Payee, Status: "removed", Position: outcome.Receipt.Last})
}

// List are the caller's payees.
func (s Payees) List(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r, "payees")
	if err != nil {
		return err
	}
	after, err := marked[id.Payee](p)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "payees"); err != nil {
		return err
	}
	rows, err := s.Reads.PayeesOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, p.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, p.limit)
	if more {
		p.next(w, r, s.Cursors, last.Payee.String())
	}
	list := PayeeList{Payees: make([]PayeeAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Payees = append(list.Payees, PayeeAnswer{Payee: row.Payee, Account: row.Account, IBAN: row.IBAN, Name: row.Name, Check: row.Check,
			HolderName: row.Holder, TrustedFrom: row.TrustedFrom, Position: row.Position, At: row.SavedAt})
	}
	return wire.OK(w, list)
}
