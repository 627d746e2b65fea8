package commands

import (
	"florin/domain/access"
	"florin/domain/account"
	"florin/domain/approval"
	"florin/domain/attempt"
	"florin/domain/authorisation"
	"florin/domain/batch"
	"florin/domain/card"
	"florin/domain/client"
	"florin/domain/clock"
	"florin/domain/consent"
	"florin/domain/customer"
	"florin/domain/dataset"
	"florin/domain/device"
	"florin/domain/directdebit"
	"florin/domain/fraud"
	"florin/domain/fraudcase"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/incoming"
	"florin/domain/journal"
	"florin/domain/mandate"
	"florin/domain/notification"
	"florin/domain/operator"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/product"
	"florin/domain/proposal"
	"florin/domain/quota"
	"florin/domain/recovery"
	"florin/domain/risk"
	"florin/domain/riskpolicy"
	"florin/domain/session"
	"florin/domain/signing"
	"florin/domain/standing"
	"florin/domain/stuffing"
	"florin/domain/transfer"
	"florin/domain/webhook"
)

// accountShape is raised whenever account.State changes in fields or meaning.
const accountShape = 6

// shelves are the states of all aggregates, one shelf for each kind.
type shelves struct {
	accesses       *shelf[id.Access, access.State, access.Command, access.Event]
	accounts       *shelf[id.Account, account.State, account.Command, account.Event]
	approvals      *shelf[id.Approvals, approval.State, approval.Command, approval.Event]
	attempts       *shelf[id.Attempts, attempt.State, attempt.Command, attempt.Event]
	batches        *shelf[id.Batch, batch.State, batch.Command, batch.Event]
	authorisations *shelf[id.Authorisation, authorisation.State, authorisation.Command, authorisation.Event]
	cards          *shelf[id.Card, card.State, card.Command, card.Event]
	clients        *shelf[id.Client, client.State, client.Command, client.Event]
	clocks         *shelf[id.Clock, clock.State, clock.Command, clock.Event]
	consents       *shelf[id.Consent, consent.State, consent.Command, consent.Event]
	customers      *shelf[id.Customer, customer.State, customer.Command, customer.Event]
	decisions      *shelf[id.Decision, risk.State, risk.Command, risk.Event]
	creditors      *shelf[id.Creditor, mandate.Creditor, mandate.CreditorCommand, mandate.CreditorEvent]
	deliveries     *shelf[id.Delivery, webhook.Delivery, webhook.DeliveryCommand, webhook.DeliveryEvent]
	devices        *shelf[id.Device, device.State, device.Command, device.Event]
	directDebits   *shelf[id.DirectDebit, directdebit.State, directdebit.Command, directdebit.Event]
	frauds         *shelf[id.Fraud, fraud.State, fraud.Label, fraud.Event]
	fraudCases     *shelf[id.FraudCase, fraudcase.State, fraudcase.Command, fraudcase.Event]
	grants         *shelf[id.Grant, grant.State, grant.Command, grant.Event]
	inboxes        *shelf[id.Inbox, notification.Inbox, notification.InboxCommand, notification.InboxEvent]
	incoming       *shelf[id.Incoming, incoming.State, incoming.Command, incoming.Event]
	journals       *shelf[id.Journal, journal.State, journal.Command, journal.Event]
	names          *shelf[id.Claim, customer.Name, customer.NameCommand, customer.NameEvent]
	mandates       *shelf[id.Mandate, mandate.State, mandate.Command, mandate.Event]
	notifications  *shelf[id.Notification, notification.State, notification.Command, notification.Event]
	numbers        *shelf[id.Claim, account.Number, account.Assign, account.NumberEvent]
	operators      *shelf[id.Operator, operator.State, operator.Command, operator.Event]
	paymentFiles   *shelf[id.PaymentFile, paymentfile.State, paymentfile.Command, paymentfile.Event]
	payments       *shelf[id.Payment, payment.State, payment.Command, payment.Event]
	recoveries     *shelf[id.Recovery, recovery.State, recovery.Command, recovery.Event]
	proposals      *shelf[id.Proposal, proposal.State, proposal.Command, proposal.Event]
	riskPolicies   *shelf[id.RiskPolicy, riskpolicy.State, riskpolicy.Command, riskpolicy.Event]
	riskVersions   *shelf[id.RiskPolicy, riskpolicy.Version, riskpolicy.Submit, riskpolicy.VersionEvent]
	dataSets       *shelf[id.DataSet, dataset.State, dataset.Command, dataset.Event]
	sessions       *shelf[id.Session, session.State, session.Command, session.Event]
	signings       *shelf[id.Signing, signing.State, signing.Command, signing.Event]
	transfers      *shelf[id.Transfer, transfer.State, transfer.Command, transfer.Event]
	webhooks       *shelf[id.Webhook, webhook.State, webhook.Command, webhook.Event]
	orders         *shelf[id.StandingOrder, standing.State, standing.Command, standing.Event]
	payees         *shelf[id.Payees, payee.State, payee.Command, payee.Event]
	stuffing       *shelf[id.Stuffing, stuffing.State, stuffing.Command, stuffing.Event]
	quotas         *shelf[id.Quota, quota.State, quota.Command, quota.Event]
	products       *shelf[id.Product, product.State, product.Command, product.Event]
}

func newShelves(b *Bank) shelves {
	t := b.treaty
	s := shelves{
		accesses:       newShelf[id.Access, access.State, access.Command](b, t.Accesses),
		accounts:       newShelf[id.Account, account.State, account.Command](b, t.Accounts),
		approvals:      newShelf[id.Approvals, approval.State, approval.Command](b, t.Approvals),
		attempts:       newShelf[id.Attempts, attempt.State, attempt.Command](b, t.Attempts),
		batches:        newShelf[id.Batch, batch.State, batch.Command](b, t.Batches),
		authorisations: newShelf[id.Authorisation, authorisation.State, authorisation.Command](b, t.Authorisations),
		cards:          newShelf[id.Card, card.State, card.Command](b, t.Cards),
		clients:        newShelf[id.Client, client.State, client.Command](b, t.Clients),
		clocks:         newShelf[id.Clock, clock.State, clock.Command](b, t.Clocks),
		consents:       newShelf[id.Consent, consent.State, consent.Command](b, t.Consents),
		customers:      newShelf[id.Customer, customer.State, customer.Command](b, t.Customers),
		decisions:      newShelf[id.Decision, risk.State, risk.Command](b, t.Risk),
		creditors:      newShelf[id.Creditor, mandate.Creditor, mandate.CreditorCommand](b, t.Creditors),
		deliveries:     newShelf[id.Delivery, webhook.Delivery, webhook.DeliveryCommand](b, t.Deliveries),
		devices:        newShelf[id.Device, device.State, device.Command](b, t.Devices),
		directDebits:   newShelf[id.DirectDebit, directdebit.State, directdebit.Command](b, t.DirectDebits),
		frauds:         newShelf[id.Fraud, fraud.State, fraud.Label](b, t.Frauds),
		fraudCases:     newShelf[id.FraudCase, fraudcase.State, fraudcase.Command](b, t.FraudCases),
		grants:         newShelf[id.Grant, grant.State, grant.Command](b, t.Grants),
		inboxes:        newShelf[id.Inbox, notification.Inbox, notification.InboxCommand](b, t.Inboxes),
		incoming:       newShelf[id.Incoming, incoming.State, incoming.Command](b, t.Incoming),
		journals:       newShelf[id.Journal, journal.State, journal.Command](b, t.Journals),
		names:          newShelf[id.Claim, customer.Name, customer.NameCommand](b, t.Claims),
		mandates:       newShelf[id.Mandate, mandate.State, mandate.Command](b, t.Mandates),
		notifications:  newShelf[id.Notification, notification.State, notification.Command](b, t.Notifications),
		numbers:        newShelf[id.Claim, account.Number, account.Assign](b, t.Numbers),
		operators:      newShelf[id.Operator, operator.State, operator.Command](b, t.Operators),
		paymentFiles:   newShelf[id.PaymentFile, paymentfile.State, paymentfile.Command](b, t.PaymentFiles),
		payments:       newShelf[id.Payment, payment.State, payment.Command](b, t.Payments),
		recoveries:     newShelf[id.Recovery, recovery.State, recovery.Command](b, t.Recoveries),
		proposals:      newShelf[id.Proposal, proposal.State, proposal.Command](b, t.Proposals),
		riskPolicies:   newShelf[id.RiskPolicy, riskpolicy.State, riskpolicy.Command](b, t.RiskPolicies),
		riskVersions:   newShelf[id.RiskPolicy, riskpolicy.Version, riskpolicy.Submit](b, t.RiskVersions),
		dataSets:       newShelf[id.DataSet, dataset.State, dataset.Command](b, t.DataSets),
		sessions:       newShelf[id.Session, session.State, session.Command](b, t.Sessions),
		signings:       newShelf[id.Signing, signing.State, signing.Command](b, t.Signings),
		transfers:      newShelf[id.Transfer, transfer.State, transfer.Command](b, t.Transfers),
		webhooks:       newShelf[id.Webhook, webhook.State, webhook.Command](b, t.Webhooks),
		orders:         newShelf[id.StandingOrder, standing.State, standing.Command](b, t.Standing),
		payees:         newShelf[id.Payees, payee.State, payee.Command](b, t.Payees),
		stuffing:       newShelf[id.Stuffing, stuffing.State, stuffing.Command](b, t.Stuffing),
		quotas:         newShelf[id.Quota, quota.State, quota.Command](b, t.Quotas),
		products:       newShelf[id.Product, product.State, product.Command](b, t.Products),
	}
	s.accounts.cache = newCache[account.State](b.settings.StatesMax) // money is decided here most of the time
	// What is over is seldom asked for again, and there is one for every payment.
	s.transfers.worth = func(t transfer.State) bool {
		return t.Phase == transfer.Pending || t.Phase == transfer.Joined || t.Phase == transfer.Reviewed
	}
	s.authorisations.worth = func(a authorisation.State) bool { return a.Phase == authorisation.Open }
	s.notifications.worth = func(notification.State) bool { return false }
	s.deliveries.worth = func(d webhook.Delivery) bool { return d.Failed > 0 }
	s.decisions.worth = func(risk.State) bool { return false } // made once
	s.journals.worth = func(journal.State) bool { return false }
	// A policy is long, and read once.
	s.riskVersions.worth = func(riskpolicy.Version) bool { return false }
	if b.settings.Snapshots != nil { // only accounts have streams without end
		s.accounts.snapshots = &snapshots[account.State]{b.settings.Snapshots, accountShape}
	}
	return s
}
