package commands

import (
	"context"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/quota"
	"florin/domain/risk"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/schemas"
)

// Transfers are the verbs of transfers between accounts of the bank.
//
// A transfer lies in three streams, committed together: its own, the debtor's and
// the creditor's. What a rule of money, limit or risk refuses is written too, and
// then the refusal comes beside an Outcome that has a receipt.
type Transfers struct{ bank *Bank }

// Transfers gives the verbs of transfers.
func (b *Bank) Transfers() Transfers { return Transfers{b} }

// InitiateTransfer asks for money of the caller's to move.
type InitiateTransfer struct {
	From, To  id.Account
	Amount    money.Amount
	Reference domain.Evidence
	ExecuteOn string          // day; "": at once
	Evidence  transfer.Signed // what the caller's device signed
}

const nonceBytes = 16

// Initiate posts the transfer, or challenges it and holds the funds. Refusals:
// not-found (an account is not there, or the debtor's is not the caller's),
// invalid-reference and those of a third party's consent leave no trace; all
// others are facts of the transfer.
func (t Transfers) Initiate(ctx context.Context, order Order, ask InitiateTransfer) (TransferAnswer, Outcome, error) {
	b := t.bank
	asked, err := b.consentOf(ctx, order.Caller)
	if err != nil {
		return TransferAnswer{}, Outcome{}, err
	}
	i := initiation{
		InitiateTransfer: ask, bank: b, order: order, consent: asked,
		transfer:  id.From[id.Transfer](DerivedID(order.ID, "transfer")),
		challenge: id.From[id.Challenge](DerivedID(order.ID, "challenge")),
	}
	locks := streams(i.transfer, ask.From, ask.To, order.Caller.Customer) // whose next attempt sees this one
	if ask.ExecuteOn != "" {
		locks = streams(i.transfer, ask.From, ask.To, order.Caller.Customer, quotaOf(order.Caller.Customer, quota.Transfers))
	}
	if !asked.IsZero() {
		locks = streams(i.transfer, ask.From, ask.To, order.Caller.Customer, asked)
	}
	return execute(ctx, b, "transfer.initiate", order, locks, i.decide, transferAnswer)
}

// initiation is one Initiate; decide may run several times.
type initiation struct {
	InitiateTransfer
	bank      *Bank
	order     Order
	transfer  id.Transfer
	challenge id.Challenge
	consent   id.Consent      // of a third party that asks
	limited   bool            // counts against the debtor's day
	ceiling   account.Ceiling // of what the device may send
}

func (i initiation) decide(w *work) error {
	b, caller := i.bank, i.order.Caller
	b.transfers.begin(w, i.transfer)
	if _, err := b.transfers.load(w, i.transfer); err != nil { // opened first, so that its facts come first
		return err
	}
	agreed, err := i.agreed(w)
	if err != nil {
		return err
	}
	debtor, err := b.accounts.load(w, i.From)
	if err != nil {
		return err
	}
	creditor, err := b.accounts.load(w, i.To)
	if err != nil {
		return err
	}
	if err := mayMove(caller, debtor); err != nil {
		return err
	}
	if creditor.Class != account.Customers {
		return account.ErrMissing
	}
	command := transfer.Initiate{
		Transfer: i.transfer, Customer: caller.Customer, From: i.From, To: i.To, Amount: i.Amount, Reference: i.Reference,
		Device: caller.Device, Session: caller.Session, Evidence: i.Evidence, TokenID: caller.TokenID, At: i.order.At,
		Refused: transfer.Violation(i.From, i.To, i.Amount), Consented: agreed, ReviewUntil: w.reviewUntil(),
	}
	if err := i.date(&command, debtor); err != nil {
		return err
	}
	if command.Refused == "" {
		own := account.SameOwners(debtor, creditor)
		i.limited = !own
		if err := i.assess(w, &command, own); err != nil {
			return err
		}
		if i.ceiling, err = b.deviceCeiling(w, own, i.Amount.Currency); err != nil { // which risk may just have lowered
			return err
		}
		if command.Refused, err = codeOf(try(w, func() error { return i.move(w, command.Outcome(), debtor, creditor) })); err != nil {
			return err
		}
	}
	if command.Refused == "" && command.Outcome() == transfer.Challenge {
		if command.Demand, err = i.demand(w); err != nil {
			return err
		}
	}
	w.under(ofCustomer(caller.Customer))
	if err := b.transfers.decide(w, i.transfer, command); err != nil {
		return err
	}
	if err := i.place(w, command); err != nil {
		return err
	}
	return i.spend(w, command)
}

// assess has risk look at it.
func (i initiation) assess(w *work, command *transfer.Initiate, own bool) (err error) {
	caller := i.order.Caller
	facts := risk.Facts{Own: own, Amount: i.Amount, ACR: caller.ACR}
	if command.Payee, err = w.payeeOf(caller.Customer, i.To, &facts); err != nil {
		return err
	}
	said, err := w.assess(attempted{action: risk.Transfer, customer: caller.Customer, device: caller.Device, about: i.transfer.String(),
		account: i.From, payee: riskPayeeOf(own, i.To), amount: i.Amount, facts: facts, authTime: caller.AuthTime})
	command.Assessment = assessed(said)
	return err
}

// move stages what the outcome means for the accounts: money moves, or is held
// for a creditor who could take it, or nothing happens.
func (i initiation) move(w *work, outcome transfer.Outcome, debtor, creditor account.State) error {
	if !account.SameOwners(debtor, creditor) {
		if err := i.bank.payable(w, i.order.Caller.Customer); err != nil {
			return err
		}
	}
	if i.ExecuteOn != "" {
		return i.wait(w, debtor, creditor)
	}
	stream, at := i.transfer.Stream(), i.order.At
	credit := account.Credit{Posting: stream, Amount: i.Amount, At: at}
	switch outcome {
	case transfer.Block:
		return nil
	case transfer.Allow:
		debit := account.Debit{Posting: stream, Amount: i.Amount, Limited: i.limited, Ceiling: i.ceiling, At: at}
		if err := i.bank.accounts.decide(w, i.From, debit); err != nil {
			return err
		}
		return i.bank.accounts.decide(w, i.To, credit)
	}
	if _, err := creditor.Decide(credit); err != nil {
		return err
	}
	return i.bank.accounts.decide(w, i.From, account.Reserve{Reservation: stream, Amount: i.Amount, Limited: i.limited, Ceiling: i.ceiling, At: at})
}

// demand makes the challenge and the statement that the customer will see.
func (i initiation) demand(w *work) (transfer.Demand, error) {
	terms := i.bank.settings.Money
	name, err := i.bank.holder(w.ctx, i.To)
	if err != nil {
		return transfer.Demand{}, err
	}
	begun, err := w.demand(i.challenge)
	if err != nil {
		return transfer.Demand{}, err
	}
	return transfer.Demand{
		Challenge: begun.Challenge, Nonce: begun.Nonce, Methods: begun.Methods, ExpiresAt: begun.ExpiresAt,
		Statement: transfer.Statement{
			Audience: terms.Audience, Transfer: i.transfer.String(), Challenge: i.challenge.String(), Nonce: begun.Nonce,
			Debtor: i.From.String(), Creditor: i.To.String(), CreditorName: name,
			Amount: i.Amount.Decimal(), Currency: string(i.Amount.Currency),
			Fees: money.Amount{Currency: i.Amount.Currency}.Decimal(), Expiry: transfer.Spell(begun.ExpiresAt),
			ExecuteOn: i.ExecuteOn,
		},
	}, nil
}

// holder is the name that payers are shown. It is read from the log and kept
// nowhere, so an erased name is erased here too.
func (b *Bank) holder(ctx context.Context, of id.Account) (string, error) {
	if err := b.log.Durable(ctx); err != nil { // only what is durable can be read
		return "", err
	}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return "", err
		}
		event, err := b.treaty.Accounts.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if opened, ok := event.(account.Opened); ok && err == nil {
			return opened.Name.Reveal(), nil
		}
		return "", err
	}
	return "", nil
}

func assessed(a risk.Assessment) transfer.Assessed {
	return transfer.Assessed{Outcome: transfer.Outcome(a.Outcome), Score: a.Score, Policy: a.Policy, Exemption: a.Exemption, Reasons: a.Reasons}
}

// Cancel withdraws a challenged, scheduled or held transfer of the caller's, or of an account that
// the caller owns, and frees the funds.
func (t Transfers) Cancel(ctx context.Context, order Order, cancelled id.Transfer) (TransferAnswer, Outcome, error) {
	return t.end(ctx, order, "transfer.cancel", cancelled, transfer.Cancel{At: order.At})
}

// Expire ends a challenge whose time has run out and frees the funds. Only the
// bank's own process asks for it; a refusal means that there is nothing to do.
func (t Transfers) Expire(ctx context.Context, order Order, expired id.Transfer) (TransferAnswer, Outcome, error) {
	order.Asked = schemas.ExpireTransfer{Transfer: expired}
	return t.end(ctx, order, "transfer.expire", expired, transfer.Expire{At: order.At})
}

func (t Transfers) end(ctx context.Context, order Order, verb string, ended id.Transfer, command transfer.Command) (TransferAnswer, Outcome, error) {
	b := t.bank
	before, err := b.transfers.look(ctx, ended) // only for what never changes: from
	if err != nil {
		return TransferAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(ended, before.From), func(w *work) error {
		state, err := b.transfers.load(w, ended)
		if err == nil && order.Caller.ActorType != ActorSystem {
			err = w.mayWithdraw(order.Caller, state)
		}
		if err != nil {
			return err
		}
		if err := b.transfers.decide(w, ended, command); err != nil {
			return err
		}
		if state.Day != "" && state.Phase != transfer.Reviewed { // nothing was held
			return nil
		}
		return b.accounts.decide(w, state.From, account.Release{Reservation: state.Reservation(), At: order.At})
	}, transferAnswer)
}

// mayWithdraw is mayStop, of what is no reversal.
func (w *work) mayWithdraw(caller Caller, state transfer.State) error {
	if !state.Original.IsZero() {
		return transfer.ErrMissing
	}
	return w.mayStop(caller, state.Customer, state.From)
}

// asked tells whether the transfer is one that the caller asked for. A reversal is
// nobody's to answer or withdraw.
func asked(caller Caller, state transfer.State) bool {
	return caller.is(state.Customer) && state.Original.IsZero()
}
