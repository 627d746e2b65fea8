package consent_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/consent"
	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/money"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

func pkce(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// What the cases below are made of: a shop, its request, and what becomes of it.
var (
	shop, anna     = id.Named[id.Client]("shop"), id.Named[id.Customer]("anna")
	login, session = id.Named[id.Grant]("login"), id.Named[id.Session]("session")
	payment        = consent.Payment{Amount: money.Amount{Minor: 100, Currency: "EUR"}, CreditorName: domain.NewEvidence("A"), CreditorAccount: domain.NewEvidence("DE02100100109307118603")}
	push           = consent.Push{
		Consent: id.Named[id.Consent]("c"), Client: shop, JKT: "key", Scopes: []string{"openid"}, Payment: payment, RedirectURI: "https://shop.example/cb",
		State: domain.NewProfile("s"), CodeChallenge: pkce("v"), Nonce: "n", At: noon,
	}
	pushed = consent.Requested{
		Consent: push.Consent, Client: shop, JKT: "key", Scopes: push.Scopes, Payment: payment, RedirectURI: push.RedirectURI,
		State: push.State, CodeChallenge: push.CodeChallenge, Nonce: "n", ExpiresAt: after(consent.RequestTTL), At: noon,
	}
	opened  = consent.Opened{Browser: "b", ExpiresAt: after(consent.PageTTL), At: noon}
	grant   = consent.Grant{Browser: "b", Customer: anna, Grant: login, ACR: "mfa", AMR: []string{"otp", "pwd"}, AuthTime: noon, CodeHash: "h", At: noon}
	granted = consent.Granted{Client: shop, Customer: anna, Grant: login, Scopes: push.Scopes, Payment: payment, ACR: "mfa", AMR: grant.AMR,
		AuthTime: noon, CodeHash: "h", ExpiresAt: after(consent.CodeTTL), At: noon}
	denied             = consent.Denied{Client: shop, Customer: anna, Grant: login, Scopes: push.Scopes, Payment: payment, At: noon}
	redeem             = consent.Redeem{Session: session, Client: shop, JKT: "key", RedirectURI: push.RedirectURI, Challenge: pkce("v"), At: noon}
	redeemed, replayed = consent.Redeemed{Session: session, At: noon}, consent.CodeReplayed{Session: session, At: noon}

	given   = func(events ...consent.Event) []consent.Event { return events }
	pushing = func(change func(*consent.Push)) consent.Push { c := push; change(&c); return c }
	paying  = func(change func(*consent.Payment)) consent.Push {
		return pushing(func(c *consent.Push) { change(&c.Payment) })
	}
	redeeming = func(change func(*consent.Redeem)) consent.Redeem { c := redeem; change(&c); return c }
	granting  = func(change func(*consent.Grant)) consent.Grant { c := grant; change(&c); return c }
	unbound   = func() consent.Requested { r := pushed; r.JKT = ""; return r }()
	name      = func(text string) func(*consent.Payment) {
		return func(p *consent.Payment) { p.CreditorName = domain.NewEvidence(text) }
	}
)

func TestARequestIsPushed(t *testing.T) {
	t.Parallel()
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "a request is pushed", When: push, Then: given(pushed)},
		{Name: "once", Given: given(pushed), When: push, Refused: consent.ErrURI},
		{Name: "without PKCE", When: pushing(func(c *consent.Push) { c.CodeChallenge = "" }), Refused: consent.ErrRequest},
		{Name: "with a short challenge", When: pushing(func(c *consent.Push) { c.CodeChallenge = "abc" }), Refused: consent.ErrRequest},
		{Name: "for nothing", When: pushing(func(c *consent.Push) { c.Scopes = nil }), Refused: consent.ErrRequest},
		{Name: "with nowhere to go back to", When: pushing(func(c *consent.Push) { c.RedirectURI = "" }), Refused: consent.ErrRequest},
		{Name: "with an endless state", When: pushing(func(c *consent.Push) { c.State = domain.NewProfile(strings.Repeat("s", 1025)) }), Refused: consent.ErrRequest},
		{Name: "with an endless nonce", When: pushing(func(c *consent.Push) { c.Nonce = strings.Repeat("n", 513) }), Refused: consent.ErrRequest},
		{Name: "a payment of nought", When: paying(func(p *consent.Payment) { p.Amount.Minor = 0 }), Refused: consent.ErrDetails},
		{Name: "a payment backwards", When: paying(func(p *consent.Payment) { p.Amount.Minor = -1 }), Refused: consent.ErrDetails},
		{Name: "a payment of no money", When: paying(func(p *consent.Payment) { p.Amount.Currency = "XXQ" }), Refused: consent.ErrDetails},
		{Name: "a payment to nobody", When: paying(name("")), Refused: consent.ErrDetails},
		{Name: "a payment to a name that reads otherwise", When: paying(name("A\u202eB")), Refused: consent.ErrDetails},
		{Name: "a payment to a name without end", When: paying(name(strings.Repeat("a", 71))), Refused: consent.ErrDetails},
		{Name: "a payment to no account", When: paying(func(p *consent.Payment) { p.CreditorAccount = domain.Evidence{} }), Refused: consent.ErrDetails},
		{Name: "a payment with two lines of text", When: paying(func(p *consent.Payment) { p.Reference = domain.NewEvidence("a\nb") }), Refused: consent.ErrDetails},
	})
}

func TestABrowserOpensARequest(t *testing.T) {
	t.Parallel()
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "a browser opens it", Given: given(pushed), When: consent.Open{Client: shop, Browser: "b", At: noon}, Then: given(opened)},
		{Name: "and again", Given: given(pushed, opened), When: consent.Open{Client: shop, Browser: "b", At: noon}},
		{Name: "another does not", Given: given(pushed, opened), When: consent.Open{Client: shop, Browser: "c", At: noon}, Refused: consent.ErrURI},
		{Name: "nor without a cookie", Given: given(pushed), When: consent.Open{Client: shop, At: noon}, Refused: consent.ErrURI},
		{Name: "nor for another client", Given: given(pushed), When: consent.Open{Client: id.Named[id.Client]("x"), Browser: "b", At: noon}, Refused: consent.ErrURI},
		{Name: "nor too late", Given: given(pushed), When: consent.Open{Client: shop, Browser: "b", At: after(consent.RequestTTL)}, Refused: consent.ErrURI},
		{Name: "nor what nobody pushed", When: consent.Open{Browser: "b", At: noon}, Refused: consent.ErrURI},
		{Name: "nor what was answered", Given: given(pushed, opened, granted), When: consent.Open{Client: shop, Browser: "b", At: noon}, Refused: consent.ErrURI},
	})
}

func TestACustomerAnswers(t *testing.T) {
	t.Parallel()
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "the customer agrees", Given: given(pushed, opened), When: grant, Then: given(granted)},
		{Name: "once: the same button again changes nothing", Given: given(pushed, opened, granted), When: grant},
		{Name: "nor does another login's yes", Given: given(pushed, opened, granted), When: granting(func(c *consent.Grant) { c.Grant = id.Named[id.Grant]("x") }), Refused: consent.ErrURI},
		{Name: "nor another browser's", Given: given(pushed, opened, granted), When: granting(func(c *consent.Grant) { c.Browser = "c" }), Refused: consent.ErrURI},
		{Name: "nor one that comes when the code has expired", Given: given(pushed, opened, granted), When: granting(func(c *consent.Grant) { c.At = after(consent.CodeTTL) }), Refused: consent.ErrURI},
		{Name: "nor one that comes when the code was taken", Given: given(pushed, opened, granted, redeemed), When: grant, Refused: consent.ErrURI},
		{Name: "not before it was shown", Given: given(pushed), When: grant, Refused: consent.ErrURI},
		{Name: "not in another browser", Given: given(pushed, consent.Opened{Browser: "c", ExpiresAt: opened.ExpiresAt}), When: grant, Refused: consent.ErrURI},
		{Name: "not too late", Given: given(pushed, consent.Opened{Browser: "b", ExpiresAt: noon}), When: grant, Refused: consent.ErrURI},
		{Name: "not after a no", Given: given(pushed, opened, denied), When: grant, Refused: consent.ErrURI},
		{Name: "the customer says no", Given: given(pushed, opened), When: consent.Deny{Browser: "b", Customer: anna, Grant: login, At: noon}, Then: given(denied)},
		{Name: "once", Given: given(pushed, opened, denied), When: consent.Deny{Browser: "b", At: noon}},
		{Name: "not again in another browser", Given: given(pushed, opened, denied), When: consent.Deny{Browser: "c", At: noon}, Refused: consent.ErrURI},
		{Name: "nobody else does", Given: given(pushed, opened), When: consent.Deny{Browser: "c", At: noon}, Refused: consent.ErrURI},
		{Name: "not after a yes", Given: given(pushed, opened, granted), When: consent.Deny{Browser: "b", At: noon}, Refused: consent.ErrURI},
	})
}

func TestACodeIsRedeemed(t *testing.T) {
	t.Parallel()
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "the code is redeemed", Given: given(pushed, opened, granted), When: redeem, Then: given(redeemed)},
		{Name: "with any key if none was named", Given: given(unbound, opened, granted), When: redeeming(func(c *consent.Redeem) { c.JKT = "other" }), Then: given(redeemed)},
		{Name: "but not with none", Given: given(unbound, opened, granted), When: redeeming(func(c *consent.Redeem) { c.JKT = "" }), Refused: consent.ErrCode},
		{Name: "not with another key", Given: given(pushed, opened, granted), When: redeeming(func(c *consent.Redeem) { c.JKT = "other" }), Refused: consent.ErrCode},
		{Name: "not by another client", Given: given(pushed, opened, granted), When: redeeming(func(c *consent.Redeem) { c.Client = id.Named[id.Client]("x") }), Refused: consent.ErrCode},
		{Name: "not with another verifier", Given: given(pushed, opened, granted), When: redeeming(func(c *consent.Redeem) { c.Challenge = pkce("w") }), Refused: consent.ErrCode},
		{Name: "not for another place", Given: given(pushed, opened, granted), When: redeeming(func(c *consent.Redeem) { c.RedirectURI += "/" }), Refused: consent.ErrCode},
		{Name: "not too late", Given: given(pushed, opened, granted), When: redeeming(func(c *consent.Redeem) { c.At = after(consent.CodeTTL) }), Refused: consent.ErrCode},
		{Name: "not before a yes", Given: given(pushed, opened), When: redeem, Refused: consent.ErrCode},
		{Name: "the second time ends what it became", Given: given(pushed, opened, granted, redeemed), When: redeem, Then: given(replayed)},
		{Name: "the third time nothing is left to end", Given: given(pushed, opened, granted, redeemed, replayed), When: redeem, Refused: consent.ErrCode},
	})
}

// What a third party does with a yes to a payment.
func TestPayment(t *testing.T) {
	t.Parallel()
	shop, anna, other := id.Named[id.Client]("shop"), id.Named[id.Customer]("anna"), id.Named[id.Account]("other")
	from, to, made := id.Named[id.Account]("from"), id.Named[id.Account]("to"), id.Named[id.Transfer]("t")
	twelve := money.Amount{Minor: 1200, Currency: "EUR"}
	payment := consent.Payment{Amount: twelve, CreditorName: domain.NewEvidence("A"), CreditorAccount: domain.NewEvidence(to.String()), Reference: domain.NewEvidence("rent")}
	pushed := consent.Requested{Consent: id.Named[id.Consent]("c"), Client: shop, Scopes: []string{"payments.transfer"}, Payment: payment, CodeChallenge: pkce("v"), RedirectURI: "u", ExpiresAt: after(time.Hour), At: noon}
	named := consent.DebtorNamed{Debtor: from, At: noon}
	granted := consent.Granted{Client: shop, Customer: anna, Scopes: pushed.Scopes, Payment: payment, ACR: "mfa", AuthTime: noon, ExpiresAt: after(time.Minute), At: noon}
	redeemed, paid := consent.Redeemed{Session: id.Named[id.Session]("s"), At: noon}, consent.PaymentMade{Transfer: made, At: noon}
	revoked := consent.Revoked{Client: shop, Customer: anna, By: "customer", Reason: "r", At: noon}
	unpaid := granted
	unpaid.Payment = consent.Payment{}
	erased := granted
	erased.Payment.CreditorAccount = domain.Evidence{}
	pay := consent.Pay{Client: shop, Customer: anna, Transfer: made, From: from, To: to, Amount: twelve, Reference: "rent", At: noon}
	paying := func(change func(*consent.Pay)) consent.Pay { c := pay; change(&c); return c }
	revoke := consent.Revoke{By: "customer", Reason: "r", At: noon}
	given := func(events ...consent.Event) []consent.Event { return events }
	agreed := given(pushed, named, granted, redeemed)
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "the account that pays is named with the request", Given: given(pushed), When: consent.NameDebtor{Debtor: from, At: noon}, Then: given(named)},
		{Name: "once", Given: given(pushed, named), When: consent.NameDebtor{Debtor: other, At: noon}, Refused: consent.ErrDetails},
		{Name: "not after the yes", Given: given(pushed, granted), When: consent.NameDebtor{Debtor: from, At: noon}, Refused: consent.ErrDetails},
		{Name: "the payment is made as it was shown", Given: agreed, When: pay, Then: given(paid)},
		{Name: "from any account if none was named", Given: given(pushed, granted, redeemed), When: paying(func(c *consent.Pay) { c.From = other }), Then: given(paid)},
		{Name: "once only", Given: append(agreed[:4:4], paid), When: pay, Refused: consent.ErrPaid},
		{Name: "not of another amount", Given: agreed, When: paying(func(c *consent.Pay) { c.Amount.Minor++ }), Refused: consent.ErrOther},
		{Name: "not in another currency", Given: agreed, When: paying(func(c *consent.Pay) { c.Amount.Currency = "USD" }), Refused: consent.ErrOther},
		{Name: "not to another payee", Given: agreed, When: paying(func(c *consent.Pay) { c.To = other }), Refused: consent.ErrOther},
		{Name: "not from another account", Given: agreed, When: paying(func(c *consent.Pay) { c.From = other }), Refused: consent.ErrOther},
		{Name: "not with other words", Given: agreed, When: paying(func(c *consent.Pay) { c.Reference = "" }), Refused: consent.ErrOther},
		{Name: "not what was erased", Given: given(pushed, erased, redeemed), When: paying(func(c *consent.Pay) { c.To = id.Account{} }), Refused: consent.ErrOther},
		{Name: "not by another client", Given: agreed, When: paying(func(c *consent.Pay) { c.Client = id.Named[id.Client]("x") }), Refused: consent.ErrNoPayment},
		{Name: "not for another customer", Given: agreed, When: paying(func(c *consent.Pay) { c.Customer = id.Named[id.Customer]("x") }), Refused: consent.ErrNoPayment},
		{Name: "not where none was agreed to", Given: given(pushed, unpaid, redeemed), When: pay, Refused: consent.ErrNoPayment},
		{Name: "not before the code was redeemed", Given: given(pushed, named, granted), When: pay, Refused: consent.ErrNoPayment},
		{Name: "not a day later", Given: agreed, When: paying(func(c *consent.Pay) { c.At = after(consent.PaymentTTL) }), Refused: consent.ErrLate},
		{Name: "not once it was taken back", Given: append(agreed[:4:4], revoked), When: pay, Refused: consent.ErrRevoked},
		{Name: "the yes is taken back", Given: agreed, When: revoke, Then: given(revoked)},
		{Name: "also before the code is redeemed", Given: given(pushed, granted), When: revoke, Then: given(revoked)},
		{Name: "and again", Given: append(agreed[:4:4], revoked), When: revoke},
		{Name: "but not what nobody agreed to", Given: given(pushed), When: revoke, Refused: consent.ErrUnknown},
		{Name: "then its code is worth nothing", Given: given(pushed, granted, revoked), When: consent.Redeem{Client: shop, JKT: "k", RedirectURI: "u", Challenge: pkce("v"), At: noon}, Refused: consent.ErrCode},
	})
}
