package projections

import (
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/eventbus"
)

// Payment is one payment to another bank and how it came to its status.
type Payment struct {
	Payment      id.Payment
	Customer     id.Customer
	From         id.Account
	Amount       money.Amount
	Rail         string
	File         id.PaymentFile   // that it is of; zero: none
	Order        id.StandingOrder // that it is of; zero: none
	ExecuteOn    string           // day that was asked for; "": at once
	Status       payment.Phase    // "initiated" until the commit that began it says more
	Code         string           // of a rejection
	Reason       string           // ISO 20022 code, of a rejection by the rail or of a return
	Returned     money.Amount     // what came back
	Payee        payment.Match
	Outcome      payment.Outcome
	Score        int64 // milli-log-odds
	Policy       string
	Exemption    string
	Challenge    id.Challenge
	ExpiresAt    time.Time // of the challenge
	Method       string    // that authorised it
	Failures     int64     // of authorisation
	Message      string    // its name on the rail
	Investigated bool      // the rail has owed an answer for too long
	Recall       string    // asked, denied or granted; "": nobody wants it back
	RecallReason string    // ISO 20022 code: why it is wanted back
	RecallDenial string    // and why it does not come
	RecalledAt   time.Time // when the other bank was asked last
	AnswerBy     time.Time // by when it has to answer
	Delayed      bool      // which it has not
	Device       id.Device
	Session      id.Session
	InitiatedAt  time.Time
	SubmittedAt  time.Time
	ChangedAt    time.Time
	Begun        eventbus.Position // of its first event
	Position     eventbus.Position // of the last event that is in it

	// Read from the log by Reads.Payment alone; "" once they are erased.
	Creditor     string // IBAN
	CreditorName string
	PayeeName    string
	Reference    string
	Nonce        string // of the challenge
	Methods      []string
	Display      string
	History      []Step
}

var paymentsTable = table{
	name: "payments", key: []string{"payment"},
	columns: []column{
		{"payment", text}, {"customer", text}, {"from_account", text}, {"amount", bigint}, {"currency", text}, {"rail", text}, {"payment_file", text}, {"standing_order", text}, {"execute_on", text},
		{"status", text}, {"code", text}, {"reason", text}, {"returned", bigint}, {"payee", text}, {"outcome", text}, {"score", bigint},
		{"policy", text}, {"exemption", text}, {"challenge", text}, {"expires_at", bigint}, {"method", text}, {"failures", bigint},
		{"message", text}, {"investigated", bigint}, {"recall", text}, {"recall_reason", text}, {"recall_denial", text},
		{"recalled_at", bigint}, {"answer_by", bigint}, {"delayed", bigint}, {"device", text}, {"session", text}, {"initiated_at", bigint},
		{"submitted_at", bigint}, {"changed_at", bigint}, {"begun", bigint}, {"position", bigint},
	},
	indexes: []index{{"payments_by_customer", "customer, begun"}, {"payments_by_account", "from_account, begun"}, {"payments_by_status", "status, begun"}},
}

func (p *Payment) fields() []any {
	return []any{
		&p.Payment, &p.Customer, &p.From, &p.Amount.Minor, (*string)(&p.Amount.Currency), &p.Rail, &p.File, &p.Order, &p.ExecuteOn,
		(*string)(&p.Status), &p.Code, &p.Reason, &p.Returned.Minor, (*string)(&p.Payee), (*string)(&p.Outcome), &p.Score,
		&p.Policy, &p.Exemption, &p.Challenge, &p.ExpiresAt, &p.Method, &p.Failures,
		&p.Message, &p.Investigated, &p.Recall, &p.RecallReason, &p.RecallDenial, &p.RecalledAt, &p.AnswerBy, &p.Delayed, &p.Device, &p.Session, &p.InitiatedAt,
		&p.SubmittedAt, &p.ChangedAt, (*uint64)(&p.Begun), (*uint64)(&p.Position),
	}
}

type paymentsFold struct{ payments *rows[id.Payment, Payment] }

func beginPayments(tables []table) fold {
	return paymentsFold{newRows(tables[0], func(k id.Payment) []any { return []any{k.String()} }, (*Payment).fields)}
}

func (p paymentsFold) flush(w *writer) { p.payments.flush(w) }
func (p paymentsFold) forget()         { p.payments.forget() }

func (p paymentsFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(payment.Initiated); ok {
		p.payments.add(e.Payment, Payment{
			Payment: e.Payment, Customer: e.Customer, From: e.From, Amount: e.Amount, Rail: e.Rail, Status: payment.Phase(initiated),
			Device: e.Device, Session: e.Session, InitiatedAt: e.At, ChangedAt: e.At, Begun: f.Position, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := p.payments.get(w, id.From[id.Payment](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

// How the last recall of a payment stands.
const (
	recallAsked   = "asked"
	recallDenied  = "denied"
	recallGranted = "granted" // and the payment has come back
)

func (p *Payment) evolve(f *fact) error {
	switch e := f.event.(type) {
	case payment.Filed:
		p.File, p.ChangedAt = e.File, e.At
	case payment.Ordered:
		p.Order, p.ChangedAt = e.Order, e.At
	case payment.Dated:
		p.ExecuteOn, p.ChangedAt = e.Day, e.At
	case payment.PayeeVerified:
		p.Payee, p.ChangedAt = e.Result, e.At
	case payment.Assessed:
		p.Outcome, p.Score, p.Policy, p.Exemption, p.ChangedAt = e.Outcome, e.Score, e.Policy, e.Exemption, e.At
	case payment.Challenged:
		p.Status, p.Challenge, p.ExpiresAt, p.ChangedAt = payment.Pending, e.Challenge, e.ExpiresAt, e.At
	case payment.AuthorisationFailed:
		p.Failures, p.ChangedAt = p.Failures+1, e.At
	case payment.Authorised:
		p.Status, p.Method, p.ChangedAt = payment.Ready, e.Method, e.At
	case payment.Scheduled:
		p.Status, p.ChangedAt = payment.Waiting, e.At
	case payment.Held:
		p.Status, p.ChangedAt = payment.Reviewed, e.At
	case payment.FellDue:
		p.Status, p.ChangedAt = payment.Ready, e.At
	case payment.Released:
		p.Status, p.ChangedAt = payment.Ready, e.At
	case payment.Submitted:
		p.Status, p.Message, p.SubmittedAt, p.ChangedAt = payment.Sent, e.Message, e.At, e.At
	case payment.Accepted:
		p.Status, p.ChangedAt = payment.Taken, e.At
	case payment.InvestigationOpened:
		p.Investigated, p.ChangedAt = true, e.At
	case payment.Settled:
		p.Status, p.ChangedAt = payment.Done, e.At
	case payment.Rejected:
		p.Status, p.Code, p.Reason, p.ChangedAt = payment.Declined, e.Code, e.Reason, e.At
	case payment.Returned:
		p.Status, p.Reason, p.Returned, p.ChangedAt = payment.GivenBack, e.Reason, e.Amount, e.At
		if p.Recall == recallAsked {
			p.Recall = recallGranted
		}
	case payment.Recalled:
		p.Recall, p.RecallReason, p.RecallDenial, p.Delayed = recallAsked, e.Reason, "", false
		p.RecalledAt, p.AnswerBy, p.ChangedAt = e.At, e.AnswerBy, e.At
	case payment.RecallDenied:
		p.Recall, p.RecallDenial, p.ChangedAt = recallDenied, e.Reason, e.At
	case payment.RecallDelayed:
		p.Delayed, p.ChangedAt = true, e.At
	case payment.Expired:
		p.Status, p.ChangedAt = payment.TimedOut, e.At
	case payment.Cancelled:
		p.Status, p.ChangedAt = payment.Withdrawn, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

var paymentColumns = []Column{
	{"payment", Text, "identifier of the payment (pay_...)"},
	{"customer", Text, "whose money was asked for (cus_...)"},
	{"from_account", Text, "debtor account"},
	{"amount", Money, "amount asked for"},
	{"currency", Text, "ISO 4217 code"},
	{"rail", Text, "rail that it leaves on"},
	{"payment_file", Text, "file that it is of (pfl_...); empty: none"},
	{"standing_order", Text, "standing order that it is of (sto_...); empty: none"},
	{"execute_on", Text, "day that it is to be executed on; empty: at once"},
	{"status", Text, "initiated, challenged, scheduled, held, authorised, submitted, accepted, settled, rejected, returned, expired or cancelled"},
	{"code", Text, "why it was rejected; rail-rejected if the rail did"},
	{"reason", Text, "ISO 20022 reason code of the rail's rejection or of the return"},
	{"returned", Money, "what came back"},
	{"payee", Text, "verification of payee: match, close-match, no-match or unavailable"},
	{"outcome", Text, "what risk decided: allow, challenge, hold or block"},
	{"score", Integer, "risk score in milli-log-odds"},
	{"policy", Text, "risk policy that decided"},
	{"exemption", Text, "exemption from strong authentication that was used"},
	{"challenge", Text, "identifier of the challenge (chl_...)"},
	{"expires_at", Time, "end of the challenge"},
	{"method", Text, "how the customer confirmed: sca-key, passkey or totp"},
	{"failures", Integer, "failed confirmations"},
	{"message", Text, "its name on the rail (MsgId)"},
	{"investigated", Boolean, "the rail owed an answer for too long"},
	{"recall", Text, "how its last recall stands: asked, denied or granted; empty: it was not recalled"},
	{"recall_reason", Text, "ISO 20022 code: why it was recalled"},
	{"recall_denial", Text, "ISO 20022 code: why the other bank keeps it"},
	{"recalled_at", Time, "when the other bank was asked last; 0: never"},
	{"answer_by", Time, "by when the other bank has to answer the recall"},
	{"delayed", Boolean, "the other bank has not answered the recall in time"},
	{"device", Text, "device that asked (dev_...)"},
	{"session", Text, "session that asked (ses_...)"},
	{"initiated_at", Time, "when it was asked for"},
	{"submitted_at", Time, "when it was submitted; 0 until then"},
	{"changed_at", Time, "when it last changed"},
	{"begun", Integer, "log position of its first event"},
	{"position", Integer, "log position of the last event that is in the row"},
}
