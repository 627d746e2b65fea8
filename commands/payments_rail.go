package commands

import (
	"context"
	"errors"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payee"
	"florin/domain/payment"
	"florin/eventbus"
)

// Rail carries payments to other banks and says what became of them.
//
// Who retries: the bank does, the rail never. After any error but ErrUnknownMessage
// nobody knows what the rail has taken in: the bank asks for it by the message's
// identification, and sends the very same message again if the rail does not know it.
// A rail must therefore know a message that it is sent twice, by its identification,
// and answer it with what became of the first.
//
// A nil error means that the rail has said something, and that it stands: RailPending
// if that is only that there is nothing to say yet. Calls end within railTimeout. An
// error must hold neither a name nor an account, for it is shown in health.
type Rail interface {
	// Name is the rail whose accounts in the chart the money goes through.
	Name() account.Rail
	// Submit sends a payment.
	Submit(ctx context.Context, instruction RailInstruction) (RailAnswer, error)
	// Ask asks what became of a message. ErrUnknownMessage: the rail never got it.
	Ask(ctx context.Context, message string) (RailAnswer, error)
	// Return gives back money that came from another bank. Nil: the rail has taken the
	// return, under its name once however often it is told.
	Return(ctx context.Context, back RailReturn) error
	// Claim asks for money back that another bank has collected: RailSettled,
	// RailRejected, or nothing yet. It is one claim under its name, however often told.
	Claim(ctx context.Context, claim RailReturn) (RailAnswer, error)
	// Recall asks the creditor's bank for a payment that it has: RailReturned, with what
	// comes back, RailRejected, or nothing yet. It is one recall under its name, however
	// often told, and is answered again as it was.
	Recall(ctx context.Context, recall RailRecall) (RailAnswer, error)
	// Verify asks the creditor's bank whose the account is. An error means that nobody
	// could say; the payment goes on as one whose payee is not verified.
	Verify(ctx context.Context, iban, name domain.Evidence) (RailPayee, error)
}

// ErrUnknownMessage says that a rail has never been told of a message: it may be sent.
var ErrUnknownMessage = errors.New("commands: the rail does not know the message")

// How long a rail may take, and how long what nobody waits for may take in one round.
const (
	railTimeout = 5 * time.Second
	railPause   = 5 * time.Second
)

// RailInstruction is what a rail is told of a payment.
type RailInstruction struct {
	Message      string // MsgId, the same each time it is sent
	EndToEnd     string
	Amount       money.Amount
	DebtorName   domain.Profile
	Debtor       domain.Evidence // IBAN; "": the account has none
	Creditor     domain.Evidence // IBAN
	CreditorName domain.Evidence
	Reference    domain.Evidence
	At           time.Time // of the submission
}

// RailReturn is what a rail is told of money that goes back.
type RailReturn struct {
	Return   string // our name for it, the same each time
	Original string // the rail's name for the payment
	Amount   money.Amount
	Reason   string // ISO 20022 code
}

// RailRecall is what a rail is told of a payment of ours that is wanted back.
type RailRecall struct {
	Recall   string // our name for it, the same each time
	Original string // the payment's message
	EndToEnd string
	Amount   money.Amount
	Reason   string    // ISO 20022 code
	Settled  time.Time // when the payment was
	At       time.Time // of the recall
}

// RailStatus is how far a payment has come on the rail.
type RailStatus string

const (
	RailPending  RailStatus = "pending" // received, and nothing said of it yet
	RailAccepted RailStatus = "accepted"
	RailSettled  RailStatus = "settled"
	RailRejected RailStatus = "rejected"
	RailReturned RailStatus = "returned"
)

// RailAnswer is what a rail says of a message. Amount and Return are of a return.
type RailAnswer struct {
	Status RailStatus
	Reason string // ISO 20022 code, of a rejection or return
	Amount money.Amount
	Return string // the rail's name for the return
}

// RailPayee is what the creditor's bank says of a name.
type RailPayee struct {
	Result payment.Match
	Name   domain.Evidence // of the holder, with payment.AlmostMatch alone
}

// RailTerms say how patient the bank is with its rail. Nought is the default.
type RailTerms struct {
	SubmitAfter  time.Duration // how long a customer may still cancel; default: none
	AskEvery     time.Duration // default: a minute
	RecallEvery  time.Duration // asks again what became of a recall; default: an hour
	AnswerWithin time.Duration // of the submission; then people look into it. Default: four hours
}

func (t RailTerms) askEvery() time.Duration {
	if t.AskEvery <= 0 {
		return time.Minute
	}
	return t.AskEvery
}

func (t RailTerms) recallEvery() time.Duration {
	if t.RecallEvery <= 0 {
		return time.Hour
	}
	return t.RecallEvery
}

func (t RailTerms) answerWithin() time.Duration {
	if t.AnswerWithin <= 0 {
		return 4 * time.Hour
	}
	return t.AnswerWithin
}

// VerifyPayee asks whose an account is, by the name that a customer knows: the bank's
// own books if it is one of the bank's, else the bank that has it. It writes nothing,
// and its only failure is that nobody could say.
func (p Payments) VerifyPayee(ctx context.Context, number, name domain.Evidence) RailPayee {
	if own, err := iban.Parse(number.Reveal()); err == nil && p.bank.settings.Money.Issuer.Owns(own) {
		return p.bank.verifyOwn(ctx, own, name.Reveal())
	}
	rail := p.bank.settings.Rail
	if rail == nil {
		return RailPayee{Result: payment.NotVerified}
	}
	asking, cancel := context.WithTimeout(ctx, railTimeout)
	defer cancel()
	said, err := rail.Verify(asking, number, name)
	switch {
	case err != nil:
		return RailPayee{Result: payment.NotVerified}
	case said.Result == payment.AlmostMatch && payment.Name(said.Name.Reveal()):
		return said
	case said.Result == payment.Matches, said.Result == payment.NoMatch, said.Result == payment.AlmostMatch:
		return RailPayee{Result: said.Result}
	}
	return RailPayee{Result: payment.NotVerified}
}

// verifyOwn compares a name with the holder's of one of the bank's own accounts.
func (b *Bank) verifyOwn(ctx context.Context, number iban.IBAN, name string) RailPayee {
	unknown := RailPayee{Result: payment.NotVerified}
	of, found, err := b.Accounts().Numbered(ctx, number)
	if err != nil || !found {
		return unknown
	}
	state, err := b.accounts.look(ctx, of)
	if err != nil || state.Class != account.Customers || state.Status == account.Finished {
		return unknown
	}
	holder, err := b.holder(ctx, of)
	if err != nil {
		return unknown
	}
	switch payee.Compare(name, holder) {
	case payee.Match:
		return RailPayee{Result: payment.Matches}
	case payee.CloseMatch:
		return RailPayee{Result: payment.AlmostMatch, Name: domain.NewEvidence(holder)}
	case payee.NoMatch:
		return RailPayee{Result: payment.NoMatch}
	}
	return unknown
}

// known is what other banks are told of an account: the holder's name and the IBAN.
// Both stand among its first facts, and are kept nowhere else.
func (b *Bank) known(ctx context.Context, of id.Account) (holder domain.Profile, number domain.Evidence, err error) {
	if err := b.log.Durable(ctx); err != nil { // only what is durable can be read
		return holder, number, err
	}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return holder, number, err
		}
		event, err := b.treaty.Accounts.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return holder, number, err
		}
		switch e := event.(type) {
		case account.Opened:
			holder = e.Name
		case account.Numbered:
			return holder, e.IBAN, nil
		case account.LimitsAgreed: // said in between
		default:
			return holder, number, nil
		}
	}
	return holder, number, nil
}

// initiated reads back what a payment was asked for as, with its personal fields.
func (b *Bank) initiated(ctx context.Context, of id.Payment) (payment.Initiated, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return payment.Initiated{}, err
		}
		event, err := b.treaty.Payments.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return payment.Initiated{}, err
		}
		if first, ok := event.(payment.Initiated); ok {
			return first, nil
		}
		break
	}
	return payment.Initiated{}, payment.ErrMissing
}
