package commands

import (
	"context"
	"fmt"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/operator"
	"florin/domain/session"
	"florin/schemas"
	"florin/schemas/seal"
)

// Operators are the verbs of operators.
type Operators struct{ bank *Bank }

// Operators gives the verbs of operators.
func (b *Bank) Operators() Operators { return Operators{b} }

// CreateOperator asks for an operator whose assertions Key checks.
type CreateOperator struct {
	Name   domain.Profile
	Scopes []string
	Key    domain.PublicKey
}

// OperatorAnswer is an operator as the verb left it. ClientID is what the
// operator's assertions name as issuer and subject.
type OperatorAnswer struct {
	Operator id.Operator
	ClientID string
	Scopes   []string
}

// Create makes an operator. Whoever runs the binary on the host may.
func (o Operators) Create(ctx context.Context, order Order, ask CreateOperator) (OperatorAnswer, Outcome, error) {
	b := o.bank
	created := id.From[id.Operator](DerivedID(order.ID, "operator"))
	order.Asked = schemas.CreateOperator{Name: ask.Name.Reveal(), Scopes: ask.Scopes, Key: ask.Key}
	return execute(ctx, b, "operator.create", order, streams(created), func(w *work) error {
		w.under(seal.Subject{Kind: ActorOperator, ID: created.UUID()})
		b.operators.begin(w, created)
		return b.operators.decide(w, created, operator.Create{Operator: created, Name: ask.Name, Scopes: ask.Scopes, Key: ask.Key, At: order.At})
	}, func(facts []Fact) (OperatorAnswer, error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(operator.Created); ok {
				return OperatorAnswer{e.Operator, e.Operator.String(), e.Scopes}, nil
			}
		}
		return OperatorAnswer{}, fmt.Errorf("commands: no operator in %s", order.ID)
	})
}

// GrantScopes sets an operator's scopes anew.
func (o Operators) GrantScopes(ctx context.Context, order Order, to id.Operator, scopes []string) (Outcome, error) {
	order.Asked = schemas.GrantScopes{Operator: to, Scopes: scopes}
	return o.decide(ctx, order, "operator.grant_scopes", to, operator.GrantScopes{Scopes: scopes, At: order.At})
}

// Disable ends an operator for good, and every session; reason is a code.
func (o Operators) Disable(ctx context.Context, order Order, disabled id.Operator, reason string) (Outcome, error) {
	order.Asked = schemas.DisableOperator{Operator: disabled, Reason: reason}
	_, outcome, err := execute(ctx, o.bank, "operator.disable", order, streams(disabled), func(w *work) error {
		return o.bank.disableOperator(w, disabled, reason)
	}, nothing)
	return outcome, err
}

func (b *Bank) disableOperator(w *work, disabled id.Operator, reason string) error {
	if err := b.endOperator(w, disabled, "operator-disabled"); err != nil {
		return err
	}
	return b.operators.decide(w, disabled, operator.Disable{Reason: reason, At: w.order.At})
}

// endOperator ends every session that a login of the operator's began.
func (b *Bank) endOperator(w *work, of id.Operator, reason string) error {
	state, err := b.operators.load(w, of)
	if err != nil {
		return err
	}
	for _, joined := range state.Sessions {
		revoke := session.Revoke{By: w.order.Caller.ActorType, Reason: reason, At: w.order.At}
		if err := b.sessions.decide(w, joined.Session, revoke); err != nil {
			return err
		}
	}
	return nil
}

func (o Operators) decide(ctx context.Context, order Order, verb string, of id.Operator, command operator.Command) (Outcome, error) {
	_, outcome, err := execute(ctx, o.bank, verb, order, streams(of), func(w *work) error {
		return o.bank.operators.decide(w, of, command)
	}, nothing)
	return outcome, err
}
