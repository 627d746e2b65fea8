package commands

import (
	"context"
	"crypto/hmac"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/approval"
	"florin/domain/attempt"
	"florin/domain/client"
	"florin/domain/consent"
	"florin/domain/grant"
	"florin/domain/id"
)

// BackchannelRequest is what a proven third party asks for without a browser (OpenID
// CIBA Core 1.0). The customer is named by LoginHint, or is Customer, whom an ID
// token of the client's own has named. JKT is of the key that the tokens will be
// bound to, "" if it was not said yet. TTL 0 is the bank's own.
type BackchannelRequest struct {
	ClientID, JKT     string
	LoginHint         string
	Customer          id.Customer
	Scopes, ACRValues []string
	Payment           consent.Payment
	Debtor            id.Account
	Message           string
	TTL               time.Duration
}

// BackchannelAnswer is what the client asks for the answer with. It cannot be guessed.
type BackchannelAnswer struct {
	AuthReqID string
	ExpiresIn int64 // seconds
}

// Refusals of what a client asks of the customer's authentication.
var (
	ErrUnmet   = &domain.Refusal{Class: domain.Invalid, Code: "unmet-authentication-requirements", Detail: "Nobody can be authenticated here as acr_values ask."}
	ErrWeakKey = &domain.Refusal{Class: domain.Forbidden, Code: "approval-device", Detail: "Only a phone whose key is proven to be kept in hardware can agree to this."}
)

// ranked are the classes of authentication, by rising trust.
var ranked = []string{grant.ACRDevice, grant.ACRMulti, grant.ACRStrong, grant.ACRStrongInKey}

// meets tells whether a class is one of those asked for, or better than one of them.
// Whoever asks for none takes any; classes that nobody knows are met by none.
func meets(class string, asked []string) bool {
	return len(asked) == 0 || slices.ContainsFunc(asked, func(wanted string) bool {
		least := slices.Index(ranked, wanted)
		return least >= 0 && least <= slices.Index(ranked, class)
	})
}

// strongest is the best class that a customer's word on a phone can have here.
func (b *Bank) strongest() string {
	if b.Trusts().Earns() {
		return grant.ACRStrongInKey
	}
	return grant.ACRStrong
}

// asking is a request by the back channel as far as it has come.
type asking struct {
	ask     consent.Ask
	debtor  id.Account
	desk    id.Approvals // where the customer answers, or nobody does
	shown   approval.Statement
	budget  id.Attempts
	attempt []string
}

// AskCustomer takes in a request by the back channel, and asks the customer on their
// devices. Work and answer are the same for a name that is nobody's: such a request
// is made where nobody sees it, waits, and expires. So does one that the customer is
// not shown, because another waits or too many came before.
//
// Refusals: *attempt.Throttled tells a client that asks again and again to wait;
// ErrUnmet that acr_values ask for more than any phone here can show. What they ask
// for is what the customer's yes has to be: a phone that can show less is refused it.
func (c Consents) AskCustomer(ctx context.Context, order Order, ask BackchannelRequest) (BackchannelAnswer, Outcome, error) {
	b := c.bank
	app, err := b.allowed(ctx, ask.ClientID, client.CIBA)
	if err != nil {
		return BackchannelAnswer{}, Outcome{}, err
	}
	scopes, ok := domain.Scopes(ask.Scopes, app.Scopes)
	switch {
	case !app.Confidential || app.FirstParty:
		return BackchannelAnswer{}, Outcome{}, ErrUnauthorized
	case !ok, !slices.Contains(scopes, "openid"), slices.Contains(scopes, scopePay) && ask.Payment.IsZero():
		return BackchannelAnswer{}, Outcome{}, ErrScope
	case !meets(b.strongest(), ask.ACRValues):
		return BackchannelAnswer{}, Outcome{}, ErrUnmet
	}
	ask.Scopes = scopes
	a, err := c.asking(ctx, order, app, ask)
	if err != nil {
		return BackchannelAnswer{}, Outcome{}, err
	}
	if err := b.count(ctx, order, a.budget, a.ask.Customer, a.attempt); err != nil {
		return BackchannelAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "consent.ask", order, streams(a.ask.Consent), func(w *work) error {
		if still, err := b.enabled(w, app); err != nil || !still {
			return orElse(err, ErrClient)
		}
		return c.asked(w, a)
	}, func([]Fact) (BackchannelAnswer, error) {
		name, _, err := b.authReqID(a.ask.Consent)
		return BackchannelAnswer{name, int64(a.ask.TTL.Seconds())}, err
	})
}

// asking finds out who is meant, and refuses what cannot be asked of anybody before
// an attempt is counted.
func (c Consents) asking(ctx context.Context, order Order, app Client, ask BackchannelRequest) (asking, error) {
	b := c.bank
	if ask.TTL == 0 {
		ask.TTL = consent.BackchannelTTL
	}
	named, err := b.newApproval(order)
	if err != nil {
		return asking{}, err
	}
	a := asking{debtor: ask.Debtor, attempt: clientLanes(app.ID), ask: consent.Ask{
		Consent: id.From[id.Consent](DerivedID(order.ID, "consent")), Client: app.ID, Approval: named, JKT: ask.JKT, Scopes: ask.Scopes, Payment: ask.Payment,
		Message: ask.Message, ACRValues: ask.ACRValues, TTL: min(ask.TTL, consent.BackchannelTTLMax), At: order.At,
	}}
	if _, a.ask.RequestHash, err = b.authReqID(a.ask.Consent); err != nil {
		return asking{}, err
	}
	if _, err := (consent.State{}).Decide(a.ask); err != nil {
		return asking{}, err
	}
	if a.ask.Customer, a.budget, err = c.hinted(ctx, ask); err != nil {
		return asking{}, err
	}
	if a.desk = vainApprovals(a.budget); !a.ask.Customer.IsZero() {
		a.desk = approvalsOf(a.ask.Customer)
	}
	a.shown = shownOf(b.settings.Money.Audience, app.Name, a.ask)
	return a, nil
}

// shownOf is what the customer is shown.
func shownOf(audience, software string, ask consent.Ask) approval.Statement {
	shown := approval.Statement{
		Audience: audience, Approval: ask.Approval.String(), Purpose: approval.Access, Client: software, Scopes: strings.Join(ask.Scopes, " "), Message: ask.Message,
		Expiry: approval.Spell(ask.At.Add(ask.TTL)),
	}
	if p := ask.Payment; !p.IsZero() {
		shown.Amount, shown.Currency = p.Amount.Decimal(), string(p.Amount.Currency)
		shown.Creditor, shown.CreditorAccount, shown.Reference = p.CreditorName.Reveal(), p.CreditorAccount.Reveal(), p.Reference.Reveal()
	}
	return shown
}

// hinted is whom a hint names, and the budget that asking takes from. Who may not
// log in is not asked, and is not told apart from nobody.
func (c Consents) hinted(ctx context.Context, ask BackchannelRequest) (id.Customer, id.Attempts, error) {
	b, named := c.bank, ask.Customer
	var budget id.Attempts
	if named.IsZero() {
		claim, err := b.claimOf(ask.LoginHint)
		if err != nil {
			return named, budget, err
		}
		name, err := b.names.look(ctx, claim)
		if err != nil {
			return named, budget, err
		}
		named, budget = name.Holder(), shadowOf(claim)
	}
	person, err := b.customers.look(ctx, named) // of nobody: the same look, in vain
	if err != nil {
		return named, budget, err
	}
	if !person.Customer.IsZero() {
		budget = budgetOf(person.Customer)
	}
	if !person.MayLogIn() {
		return id.Customer{}, budget, nil
	}
	return person.Customer, budget, nil
}

func (c Consents) asked(w *work, a asking) error {
	b := c.bank
	if !a.ask.Customer.IsZero() {
		w.under(ofCustomer(a.ask.Customer))
	}
	b.consents.begin(w, a.ask.Consent)
	if err := b.consents.decide(w, a.ask.Consent, a.ask); err != nil {
		return err
	}
	if !a.debtor.IsZero() {
		if err := b.consents.decide(w, a.ask.Consent, consent.NameDebtor{Debtor: a.debtor, At: a.ask.At}); err != nil {
			return err
		}
	}
	return b.approvals.decide(w, a.desk, approval.Ask{
		Approvals: a.desk, Approval: a.ask.Approval, Customer: a.ask.Customer, Purpose: approval.Access, Consent: a.ask.Consent, Client: a.ask.Client,
		Statement: domain.NewEvidence(a.shown.Text()), Yields: true, TTL: a.ask.TTL, At: a.ask.At,
	})
}

// answerConsent takes the customer's answer over into the request that it is for.
// A yes is strong authentication: the device's key has signed the request, the one
// behind the fingerprint has signed what was displayed.
func (b *Bank) answerConsent(w *work, desk id.Approvals, asked approval.Request) error {
	state, err := b.approvals.load(w, desk)
	if err != nil {
		return err
	}
	answered, _ := state.Find(asked.Approval)
	if answered.Status == approval.Denied {
		return b.consents.decide(w, asked.Consent, consent.Decline{Approval: asked.Approval, At: w.order.At})
	}
	request, err := b.consents.load(w, asked.Consent)
	if err != nil {
		return err
	}
	if !request.Payment.IsZero() { // a new device vouches for no payment
		if ceiling, err := b.newDeviceCeiling(w, w.order.Caller.Device, false, request.Payment.Amount.Currency); err != nil || ceiling > 0 {
			return orElse(err, approval.ErrDevice)
		}
	}
	yes := consent.Approve{Approval: asked.Approval, Device: answered.By, ACR: grant.ACRStrong, AMR: []string{"mca", "mfa", "pop", "user"}, At: w.order.At}
	if answered.Hardware {
		yes.ACR, yes.AMR = grant.ACRStrongInKey, []string{"hwk", "mca", "mfa", "pop", "user"}
	}
	if !meets(yes.ACR, request.ACRValues) {
		return ErrWeakKey
	}
	if err := b.consents.decide(w, asked.Consent, yes); err != nil {
		return err
	}
	return b.attempts.decide(w, budgetOf(asked.Customer), attempt.Succeed{Lanes: clientLanes(asked.Client), At: w.order.At})
}

// clientLanes are what a third party's requests take from: a lane of its own, so that
// none takes from what the customer's own logins have.
func clientLanes(of id.Client) []string { return []string{"push-client:" + of.UUID().String()} }

// An auth_req_id is the request's id and a MAC of it, as a code is.
func (b *Bank) authReqID(asked id.Consent) (name, hash string, err error) {
	u := asked.UUID()
	secret, err := b.mac(keyAuthReqID, u[:])
	if err != nil {
		return "", "", err
	}
	name = opaque.EncodeToString(append(u[:], secret...))
	hash, err = b.macText(keyAuthReqIDHash, []byte(name))
	return name, hash, err
}

// readAuthReqID gives the request of one that is truly ours; consent.ErrCode if it is not.
func (b *Bank) readAuthReqID(name string) (id.Consent, error) {
	raw, err := opaque.DecodeString(name)
	if err != nil || len(raw) != 16+32 {
		return id.Consent{}, consent.ErrCode
	}
	asked := id.From[id.Consent](uuid.UUID(raw[:16]))
	right, _, err := b.authReqID(asked)
	if err == nil && !hmac.Equal([]byte(right), []byte(name)) {
		err = consent.ErrCode
	}
	return asked, err
}
