package commands

import (
	"context"
	"time"

	"github.com/google/uuid"

	"florin/domain/account"
	"florin/domain/approval"
	"florin/domain/attempt"
	"florin/domain/authorisation"
	"florin/domain/batch"
	"florin/domain/card"
	"florin/domain/customer"
	"florin/domain/device"
	"florin/domain/directdebit"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/money"
	"florin/domain/notification"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/recovery"
	"florin/domain/session"
	"florin/domain/standing"
	"florin/domain/transfer"
)

// news is what a fact tells one customer.
type news struct {
	template string
	customer id.Customer // zero: nobody
	name     string      // tells several apart who are told of one fact; "" of the first
	about    string      // identifier of what it is about
	amount   money.Amount
	code     string    // why, if there is a reason
	step     int64     // of a login; the fact's version elsewhere
	expires  time.Time // of the messages; zero: noticeLife after the fact
	channels []string  // of what no inbox takes; else as preferred
	alert    bool      // devices are told too, whatever is preferred,
	but      id.Device // except this one
}

// cause is what the identifiers of what follows are derived from.
func (o news) cause(event uuid.UUID) uuid.UUID {
	if o.name == "" {
		return event
	}
	return DerivedID(event, o.name)
}

// occasion says what a kind of fact tells whom.
type occasion func(ctx context.Context, n *notifying, fact Happened) ([]news, error)

// occasions are all facts that customers are told of, by kind. To tell of another one,
// add a row, its texts (domain/notification/texts) and its category there.
var occasions = map[string]occasion{
	customer.Activated{}.Kind():         own("activated"),
	customer.Restricted{}.Kind():        own("restricted"),
	customer.SendingLimited{}.Kind():    own("sending-limited"),
	customer.PasswordChanged{}.Kind():   own("password-changed"),
	customer.FactorAdded{}.Kind():       own("factor-added"),
	customer.PasskeyAdded{}.Kind():      own("factor-added"),
	customer.FactorApproved{}.Kind():    own("factor-approved"),
	customer.FactorRemoved{}.Kind():     own("factor-removed"),
	customer.RecoveryCodesMade{}.Kind(): own("recovery-codes-made"),
	customer.RecoveryCodeUsed{}.Kind():  own("recovery-code-used"),
	customer.ContactChanged{}.Kind():    own("contact-changed"),
	customer.ContactRemoved{}.Kind():    own("contact-removed"),
	customer.RecoveryPermitted{}.Kind(): own("recovery-permitted"),
	customer.RecoveryObjected{}.Kind():  own("recovery-objected"),
	customer.Recovered{}.Kind():         recovered,
	customer.ContactRequested{}.Kind():  contactCode,
	recovery.Started{}.Kind():           recoveryBegun,
	grant.OTPRequested{}.Kind():         loginCode,

	device.Bound{}.Kind():           deviceBound,
	device.Revoked{}.Kind():         deviceRevoked,
	session.Revoked{}.Kind():        sessionMisused,
	attempt.Exhausted{}.Kind():      attemptsExhausted,
	approval.Requested{}.Kind():     approvalAsked,
	approval.RequestDenied{}.Kind(): loginDenied,

	account.Frozen{}.Kind():    onAccount("account-frozen"),
	account.Unfrozen{}.Kind():  onAccount("account-unfrozen"),
	account.Overdrawn{}.Kind(): onAccount("account-overdrawn"),
	account.Closed{}.Kind():    onAccount("account-closed"),

	account.TermsAnnounced{}.Kind(): onAccount("account-terms-announced"),
	account.TermsWithdrawn{}.Kind(): onAccount("account-terms-withdrawn"),

	account.HoldPlaced{}.Kind():          onAccount("hold-placed"),
	account.HoldLifted{}.Kind():          onAccount("hold-lifted"),
	account.DirectDebitsBlocked{}.Kind(): onAccount("direct-debits-blocked"),
	account.DirectDebitsAllowed{}.Kind(): onAccount("direct-debits-allowed"),

	account.LimitsChanged{}.Kind(): onAccount("account-limits-changed"),
	account.HolderInvited{}.Kind(): holderInvited,
	account.HolderAdded{}.Kind():   holdersChanged("holder-added"),
	account.HolderRemoved{}.Kind(): holdersChanged("holder-removed"),

	transfer.Posted{}.Kind():     transferPosted,
	transfer.Challenged{}.Kind(): onTransfer("transfer-challenged"),
	transfer.Scheduled{}.Kind():  onTransfer("transfer-scheduled"),
	transfer.Held{}.Kind():       onTransfer("transfer-held"),
	transfer.Rejected{}.Kind():   onTransfer("transfer-rejected"),
	transfer.Expired{}.Kind():    onTransfer("transfer-expired"),
	transfer.Cancelled{}.Kind():  withdrawn(onTransfer("transfer-dropped")),
	transfer.Reversed{}.Kind():   transferReversed,
	journal.Posted{}.Kind():      journalPosted,

	payment.Submitted{}.Kind():           onPayment("payment-sent"),
	payment.Challenged{}.Kind():          onPayment("payment-challenged"),
	payment.Scheduled{}.Kind():           onPayment("payment-scheduled"),
	payment.Held{}.Kind():                onPayment("payment-held"),
	payment.InvestigationOpened{}.Kind(): onPayment("payment-delayed"),
	payment.Rejected{}.Kind():            onPayment("payment-rejected"),
	payment.Returned{}.Kind():            onPayment("payment-returned"),
	payment.Expired{}.Kind():             onPayment("payment-expired"),
	payment.Cancelled{}.Kind():           withdrawn(onPayment("payment-dropped")),
	payment.Recalled{}.Kind():            onPayment("payment-recalled"),
	payment.RecallDenied{}.Kind():        onPayment("payment-recall-denied"),
	payment.RecallDelayed{}.Kind():       onPayment("payment-recall-delayed"),

	paymentfile.Challenged{}.Kind(): onPaymentFile,
	paymentfile.Completed{}.Kind():  onPaymentFile,
	paymentfile.Rejected{}.Kind():   onPaymentFile,
	paymentfile.Expired{}.Kind():    onPaymentFile,
	paymentfile.Cancelled{}.Kind():  withdrawn(onPaymentFile),

	mandate.Granted{}.Kind():     mandateMade,
	mandate.Registered{}.Kind():  mandateMade,
	directdebit.Refused{}.Kind(): directDebitRefused,

	batch.Challenged{}.Kind(): onBatch("batch-challenged"),
	batch.Held{}.Kind():       onBatch("batch-held"),
	batch.Executed{}.Kind():   onBatch("batch-executed"),
	batch.Rejected{}.Kind():   onBatch("batch-rejected"),
	batch.Expired{}.Kind():    onBatch("batch-expired"),
	batch.Cancelled{}.Kind():  withdrawn(onBatch("batch-dropped")),

	standing.Challenged{}.Kind(): onStanding("standing-order-challenged"),
	standing.Rejected{}.Kind():   onStanding("standing-order-rejected"),
	standing.Expired{}.Kind():    onStanding("standing-order-expired"),
	standing.Authorised{}.Kind(): onStanding("standing-order-placed"),
	standing.Failed{}.Kind():     onStanding("standing-order-failed"),
	standing.Skipped{}.Kind():    onStanding("standing-order-skipped"),
	standing.Cancelled{}.Kind():  onStanding("standing-order-cancelled"),
	standing.Ended{}.Kind():      onStanding("standing-order-ended"),
	payee.Saved{}.Kind():         payeeSaved,

	card.Issued{}.Kind():            onCard("card-ordered"),
	card.Personalised{}.Kind():      onCard("card-made"),
	card.Frozen{}.Kind():            onCard("card-frozen"),
	card.Unfrozen{}.Kind():          onCard("card-unfrozen"),
	card.LimitsSet{}.Kind():         onCard("card-limits-changed"),
	card.Replaced{}.Kind():          onCard("card-replaced"),
	card.Closed{}.Kind():            onCard("card-closed"),
	authorisation.Approved{}.Kind(): onAuthorisation("card-used"),
	authorisation.Declined{}.Kind(): onAuthorisation("card-declined"),
	authorisation.Refunded{}.Kind(): onAuthorisation("card-refunded"),
}

// own tells the customer in whose stream the fact lies.
func own(template string) occasion {
	return func(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
		return []news{{template: template, customer: id.From[id.Customer](uuidIn(fact.Stream)), step: int64(fact.Version)}}, nil
	}
}

func recovered(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	told := news{template: "recovered", customer: id.From[id.Customer](uuidIn(fact.Stream))}
	if fact.Event.(customer.Recovered).PaymentsFrom.IsZero() {
		told.template = "unlocked"
	}
	return []news{told}, nil
}

// contactCode goes to the new address alone.
func contactCode(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	asked := fact.Event.(customer.ContactRequested)
	return []news{{template: "contact-code", customer: id.From[id.Customer](uuidIn(fact.Stream)), channels: []string{channelOf(asked.Type)},
		step: int64(fact.Version), expires: asked.ExpiresAt}}, nil
}

func recoveryBegun(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	begun := fact.Event.(recovery.Started)
	return []news{{template: "recovery-code", customer: begun.Customer, channels: []string{notification.Email, notification.SMS}, expires: begun.ExpiresAt}}, nil
}

// loginCode is for a one-time password that is to be sent, unless the login is
// nobody's, or wrong already: then who waits for it waits in vain.
func loginCode(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	request := fact.Event.(grant.OTPRequested)
	state, err := n.bank.grants.look(ctx, id.From[id.Grant](uuidIn(fact.Stream)))
	if err != nil || !state.Right() {
		return nil, err
	}
	return []news{{template: "login-code", customer: state.Customer, channels: []string{request.Method}, step: request.Step, expires: request.ExpiresAt}}, nil
}

func deviceBound(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	bound := id.From[id.Device](uuidIn(fact.Stream))
	return []news{{template: "device-bound", customer: fact.Event.(device.Bound).Customer, about: bound.String(), alert: true, but: bound}}, nil
}

func deviceRevoked(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	of := id.From[id.Device](uuidIn(fact.Stream))
	gone, err := n.bank.devices.look(ctx, of)
	told := news{template: "device-removed", customer: gone.Customer, about: of.String()}
	if gone.Lost {
		told.template = "device-lost"
	}
	return []news{told}, err
}

func sessionMisused(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	if reason := fact.Event.(session.Revoked).Reason; reason != "refresh-token-reused" && reason != "code-replayed" {
		return nil, nil
	}
	of := id.From[id.Session](uuidIn(fact.Stream))
	family, err := n.bank.sessions.look(ctx, of)
	return []news{{template: "session-misused", customer: family.Customer, about: of.String()}}, err
}

func attemptsExhausted(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	e := fact.Event.(attempt.Exhausted)
	return []news{{template: "attempts-" + e.Class, customer: e.Customer}}, nil
}

// approvalAsked tells the devices which may answer that there is something to
// answer. What it is they ask the bank for: a push message lies on other people's
// servers, and on a locked screen.
func approvalAsked(_ context.Context, _ *notifying, fact Happened) ([]news, error) {
	asked := fact.Event.(approval.Requested)
	return []news{{template: "approval-requested", customer: asked.Customer, channels: []string{notification.Push}, but: asked.Device, expires: asked.ExpiresAt}}, nil
}

func loginDenied(ctx context.Context, n *notifying, fact Happened) ([]news, error) {
	desk, err := n.bank.approvals.look(ctx, id.From[id.Approvals](uuidIn(fact.Stream)))
	request, _ := desk.Find(fact.Event.(approval.RequestDenied).Approval)
	if err != nil || request.Purpose != approval.Login {
		return nil, err
	}
	return []news{{template: "login-denied", customer: request.Customer}}, nil
}
