package commands

import (
	"context"
	"encoding/binary"
	"strconv"
	"time"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/device"
	"florin/domain/id"
	"florin/eventbus"
)

// Approvals are the verbs of what customers are asked to approve on a device of
// theirs. None of them reads a read model: a phone that was told of a request
// finds it, and whoever waits for the answer learns of it with the next poll.
type Approvals struct{ bank *Bank }

// Approvals gives the verbs of approvals.
func (b *Bank) Approvals() Approvals { return Approvals{b} }

// WaitingApproval is a request as the approving device shows it. Display is
// approval.Statement's text, verbatim.
type WaitingApproval struct {
	Approval    id.Approval
	Display     domain.Evidence
	RequestedAt time.Time
	ExpiresAt   time.Time
}

// List is what the caller's device may answer now: at most one request.
func (a Approvals) List(ctx context.Context, order Order) ([]WaitingApproval, error) {
	b, caller := a.bank, order.Caller
	from, err := b.devices.look(ctx, caller.Device)
	if err != nil || !answers(from, caller.Customer) {
		return nil, err
	}
	desk := approvalsOf(caller.Customer)
	state, err := b.approvals.look(ctx, desk)
	if err != nil {
		return nil, err
	}
	waiting, there := state.Waiting(order.At)
	if !there || !waiting.MayAnswer(caller.Device, from.BoundAt) {
		return nil, nil
	}
	asker, err := b.devices.look(ctx, waiting.Device)
	if err != nil || asker.Revoked {
		return nil, err
	}
	display, err := b.displayed(ctx, desk, waiting)
	if err != nil || display.IsZero() || display.Erased() {
		return nil, err
	}
	return []WaitingApproval{{waiting.Approval, display, waiting.At, waiting.ExpiresAt}}, nil
}

// answers tells whether a device may answer for a customer at all.
func answers(from device.State, customer id.Customer) bool {
	return from.Usable() && !customer.IsZero() && from.Customer == customer && !from.SCAKey.IsZero()
}

// displayed reads the statement of a request from the log: states hold none.
func (b *Bank) displayed(ctx context.Context, desk id.Approvals, request approval.Request) (domain.Evidence, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(desk.Stream()), eventbus.Version(request.Version-1)) {
		if err != nil {
			return domain.Evidence{}, err
		}
		event, err := b.treaty.Approvals.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		requested, _ := event.(approval.Requested)
		return requested.Statement, err
	}
	return domain.Evidence{}, nil
}

// AnswerApproval is a decision. Proven says that the SCA key of the caller's device
// has signed Statement, Decision and Number; what could not be read at all comes
// unproven.
type AnswerApproval struct {
	Approval         id.Approval
	Statement        approval.Statement
	Decision, Number string
	Proven           bool
	Evidence         domain.Evidence // the signed answer
}

// ApprovalAnswer is what an answer has led to.
type ApprovalAnswer struct {
	Approval id.Approval
	Status   approval.Status // approved or denied
	Reason   string          // of a denial
	At       time.Time
}

// Answer decides a request. A wrong number denies. Refusals, which change nothing:
// approval.ErrUnknown for what is not the caller's, ErrDevice, ErrEnded for what was
// decided already, ErrSCA for whatever is wrong with the signed answer.
func (a Approvals) Answer(ctx context.Context, order Order, ask AnswerApproval) (ApprovalAnswer, Outcome, error) {
	b := a.bank
	number, err := b.approvalNumber(ask.Approval)
	if err != nil {
		return ApprovalAnswer{}, Outcome{}, err
	}
	desk := approvalsOf(order.Caller.Customer)
	return execute(ctx, b, "approval.answer", order, streams(desk), func(w *work) error {
		return b.answerApproval(w, desk, ask, number)
	}, func(facts []Fact) (ApprovalAnswer, error) {
		answer := ApprovalAnswer{Approval: ask.Approval}
		for _, fact := range facts {
			switch e := fact.Event.(type) {
			case approval.RequestApproved:
				answer.Status, answer.At = approval.Approved, e.At
			case approval.RequestDenied:
				answer.Status, answer.Reason, answer.At = approval.Denied, e.Reason, e.At
			}
		}
		return answer, nil
	})
}

func (b *Bank) answerApproval(w *work, desk id.Approvals, ask AnswerApproval, number string) error {
	caller := w.order.Caller
	state, err := b.approvals.load(w, desk)
	if err != nil {
		return err
	}
	request, known := state.Find(ask.Approval)
	if !known {
		return approval.ErrUnknown
	}
	from, err := b.devices.load(w, caller.Device)
	if err != nil {
		return err
	}
	command := approval.Answer{
		Approval: ask.Approval, Device: caller.Device, BoundAt: from.BoundAt, Hardware: from.SCAHardware,
		Statement: ask.Statement, Decision: ask.Decision, Proven: ask.Proven, NumberRight: ask.Number == number, Evidence: ask.Evidence, At: w.order.At,
	}
	if !answers(from, caller.Customer) {
		command.BoundAt = time.Time{}
	}
	trusted, err := w.trusted(request.Device) // that asks
	if err != nil {
		return err
	}
	if !trusted {
		return approval.ErrEnded
	}
	w.under(ofCustomer(caller.Customer))
	if err := b.approvals.decide(w, desk, command); err != nil || request.Consent.IsZero() {
		return err
	}
	return b.answerConsent(w, desk, request)
}

// dropApprovals withdraws what waits for a customer's answer.
func (b *Bank) dropApprovals(w *work, of id.Customer, reason string) error {
	if of.IsZero() {
		return nil
	}
	return b.approvals.decide(w, approvalsOf(of), approval.Drop{Reason: reason, At: w.order.At})
}

// approvalsOf is where a customer's requests are.
func approvalsOf(customer id.Customer) id.Approvals {
	return id.From[id.Approvals](DerivedID(customer.UUID(), "approvals"))
}

// vainApprovals is where the requests are that nobody is to see: of a name that is
// nobody's, and of logins that are wrong already.
func vainApprovals(budget id.Attempts) id.Approvals {
	return id.From[id.Approvals](DerivedID(budget.UUID(), "approvals"))
}

// newApproval names a request, for a command: nobody can guess the identifier of
// another's (CVE-2022-39222).
func (b *Bank) newApproval(order Order) (id.Approval, error) {
	digest, err := b.mac(keyApproval, order.ID[:])
	if err != nil {
		return id.Approval{}, err
	}
	return id.From[id.Approval](uuidOf(digest)), nil
}

// approvalNumber is what the asking device shows. It is derived by whoever shows it
// and by whoever checks it, and stands nowhere.
func (b *Bank) approvalNumber(of id.Approval) (string, error) {
	u := of.UUID()
	digest, err := b.mac(keyNumber, u[:])
	if err != nil {
		return "", err
	}
	const numbers = approval.NumberMax - approval.NumberMin + 1
	return strconv.FormatUint(approval.NumberMin+binary.BigEndian.Uint64(digest)%numbers, 10), nil
}
