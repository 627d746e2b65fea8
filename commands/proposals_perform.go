package commands

import (
	"fmt"
	"strings"

	"florin/domain/account"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/operator"
	"florin/domain/proposal"
	"florin/domain/transfer"
)

// perform does what was proposed, as part of the command that it is called in, and
// says which customer it concerns, if one. What it makes is named after the
// proposal, so that it is made once.
func (p Proposals) perform(w *work, state proposal.State) (concerns id.Customer, err error) {
	b, made, at := p.bank, state.Made, w.order.At
	d := made.Details
	switch made.Type {
	case proposal.Reversal:
		original, err := b.transfers.load(w, d.Transfer)
		if err != nil {
			return concerns, err
		}
		ask := ReverseTransfer{Transfer: d.Transfer, Amount: d.Amount, Reference: d.Reference}
		return original.Customer, reverse(w, reversalOf(made), ask)
	case proposal.Deposit:
		creditor, err := b.accounts.load(w, d.Account)
		if err != nil {
			return concerns, err
		}
		return creditor.Customer, deposit(w, depositOf(made), MakeDeposit{To: d.Account, Amount: d.Amount, Reference: d.Reference})
	case proposal.Erasure:
		if err := b.customers.decide(w, d.Customer, customer.RequestErasure{Requester: ActorOperator, LegalBasis: d.LegalBasis, At: at}); err != nil {
			return concerns, err
		}
		return d.Customer, b.endCustomer(w, d.Customer, id.Session{}, "erasure-requested")
	case proposal.Activation:
		return d.Customer, b.customers.decide(w, d.Customer, customer.Activate{At: at})
	case proposal.Unfreezing:
		frozen, err := b.accounts.load(w, d.Account)
		if err != nil {
			return concerns, err
		}
		return frozen.Customer, b.accounts.decide(w, d.Account, account.Unfreeze{Reason: made.Reason, At: at})
	case proposal.Suspense, proposal.WriteOff:
		return clearAway(w, state)
	case proposal.ProductDefinition:
		return concerns, b.define(w, state.Product)
	case proposal.ProductRetirement:
		return concerns, b.retire(w, state.Product, made.Reason)
	case proposal.RiskPolicyActivation, proposal.RiskPolicyRetirement:
		return concerns, b.changePolicy(w, state.RiskPolicy, made.Proposer, id.From[id.Operator](w.order.Caller.Approver), made.Reason)
	case proposal.DataSetChange:
		return concerns, b.changeDataSet(w, state.DataSet, made.Proposer, id.From[id.Operator](w.order.Caller.Approver), made.Reason)
	case proposal.RoleGrant:
		return concerns, b.operators.decide(w, d.Operator, operator.GrantRole{Role: d.Role, At: at})
	case proposal.RoleWithdrawal:
		if err := b.operators.decide(w, d.Operator, operator.WithdrawRole{Role: d.Role, At: at}); err != nil {
			return concerns, err
		}
		return concerns, b.endOperator(w, d.Operator, "role-withdrawn")
	case proposal.Disabling:
		return concerns, b.disableOperator(w, d.Operator, made.Reason)
	case proposal.Enrolment:
		return concerns, b.openEnrolment(w, d.Operator, enrolmentOf(made))
	}
	return concerns, proposal.ErrType
}

func reversalOf(made proposal.Made) id.Transfer {
	return id.From[id.Transfer](DerivedID(made.Proposal.UUID(), "reversal"))
}

func depositOf(made proposal.Made) id.Journal {
	return id.From[id.Journal](DerivedID(made.Proposal.UUID(), "journal"))
}

func enrolmentOf(made proposal.Made) id.Factor {
	return id.From[id.Factor](DerivedID(made.Proposal.UUID(), "enrolment"))
}

// done adds what an approved proposal has led to.
func (p Proposals) done(answer ProposalAnswer, facts []Fact) (ProposalAnswer, error) {
	for _, fact := range facts {
		switch e := fact.Event.(type) {
		case transfer.Initiated:
			answer.Transfer = e.Transfer
		case journal.Posted:
			answer.Journal = e.Journal
		case operator.EnrolmentOpened:
			code, err := p.bank.enrolmentCode(id.From[id.Operator](uuidIn(fact.Stream)), e.Factor)
			if err != nil {
				return answer, fmt.Errorf("commands: enrolment code: %w", err)
			}
			_, answer.Code, _ = strings.Cut(code, "-")
		}
	}
	return answer, nil
}
