package commands

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/paymentfile"
	"florin/domain/quota"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/schemas"
)

// PaymentFiles are the verbs of files of payments to other banks, under one signature.
// Once a file is confirmed each payment is one of its own (payments_filed.go), and
// nothing is held for it before.
type PaymentFiles struct{ bank *Bank }

// PaymentFiles gives the verbs of payment files.
func (b *Bank) PaymentFiles() PaymentFiles { return PaymentFiles{b} }

// SubmitPaymentFile is what a file says.
type SubmitPaymentFile struct {
	Message  string // the customer's name for it, and
	Group    string // for what it holds (PmtInfId)
	Debtor   iban.IBAN
	Agent    string // the debtor's bank, by its BIC; "": it is not said
	Total    money.Amount
	Digest   string // SHA-256 of its bytes, hex
	Items    []FiledPayment
	Evidence transfer.Signed
}

// FiledPayment is one payment of a file.
type FiledPayment struct {
	EndToEnd     string
	Creditor     string // as it was written
	CreditorName domain.Evidence
	Amount       money.Amount
	Reference    domain.Evidence
	Agent        string    // the creditor's bank, by its BIC; "": it is not said
	Verified     RailPayee // filled in by Submit, as is
	Refused      string    // filled in by Submit: the code of what is wrong with it; "": nothing
}

// PaymentFileAnswer is a file as the verb left it. What the verb did not touch is zero.
type PaymentFileAnswer struct {
	File      id.PaymentFile
	Status    paymentfile.Phase
	Code      string // of a rejection
	From      id.Account
	Count     int64
	Total     money.Amount
	Digest    string
	Challenge Challenge
	At        time.Time
}

// FilePayment is the i-th payment of a file, the first being 0.
func FilePayment(of id.PaymentFile, i int64) id.Payment {
	return id.From[id.Payment](DerivedID(of.UUID(), "payment/"+strconv.FormatInt(i, 10)))
}

// namePaymentFile parts the names that customers give to files, under the key of claims.
const namePaymentFile = "payment-file"

// Submit takes a file in and challenges it. The same file again, under whatever key,
// gets the first answer; another one under its message identification is
// payment-file-exists. Refusals leave no trace.
func (p PaymentFiles) Submit(ctx context.Context, order Order, ask SubmitPaymentFile) (PaymentFileAnswer, Outcome, error) {
	b := p.bank
	if err := b.mayFile(ask); err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	from, _, err := b.Accounts().Numbered(ctx, ask.Debtor) // which never changes
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	claim, err := b.nameClaim(namePaymentFile, order.Caller.Customer.String()+"\x00"+ask.Message)
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	of := id.From[id.PaymentFile](claim.UUID())
	before, err := b.paymentFiles.look(ctx, of)
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	if before.Phase != paymentfile.Absent && before.Digest == ask.Digest {
		return b.filedBefore(ctx, of)
	}
	ask.Items = b.sifted(ask)
	if ask.Items, err = p.verified(ctx, order, from, ask.Items); err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	challenge := id.From[id.Challenge](DerivedID(order.ID, "challenge"))
	return execute(ctx, b, "paymentfile.submit", order, streams(of, from, quotaOf(order.Caller.Customer, quota.PaymentFiles)), func(w *work) error {
		if _, err := b.quotas.load(w, quotaOf(order.Caller.Customer, quota.PaymentFiles)); err != nil {
			return err // opened first, so that the file's facts are the commit's last: filedBefore tells their position
		}
		debtor, err := w.held(from)
		switch {
		case err != nil:
			return err
		case debtor.Status == account.Finished:
			return account.ErrClosed
		}
		if err := w.deviceMayFile(debtor, ask.Total); err != nil {
			return err
		}
		caller := order.Caller
		demand, err := w.demand(challenge)
		if err != nil {
			return err
		}
		command := paymentfile.Submit{Demand: demand, Items: ask.items(), Asked: paymentfile.Submitted{
			File: of, Customer: caller.Customer, From: from, Message: domain.NewEvidence(ask.Message), Group: domain.NewEvidence(ask.Group), Total: ask.Total, Digest: ask.Digest,
			Device: caller.Device, Session: caller.Session, Proof: ask.Evidence.Proof, Body: ask.Evidence.Body, TokenID: caller.TokenID, At: order.At}}
		command.Demand.Text = b.fileText(command)
		w.under(ofCustomer(caller.Customer))
		if err := b.paymentFiles.decide(w, of, command); err != nil {
			return err
		}
		return w.room(caller.Customer, quota.PaymentFiles, of.String())
	}, paymentFileAnswer)
}

// mayFile refuses a file that has no names to be known by, and all where no rail is.
func (b *Bank) mayFile(ask SubmitPaymentFile) error {
	if b.settings.Rail == nil {
		return ErrNoRail
	}
	if !paymentfile.Name(ask.Message) || !paymentfile.Name(ask.Group) {
		return paymentfile.ErrInvalid
	}
	return nil
}

func (s SubmitPaymentFile) items() (items []paymentfile.Item) {
	for _, one := range s.Items {
		items = append(items, paymentfile.Item{EndToEnd: domain.NewEvidence(one.EndToEnd), Creditor: domain.NewEvidence(one.Creditor),
			CreditorName: one.CreditorName, Amount: one.Amount, Reference: one.Reference, Payee: string(one.Verified.Result), PayeeName: one.Verified.Name, Refused: one.Refused})
	}
	return items
}

// fileText is what the customer confirms.
func (b *Bank) fileText(c paymentfile.Submit) string {
	matched, refused := 0, 0
	for _, item := range c.Items {
		if item.Payee == string(payment.Matches) {
			matched++
		}
		if item.Refused != "" {
			refused++
		}
	}
	said := paymentfile.Statement{
		Audience: b.settings.Money.Audience, File: c.Asked.File.String(), Challenge: c.Demand.Challenge.String(), Nonce: c.Demand.Nonce,
		Debtor: c.Asked.From.String(), Count: fmt.Sprint(len(c.Items)), Total: c.Asked.Total.Decimal(), Currency: string(c.Asked.Total.Currency),
		Fees: money.Amount{Currency: c.Asked.Total.Currency}.Decimal(), Digest: c.Asked.Digest, Expiry: transfer.Spell(c.Demand.ExpiresAt),
		PayeesMatched: strconv.Itoa(matched),
	}
	if refused > 0 {
		said.Refused = strconv.Itoa(refused)
	}
	return said.Text()
}

// filedBefore answers for a file that was taken already, from the facts of that time.
func (b *Bank) filedBefore(ctx context.Context, of id.PaymentFile) (PaymentFileAnswer, Outcome, error) {
	if err := b.log.Durable(ctx); err != nil { // only what is durable can be read
		return PaymentFileAnswer{}, Outcome{}, err
	}
	var facts []Fact
	outcome := Outcome{Replayed: true}
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return PaymentFileAnswer{}, Outcome{}, err
		}
		event, err := b.treaty.PaymentFiles.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return PaymentFileAnswer{}, Outcome{}, err
		}
		facts = append(facts, Fact{recorded.Stream, recorded.Version, event})
		outcome.Receipt.Last = recorded.Position
		if _, last := event.(paymentfile.Challenged); last {
			break
		}
	}
	answer, err := paymentFileAnswer(facts)
	return answer, outcome, err
}

// filed reads back what a file says, with its personal fields.
func (b *Bank) filed(ctx context.Context, of id.PaymentFile) (paymentfile.Submitted, error) {
	for recorded, err := range b.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return paymentfile.Submitted{}, err
		}
		event, err := b.treaty.PaymentFiles.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return paymentfile.Submitted{}, err
		}
		if first, ok := event.(paymentfile.Submitted); ok {
			return first, nil
		}
		break
	}
	return paymentfile.Submitted{}, paymentfile.ErrMissing
}

// Authorise confirms a file whose displayed digest, count and total were signed, with
// the same one text for every failure. The bank's process then makes its payments.
func (p PaymentFiles) Authorise(ctx context.Context, order Order, of id.PaymentFile, said Confirmation) (PaymentFileAnswer, Outcome, error) {
	b := p.bank
	before, err := b.paymentFiles.look(ctx, of) // only for what never changes
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "paymentfile.authorise", order, streams(of, before.From, before.Customer), func(w *work) error {
		state, err := b.paymentFiles.load(w, of)
		switch {
		case err != nil:
			return err
		case !order.Caller.is(state.Customer):
			return paymentfile.ErrMissing
		case state.Phase != paymentfile.Pending:
			return paymentfile.ErrSCA // and no one-time password is spent
		}
		w.under(ofCustomer(state.Customer))
		proven, err := w.proves(awaited{state.Customer, state.Device, state.SCA.AskedAt, false, state.Total}, said)
		if err != nil {
			return err
		}
		return b.paymentFiles.decide(w, of, paymentfile.Authorise{Answer: said.answer(proven), At: order.At})
	}, func(facts []Fact) (PaymentFileAnswer, error) {
		answer, err := paymentFileAnswer(facts)
		if err == nil && answer.Status != paymentfile.Confirmed { // found wrong or too late by the answer itself
			err = paymentfile.ErrSCA
		}
		return answer, err
	})
}

// Cancel withdraws a file of the caller's, or from an account that they own, that is not
// confirmed.
func (p PaymentFiles) Cancel(ctx context.Context, order Order, of id.PaymentFile) (PaymentFileAnswer, Outcome, error) {
	return p.end(ctx, order, "paymentfile.cancel", of, paymentfile.Cancel{At: order.At})
}

// Expire ends a challenge whose time has run out. Only the bank's own process asks for it.
func (p PaymentFiles) Expire(ctx context.Context, order Order, of id.PaymentFile) (PaymentFileAnswer, Outcome, error) {
	order.Asked = schemas.ExpirePaymentFile{File: of}
	return p.end(ctx, order, "paymentfile.expire", of, paymentfile.Expire{At: order.At})
}

func (p PaymentFiles) end(ctx context.Context, order Order, verb string, of id.PaymentFile, command paymentfile.Command) (PaymentFileAnswer, Outcome, error) {
	b := p.bank
	before, err := b.paymentFiles.look(ctx, of) // only for what never changes: from
	if err != nil {
		return PaymentFileAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, verb, order, streams(of, before.From), func(w *work) error {
		state, err := b.paymentFiles.load(w, of)
		if err == nil && order.Caller.ActorType != ActorSystem {
			err = w.mayStop(order.Caller, state.Customer, state.From)
		}
		if err != nil {
			return err
		}
		return b.paymentFiles.decide(w, of, command)
	}, paymentFileAnswer)
}

func paymentFileAnswer(facts []Fact) (a PaymentFileAnswer, err error) {
	for _, fact := range facts {
		if _, its := fact.Event.(paymentfile.Event); !its {
			continue
		}
		a.File = id.From[id.PaymentFile](uuidIn(fact.Stream))
		switch e := fact.Event.(type) {
		case paymentfile.Submitted:
			a.From, a.Count, a.Total, a.Digest, a.At = e.From, e.Count, e.Total, e.Digest, e.At
		case paymentfile.Challenged:
			a.Status, a.Challenge = paymentfile.Pending, Challenge{e.Challenge, e.Nonce, e.Methods, e.Display, e.ExpiresAt}
		case paymentfile.AuthorisationFailed:
			a.Status, a.At = paymentfile.Pending, e.At
		case paymentfile.Authorised:
			a.Status, a.At = paymentfile.Confirmed, e.At
		case paymentfile.Completed:
			a.Status, a.At = paymentfile.Over, e.At
		case paymentfile.Rejected:
			a.Status, a.Code, a.At = paymentfile.Declined, e.Code, e.At
		case paymentfile.Expired:
			a.Status, a.At = paymentfile.TimedOut, e.At
		case paymentfile.Cancelled:
			a.Status, a.At = paymentfile.Withdrawn, e.At
		}
	}
	return a, nil
}
