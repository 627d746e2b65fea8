package service

import (
	"context"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/schemas"
)

// AccountDebitsAnswer tells on the wire whether anybody may collect from an account.
type AccountDebitsAnswer struct {
	Account  id.Account        `json:"account"`
	Blocked  bool              `json:"direct_debits_blocked"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at,omitzero"`
}

// Block lets nobody collect from an account of the caller's.
func (s DirectDebits) Block(w http.ResponseWriter, r *http.Request) error {
	return s.onAccount(w, r, s.Bank.Accounts().BlockDirectDebits)
}

// Allow ends Block.
func (s DirectDebits) Allow(w http.ResponseWriter, r *http.Request) error {
	return s.onAccount(w, r, s.Bank.Accounts().AllowDirectDebits)
}

func (s DirectDebits) onAccount(w http.ResponseWriter, r *http.Request,
	act func(context.Context, commands.Order, id.Account) (commands.DirectDebitsAnswer, commands.Outcome, error)) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.Account](r)
	if err != nil {
		return err
	}
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := act(r.Context(), s.order(r, call), asked)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, AccountDebitsAnswer{Account: answer.Account, Blocked: answer.Blocked, Position: outcome.Receipt.Last, At: answer.At})
}

// Collect is another bank that collects from an account of the caller's: 201, collected
// or refused.
func (s Simulate) Collect(w http.ResponseWriter, r *http.Request) error {
	body, err := wire.Decode[schemas.CollectDirectDebit](CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	ask, err := collectionOf(body)
	if err != nil {
		return err
	}
	owner, err := s.Bank.Accounts().NumberOwner(r.Context(), ask.Debtor)
	switch {
	case err != nil:
		return err
	case owner.IsZero(), owner != CallOf(r.Context()).Caller.Customer:
		return problem.NotFound
	}
	return DirectDebits(s).Collect(w, r)
}
