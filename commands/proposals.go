package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/proposal"
)

// Proposals are the verbs of what takes two operators.
type Proposals struct{ bank *Bank }

// Proposals gives the verbs of proposals.
func (b *Bank) Proposals() Proposals { return Proposals{b} }

// Propose asks for something that a second operator has to approve. The order's
// reason is a code.
type Propose struct {
	Type    string
	Details proposal.Details
	Product proposal.Product // of those about one
	Posting proposal.Posting
	Policy  RiskPolicyChange // likewise
	DataSet DataSetChange    // likewise
}

// ProposalAnswer is a proposal as a verb left it. Transfer and Journal are what an
// approved one has led to; Code is the part of an enrolment code that is this
// operator's to hand over.
type ProposalAnswer struct {
	Proposal  id.Proposal
	Type      string
	Status    string
	ExpiresAt time.Time
	Transfer  id.Transfer
	Journal   id.Journal
	Code      string
	At        time.Time
}

// The states of a proposal, as they are told.
const (
	ProposalPending   = "pending"
	ProposalApproved  = "approved"
	ProposalRejected  = "rejected"
	ProposalWithdrawn = "withdrawn"
	ProposalExpired   = "expired"
)

// Propose makes a proposal. What could not be done now is refused now, with the
// refusal that doing it would meet: that it can be done is tried, and taken back.
func (p Proposals) Propose(ctx context.Context, order Order, ask Propose) (ProposalAnswer, Outcome, error) {
	b := p.bank
	made, by := id.From[id.Proposal](DerivedID(order.ID, "proposal")), operatorOf(order.Caller)
	return execute(ctx, b, "proposal.make", order, streams(made, by), func(w *work) error {
		b.proposals.begin(w, made)
		if err := p.mayDecide(w, by, proposal.Scope(ask.Type)); err != nil {
			return err
		}
		policy, err := b.change(w, ask.Policy)
		if err != nil {
			return err
		}
		set, err := b.dataSetAsked(w, ask.DataSet)
		if err != nil {
			return err
		}
		command := proposal.Make{Proposal: made, Type: ask.Type, Details: ask.Details, Product: ask.Product, Posting: ask.Posting, RiskPolicy: policy, DataSet: set,
			Reason: order.Caller.Reason, Proposer: by, At: order.At}
		if _, err := (proposal.State{}).Decide(command); err != nil {
			return err
		}
		concerns, err := p.tried(w, command)
		if err != nil {
			return err
		}
		if !concerns.IsZero() {
			w.order.Caller.actFor(concerns)
			w.under(ofCustomer(concerns))
		}
		return b.proposals.decide(w, made, command)
	}, p.answer(by))
}

var errTried = errors.New("commands: only tried")

// tried does what is proposed, and takes it back.
func (p Proposals) tried(w *work, c proposal.Make) (concerns id.Customer, err error) {
	err = try(w, func() (err error) {
		if concerns, err = p.perform(w, proposal.State{Product: c.Product, Posting: c.Posting, RiskPolicy: c.RiskPolicy, DataSet: c.DataSet,
			Made: proposal.Made{Proposal: c.Proposal, Type: c.Type, Details: c.Details, Reason: c.Reason, Proposer: c.Proposer}}); err == nil {
			err = errTried
		}
		return err
	})
	if err == errTried {
		err = nil
	}
	return concerns, err
}

// Approve agrees to a proposal, and does in the same commit what was proposed. The
// commit names the proposer as actor, the caller as approver, and the proposal's
// reason; session, key and token are the caller's.
//
// Refusals: proposal.ErrOwn, ErrOver, ErrScope, ErrPerson; and those of what was
// proposed, which leave the proposal as it is.
func (p Proposals) Approve(ctx context.Context, order Order, approved id.Proposal) (ProposalAnswer, Outcome, error) {
	b, by := p.bank, operatorOf(order.Caller)
	before, err := b.proposals.look(ctx, approved) // for what never changes
	if err != nil {
		return ProposalAnswer{}, Outcome{}, err
	}
	if !before.Proposal.IsZero() && before.Proposer != by {
		order.Caller.Actor, order.Caller.Approver, order.Caller.Reason = before.Proposer.UUID(), by.UUID(), before.Reason
	}
	return execute(ctx, b, "proposal.approve", order, streams(approved, by, before.Proposer), func(w *work) error {
		state, err := p.decidable(w, approved, by)
		if err != nil {
			return err
		}
		if err := b.proposals.decide(w, approved, proposal.Approve{By: by, At: order.At}); err != nil {
			return err
		}
		if err := p.mayPropose(w, state.Proposer, state.Scope); err != nil {
			return err
		}
		concerns, err := p.perform(w, state)
		w.order.Caller.actFor(concerns)
		return err
	}, p.answer(by))
}

// Reject disagrees; the order's reason is a code.
func (p Proposals) Reject(ctx context.Context, order Order, rejected id.Proposal) (ProposalAnswer, Outcome, error) {
	b, by := p.bank, operatorOf(order.Caller)
	return execute(ctx, b, "proposal.reject", order, streams(rejected, by), func(w *work) error {
		if _, err := p.decidable(w, rejected, by); err != nil {
			return err
		}
		return b.proposals.decide(w, rejected, proposal.Reject{By: by, Reason: order.Caller.Reason, At: order.At})
	}, p.answer(by))
}

// Withdraw takes one's own proposal back; the order's reason is a code.
func (p Proposals) Withdraw(ctx context.Context, order Order, withdrawn id.Proposal) (ProposalAnswer, Outcome, error) {
	b, by := p.bank, operatorOf(order.Caller)
	return execute(ctx, b, "proposal.withdraw", order, streams(withdrawn), func(w *work) error {
		return b.proposals.decide(w, withdrawn, proposal.Withdraw{By: by, Reason: order.Caller.Reason, At: order.At})
	}, p.answer(by))
}

// operatorOf is the operator who asks; zero for anybody else.
func operatorOf(caller Caller) id.Operator {
	if caller.ActorType != ActorOperator {
		return id.Operator{}
	}
	return id.From[id.Operator](caller.Actor)
}

// mayDecide refuses a caller whose token or roles do not reach so far, now.
func (p Proposals) mayDecide(w *work, by id.Operator, scope string) error {
	if scope == "" {
		return proposal.ErrType
	}
	if !slices.Contains(w.order.Caller.Scopes, scope) {
		return proposal.ErrScope
	}
	return p.mayPropose(w, by, scope)
}

// mayPropose refuses an operator who is one no more, or has lost the scope. What it
// looked at still holds when the command is committed.
func (p Proposals) mayPropose(w *work, by id.Operator, scope string) error {
	if by.IsZero() {
		return proposal.ErrScope
	}
	state, err := p.bank.operators.load(w, by)
	if err == nil && !state.Has(scope) {
		err = proposal.ErrScope
	}
	return err
}

// decidable is a proposal that this person may decide on.
func (p Proposals) decidable(w *work, asked id.Proposal, by id.Operator) (proposal.State, error) {
	state, err := p.bank.proposals.load(w, asked)
	switch {
	case err != nil:
		return state, err
	case state.Proposal.IsZero():
		return state, proposal.ErrUnknown
	}
	if err := p.mayDecide(w, by, state.Scope); err != nil {
		return state, err
	}
	person, err := p.bank.operators.load(w, by)
	if err == nil && !person.Person() {
		err = proposal.ErrPerson
	}
	return state, err
}

func (p Proposals) answer(by id.Operator) func([]Fact) (ProposalAnswer, error) {
	return func(facts []Fact) (answer ProposalAnswer, err error) {
		for _, fact := range facts {
			event, ok := fact.Event.(proposal.Event)
			if !ok {
				continue
			}
			answer.Proposal = id.From[id.Proposal](uuidIn(fact.Stream))
			switch e := event.(type) {
			case proposal.Made:
				answer.Type, answer.Status, answer.ExpiresAt, answer.At = e.Type, ProposalPending, e.ExpiresAt, e.At
			case proposal.Approved:
				answer.Status, answer.At = ProposalApproved, e.At
				answer, err = p.done(answer, facts)
			case proposal.Rejected:
				answer.Status, answer.At = ProposalRejected, e.At
			case proposal.Withdrawn:
				answer.Status, answer.At = ProposalWithdrawn, e.At
			}
		}
		if answer.Proposal.IsZero() && err == nil {
			err = fmt.Errorf("commands: no proposal in what %s did", by)
		}
		return answer, err
	}
}

// CodePart is the part of an enrolment's code that is an operator's to hand over:
// the first one is the proposer's, the second the approver's, so that neither can
// enrol in another's place. "" for anybody else, and for any other proposal.
func (p Proposals) CodePart(ctx context.Context, of id.Proposal, caller Caller, approver id.Operator) (string, error) {
	state, err := p.bank.proposals.look(ctx, of)
	if err != nil || state.Type != proposal.Enrolment {
		return "", err
	}
	code, err := p.bank.enrolmentCode(state.Details.Operator, enrolmentOf(state.Made))
	first, second, _ := strings.Cut(code, "-")
	switch by := operatorOf(caller); {
	case err != nil || by.IsZero() || approver.IsZero():
		return "", err
	case by == state.Proposer:
		return first, nil
	case by == approver:
		return second, nil
	}
	return "", nil
}

// TakesTwo tells whether an amount is more than one operator pays in by hand.
func (b *Bank) TakesTwo(amount money.Amount) bool {
	limit, err := units(b.settings.Money.DepositAloneUnits, amount.Currency)
	return err != nil || amount.Minor > limit.Minor
}
