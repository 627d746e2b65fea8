package consent_test

import (
	"strings"
	"testing"
	"time"

	"florin/domain"
	"florin/domain/consent"
	"florin/domain/domaintest"
	"florin/domain/id"
)

// A shop that asks by the back channel, and the phone that answers.
var (
	request = id.Named[id.Approval]("a")
	phone   = id.Named[id.Device]("phone")
	ask     = consent.Ask{
		Consent: push.Consent, Client: shop, Customer: anna, Approval: request, JKT: "key", Scopes: push.Scopes, Payment: payment, Message: "AB-17",
		RequestHash: "h", TTL: consent.BackchannelTTL, At: noon,
	}
	asked = consent.Asked{
		Consent: push.Consent, Client: shop, Customer: anna, Approval: request, JKT: "key", Scopes: push.Scopes, Payment: payment,
		RequestHash: "h", ExpiresAt: after(consent.BackchannelTTL), At: noon,
	}
	approve  = consent.Approve{Approval: request, Device: phone, ACR: "sca", AMR: []string{"mca", "user"}, At: noon}
	approved = consent.Approved{Client: shop, Customer: anna, Approval: request, Device: phone, Scopes: push.Scopes, Payment: payment, ACR: "sca", AMR: approve.AMR, At: noon}
	decline  = consent.Decline{Approval: request, At: noon}
	declined = consent.Denied{Client: shop, Customer: anna, Scopes: push.Scopes, Payment: payment, At: noon}
	collect  = consent.Collect{Session: session, Client: shop, JKT: "key", At: noon}

	asking     = func(change func(*consent.Ask)) consent.Ask { c := ask; change(&c); return c }
	collecting = func(change func(*consent.Collect)) consent.Collect { c := collect; change(&c); return c }
	ofNobody   = func() consent.Asked { a := asked; a.Customer = id.Customer{}; return a }()
	anyKey     = func() consent.Asked { a := asked; a.JKT = ""; return a }()
)

func TestARequestComesByTheBackChannel(t *testing.T) {
	t.Parallel()
	message := func(text string) consent.Ask { return asking(func(c *consent.Ask) { c.Message = text }) }
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "a customer is asked", When: ask, Then: given(asked)},
		{Name: "so is nobody", When: asking(func(c *consent.Ask) { c.Customer = id.Customer{} }), Then: given(ofNobody)},
		{Name: "without a message", When: message(""), Then: given(asked)},
		{Name: "once", Given: given(asked), When: ask, Refused: consent.ErrRequest},
		{Name: "not what a browser was asked", Given: given(pushed), When: ask, Refused: consent.ErrRequest},
		{Name: "not for nothing", When: asking(func(c *consent.Ask) { c.Scopes = nil }), Refused: consent.ErrRequest},
		{Name: "not by nobody", When: asking(func(c *consent.Ask) { c.Client = id.Client{} }), Refused: consent.ErrRequest},
		{Name: "not without a place to answer", When: asking(func(c *consent.Ask) { c.Approval = id.Approval{} }), Refused: consent.ErrRequest},
		{Name: "not without what it is known by", When: asking(func(c *consent.Ask) { c.RequestHash = "" }), Refused: consent.ErrRequest},
		{Name: "not for ever", When: asking(func(c *consent.Ask) { c.TTL = consent.BackchannelTTLMax + 1 }), Refused: consent.ErrRequest},
		{Name: "not for no time", When: asking(func(c *consent.Ask) { c.TTL = 0 }), Refused: consent.ErrRequest},
		{Name: "not with a story", When: message(strings.Repeat("m", consent.MessageRunesMax+1)), Refused: consent.ErrMessage},
		{Name: "not with two lines", When: message("a\nb"), Refused: consent.ErrMessage},
		{Name: "not with text that reads otherwise", When: message("A\u202eB"), Refused: consent.ErrMessage},
		{Name: "not for a payment of nought", When: asking(func(c *consent.Ask) { c.Payment.Amount.Minor = 0 }), Refused: consent.ErrDetails},
		{Name: "for a payment from an account", Given: given(asked), When: consent.NameDebtor{Debtor: id.Named[id.Account]("a"), At: noon},
			Then: given(consent.DebtorNamed{Debtor: id.Named[id.Account]("a"), At: noon})},
		{Name: "no browser opens it", Given: given(asked), When: consent.Open{Client: shop, Browser: "b", At: noon}, Refused: consent.ErrURI},
	})
}

func TestACustomerAnswersOnAPhone(t *testing.T) {
	t.Parallel()
	late := approve
	late.At = after(consent.BackchannelTTL)
	other := approve
	other.Approval = id.Named[id.Approval]("b")
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "yes", Given: given(asked), When: approve, Then: given(approved)},
		{Name: "no", Given: given(asked), When: decline, Then: given(declined)},
		{Name: "yes once", Given: given(asked, approved), When: approve, Refused: consent.ErrURI},
		{Name: "not no after yes", Given: given(asked, approved), When: decline, Refused: consent.ErrURI},
		{Name: "not yes after no", Given: given(asked, declined), When: approve, Refused: consent.ErrURI},
		{Name: "not too late", Given: given(asked), When: late, Refused: consent.ErrURI},
		{Name: "not in another place", Given: given(asked), When: other, Refused: consent.ErrURI},
		{Name: "not as nobody", Given: given(ofNobody), When: approve, Refused: consent.ErrURI},
		{Name: "not what a browser is asked", Given: given(pushed, opened), When: approve, Refused: consent.ErrURI},
		{Name: "not what nobody was asked", When: approve, Refused: consent.ErrURI},
		{Name: "what was agreed is taken back", Given: given(asked, approved), When: consent.Revoke{By: "customer", Reason: "x", At: noon},
			Then: given(consent.Revoked{Client: shop, Customer: anna, By: "customer", Reason: "x", At: noon})},
	})
}

func TestAClientCollectsTheAnswer(t *testing.T) {
	t.Parallel()
	late := collecting(func(c *consent.Collect) { c.At = after(consent.BackchannelTTL) })
	thief := collecting(func(c *consent.Collect) { c.Client = id.Named[id.Client]("x") })
	otherKey := collecting(func(c *consent.Collect) { c.JKT = "another" })
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "a yes becomes a session", Given: given(asked, approved), When: collect, Then: given(redeemed)},
		{Name: "to any key if none was said", Given: given(anyKey, approved), When: otherKey, Then: given(redeemed)},
		{Name: "in the last moment", Given: given(asked, approved), When: collecting(func(c *consent.Collect) { c.At = after(consent.BackchannelTTL - time.Microsecond) }),
			Then: given(consent.Redeemed{Session: session, At: after(consent.BackchannelTTL - time.Microsecond)})},
		{Name: "not before there is an answer", Given: given(asked), When: collect, Refused: consent.ErrPending},
		{Name: "of nobody there never is one", Given: given(ofNobody), When: collect, Refused: consent.ErrPending},
		{Name: "its time runs out", Given: given(asked), When: late, Refused: consent.ErrExpired},
		{Name: "nobody's too", Given: given(ofNobody), When: late, Refused: consent.ErrExpired},
		{Name: "a yes too", Given: given(asked, approved), When: late, Refused: consent.ErrExpired},
		{Name: "a no stays one", Given: given(asked, declined), When: collect, Refused: consent.ErrDenied},
		{Name: "not by another client", Given: given(asked, approved), When: thief, Refused: consent.ErrCode},
		{Name: "who is not told that it waits", Given: given(asked), When: thief, Refused: consent.ErrCode},
		{Name: "not with another key", Given: given(asked, approved), When: otherKey, Refused: consent.ErrCode},
		{Name: "not with none", Given: given(anyKey, approved), When: collecting(func(c *consent.Collect) { c.JKT = "" }), Refused: consent.ErrCode},
		{Name: "not when it was taken back", Given: given(asked, approved, consent.Revoked{Client: shop, Customer: anna, At: noon}), When: collect, Refused: consent.ErrCode},
		{Name: "the second time the tokens of the first die", Given: given(asked, approved, redeemed), When: collect, Then: given(replayed)},
		{Name: "whoever comes", Given: given(asked, approved, redeemed), When: thief, Then: given(replayed)},
		{Name: "and however often", Given: given(asked, approved, redeemed, replayed), When: collect, Refused: consent.ErrCode},
		{Name: "a browser's is no such request", Given: given(pushed, opened, granted), When: collect, Refused: consent.ErrCode},
		{Name: "nor does a code collect this one", Given: given(asked, approved), When: redeem, Refused: consent.ErrCode},
		{Name: "nor what nobody asked for", When: collect, Refused: consent.ErrCode},
	})
}

func TestAPaymentAgreedToOnAPhoneIsMade(t *testing.T) {
	t.Parallel()
	to := id.Named[id.Account]("merchant")
	inHouse := asked
	inHouse.Payment.CreditorAccount = domain.NewEvidence(to.String())
	yes := approved
	yes.Payment = inHouse.Payment
	pay := consent.Pay{Client: shop, Customer: anna, Transfer: id.Named[id.Transfer]("t"), From: id.Named[id.Account]("annas"), To: to, Amount: payment.Amount, At: noon}
	more := pay
	more.Amount.Minor++
	domaintest.Run[consent.State](t, []domaintest.Case[consent.Command, consent.Event]{
		{Name: "the payment is made", Given: given(inHouse, yes, redeemed), When: pay, Then: given(consent.PaymentMade{Transfer: pay.Transfer, At: noon})},
		{Name: "no other is", Given: given(inHouse, yes, redeemed), When: more, Refused: consent.ErrOther},
		{Name: "not before the yes was collected", Given: given(inHouse, yes), When: pay, Refused: consent.ErrNoPayment},
		{Name: "not without a yes", Given: given(inHouse), When: pay, Refused: consent.ErrNoPayment},
	})
}
