package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/consent"
	"florin/gateway/phone"
)

// shopping is a customer who pays a merchant through a third party.
type shopping struct {
	*house
	anna, merchant *phone.Phone
	shop           *machine
	from, other    string // anna's
	to             string
	order          phone.Order // what anna agrees to
}

func newShopping(t *testing.T) *shopping {
	h := newHouse(t)
	s := &shopping{house: h, anna: h.customer("anna"), merchant: h.customer("mona"), shop: h.thirdParty("shop", "openid", "accounts.read", "payments.transfer")}
	s.from, s.other, s.to = h.account(s.anna, "5000.00"), h.account(s.anna, "5000.00"), h.account(s.merchant, "")
	s.order = phone.Order{From: s.from, To: s.to, Amount: "120.00", Currency: "EUR", Reference: "order 17"}
	return s
}

func detailsOf(order phone.Order) string {
	return fmt.Sprintf(`[{"type":"payment_initiation","debtorAccount":{"account":%q},"instructedAmount":{"amount":%q,"currency":%q},"creditorName":"Mona's shop",`+
		`"creditorAccount":{"account":%q},"remittanceInformationUnstructured":%q}]`, order.From, order.Amount, order.Currency, order.To, order.Reference)
}

// agree is a whole consent to the order; the shop holds its tokens.
func (s *shopping) agree(shop *machine) phone.Tokens {
	s.t.Helper()
	values := wish("openid payments.transfer")
	values.Set("authorization_details", detailsOf(s.order))
	b := s.browser().visit(shop.name, shop.push(values)).login("anna", s.anna)
	for _, shown := range []string{s.order.From, s.order.To, s.order.Amount + " EUR", "Mona&#39;s shop", s.order.Reference} {
		require.Contains(s.t, b.page, shown, "the customer is shown what will be paid, and to whom (RTS art. 5)")
	}
	tokens := tokensOf(s.t, shop.redeem(b.submit("decision", "allow").back().Get("code"), nil))
	shop.p.SetTokens(tokens)
	return tokens
}

func (s *shopping) pay(order phone.Order) phone.Answer {
	return s.command(s.shop.p, http.MethodPost, "/v1/transfers", order, s.shop.p.NewID())
}

// listed is a consent as its customer reads it.
type listed struct {
	ID       string          `json:"consent_id"`
	Client   string          `json:"client_name"`
	Status   string          `json:"status"`
	Reason   string          `json:"reason"`
	Transfer string          `json:"transfer"`
	Session  string          `json:"session_id"`
	Details  json.RawMessage `json:"authorization_details"`
}

func (h *house) consents(p *phone.Phone) []listed {
	h.t.Helper()
	answer := h.get(p, "/v1/consents")
	require.Equal(h.t, 200, answer.Status, "%s", answer.Body)
	return field[[]listed](h.t, answer, "consents")
}

func TestAThirdPartyPaysWhatTheCustomerAgreedTo(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	s.agree(s.shop)
	key := s.shop.p.NewID()
	paid := s.command(s.shop.p, http.MethodPost, "/v1/transfers", s.order, key)
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	require.Equal(t, "posted", field[string](t, paid, "status"))
	require.NotContains(t, string(paid.Body), "exemption", "it was strongly authenticated")
	consented := s.consents(s.anna)[0]
	require.Equal(t, consented.ID, field[string](t, paid, "consent"))
	require.Equal(t, field[string](t, paid, "transfer"), consented.Transfer)
	require.JSONEq(t, detailsOf(s.order), string(consented.Details))
	require.Equal(t, "4880.00", s.balance(s.anna, s.from))

	again := s.command(s.shop.p, http.MethodPost, "/v1/transfers", s.order, key)
	require.Equal(t, 201, again.Status, "%s", again.Body)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	path := "/v1/transfers/" + consented.Transfer
	seen := s.get(s.shop.p, path)
	require.Equal(t, 200, seen.Status, "the third party sees what it asked for: %s", seen.Body)
	require.Contains(t, string(seen.Body), `"kind":"transfer.consented","detail":"consent"`)
	require.Equal(t, 404, s.get(s.shop.p, "/v1/transfers/"+s.transfer(s.anna, s.from, s.other, "1.00")).Status, "and nothing else of the customer's")
	require.Equal(t, 200, s.get(s.anna, path).Status)

	auditor := s.machine("auditor", "audit.read").login()
	events := s.get(auditor, "/v1/audit/streams/transfer/"+consented.Transfer[4:])
	require.Equal(t, 200, events.Status)
	var list struct {
		Events []struct {
			ActorType string `json:"actor_type"`
			Customer  string `json:"customer"`
		} `json:"events"`
	}
	require.NoError(t, json.Unmarshal(events.Body, &list))
	require.Equal(t, "client", list.Events[0].ActorType, "%s", events.Body)
	require.Equal(t, s.anna.Profile().Customer, list.Events[0].Customer, "%s", events.Body)
}

func TestAThirdPartyPaysNothingElse(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	other := s.thirdParty("other", "openid", "accounts.read", "payments.transfer")
	tokens := s.agree(s.shop)
	before := s.balance(s.anna, s.from)
	changed := func(change func(*phone.Order)) phone.Order { o := s.order; change(&o); return o }
	for name, order := range map[string]phone.Order{
		"another amount":    changed(func(o *phone.Order) { o.Amount = "120.01" }),
		"a smaller amount":  changed(func(o *phone.Order) { o.Amount = "1.00" }),
		"another currency":  changed(func(o *phone.Order) { o.Currency = "USD" }),
		"on a later day":    changed(func(o *phone.Order) { o.ExecuteOn = "2026-03-31" }),
		"another payee":     changed(func(o *phone.Order) { o.To = s.other }),
		"another account":   changed(func(o *phone.Order) { o.From = s.other }),
		"another reference": changed(func(o *phone.Order) { o.Reference = "order 18" }),
		"no reference":      changed(func(o *phone.Order) { o.Reference = "" }),
		"a stranger's account": changed(func(o *phone.Order) {
			o.From = s.to
		}),
	} {
		answer := s.pay(order)
		require.Equal(t, 403, answer.Status, "%s: %s", name, answer.Body)
		require.Equal(t, "consent-mismatch", code(answer), name)
	}
	stolen := s.ask(other.p, Route{Method: http.MethodPost, Keyed: true, Signed: true}, "/v1/transfers", body(t, s.order), func(r *phone.Request) {
		r.Header.Set("Authorization", "DPoP "+tokens.Access)
	})
	require.Equal(t, "invalid-dpop-proof", code(stolen), "another client's key")
	bare := s.ask(s.shop.p, Route{Method: http.MethodPost, Keyed: true}, "/v1/transfers", body(t, s.order), func(r *phone.Request) { r.Body = append(r.Body, ' ') })
	require.Equal(t, "invalid-dpop-proof", code(bare), "the client signs the body with its own key")
	s.shop.p.SetTokens(tokens)
	require.Equal(t, before, s.balance(s.anna, s.from), "nothing has moved")

	require.Equal(t, 201, s.pay(s.order).Status, "the payment itself is still good")
	twice := s.pay(s.order)
	require.Equal(t, 403, twice.Status)
	require.Equal(t, "consent-used", code(twice))
	s.pass(time.Second)
	fresh := tokensOf(t, s.shop.refresh(tokens.Refresh))
	s.shop.p.SetTokens(fresh)
	require.Equal(t, "consent-used", code(s.pay(s.order)), "a refreshed token is no second payment")
	require.Equal(t, "4880.00", s.balance(s.anna, s.from))
	for _, route := range []string{"authorization", "cancellation"} {
		answer := s.ask(s.shop.p, Route{Method: http.MethodPost, Keyed: true, Signed: true}, "/v1/transfers/"+s.consents(s.anna)[0].Transfer+"/"+route, "{}", nil)
		require.Equal(t, "insufficient-scope", code(answer), "%s is the customer's", route)
	}
}

func body(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// Two of the same at once, under two keys: one is made.
func TestTwoPaymentsOfOneConsentAtOnceAreOne(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	s.agree(s.shop)
	require.Equal(t, 403, s.pay(phone.Order{From: s.from, To: s.to, Amount: "1.00", Currency: "EUR"}).Status) // and holds a nonce now
	requests := make([]phone.Request, 8)
	for i := range requests {
		var err error
		requests[i], err = s.shop.p.Prepare(http.MethodPost, "/v1/transfers", []byte(body(t, s.order)), s.shop.p.NewID())
		require.NoError(t, err)
	}
	answers := make(chan phone.Answer, len(requests))
	for _, request := range requests {
		go func() {
			answer, _ := s.shop.p.Send(t.Context(), request)
			answers <- answer
		}()
	}
	made := 0
	for range requests {
		answer := <-answers
		if answer.Status == 201 {
			made++
			continue
		}
		require.Equal(t, "consent-used", code(answer), "%s", answer.Body)
	}
	require.Equal(t, 1, made)
	require.Equal(t, "4880.00", s.balance(s.anna, s.from))
}

// The yes is an authentication of a quarter of an hour; then the phone is asked.
func TestALatePaymentIsConfirmedOnTheCustomersPhone(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	tokens := s.agree(s.shop)
	s.pass(consent.ConfirmedTTL + time.Second)
	s.shop.p.SetTokens(tokensOf(t, s.shop.refresh(tokens.Refresh)))
	asked := s.pay(s.order)
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	require.Equal(t, "challenged", field[string](t, asked, "status"))
	require.NotEmpty(t, field[map[string]any](t, asked, "challenge")["methods"])
	require.Equal(t, "consent-used", code(s.pay(s.order)), "it was asked for, whatever becomes of it")
	require.Contains(t, s.filed("transfer-challenged"), `"channels":["push"]`, "the phone is told that there is something to confirm")
	s.login(s.anna)
	require.Equal(t, "5000.00", s.balance(s.anna, s.from))
	transfer := field[string](t, asked, "transfer")
	seen := s.get(s.anna, "/v1/transfers/"+transfer)
	require.Equal(t, 200, seen.Status)
	var asks phone.Transfer
	require.NoError(t, json.Unmarshal(seen.Body, &asks))
	done, err := s.anna.AuthoriseBySCAKey(t.Context(), asks)
	require.NoError(t, err)
	require.Equal(t, "posted", done.Status)
	require.Equal(t, "4880.00", s.balance(s.anna, s.from))

	tokens = s.agree(s.shop)
	s.pass(consent.PaymentTTL)
	s.shop.p.SetTokens(tokensOf(t, s.shop.refresh(tokens.Refresh)))
	late := s.pay(s.order)
	require.Equal(t, 403, late.Status)
	require.Equal(t, "consent-expired", code(late))
	s.login(s.anna)
	require.Equal(t, "4880.00", s.balance(s.anna, s.from))
}

func TestACustomerTakesAConsentBack(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	tokens := s.agree(s.shop)
	consented := s.consents(s.anna)[0]
	require.Equal(t, "Shop Ltd", consented.Client)
	require.Equal(t, "active", consented.Status)
	del := Route{Method: http.MethodDelete}
	require.Equal(t, 404, s.ask(s.merchant, del, "/v1/consents/"+consented.ID, "", nil).Status, "another's")
	for _, path := range []string{"/v1/consents", "/v1/sessions"} {
		require.Equal(t, "insufficient-scope", code(s.get(s.shop.p, path)), "no third party sees or ends others' access")
	}
	require.Equal(t, "insufficient-scope", code(s.ask(s.shop.p, del, "/v1/sessions/"+consented.Session, "", nil)))
	ended := s.ask(s.anna, del, "/v1/consents/"+consented.ID, "", nil)
	require.Equal(t, 200, ended.Status, "%s", ended.Body)
	require.Equal(t, 401, s.pay(s.order).Status, "its token is refused at once")
	require.Equal(t, "invalid_grant", code(s.shop.refresh(tokens.Refresh)))
	require.Equal(t, "5000.00", s.balance(s.anna, s.from))
	after := s.consents(s.anna)[0]
	require.Equal(t, "ended", after.Status)
	require.Equal(t, "revoked-by-customer", after.Reason)
	require.Equal(t, 200, s.ask(s.anna, del, "/v1/consents/"+consented.ID, "", nil).Status, "and stays so")

	values := wish("openid payments.transfer") // a code that nobody has redeemed yet
	values.Set("authorization_details", detailsOf(s.order))
	granted := s.browser().visit("shop", s.shop.push(values)).login("anna", s.anna).submit("decision", "allow").back().Get("code")
	for _, c := range s.consents(s.anna) {
		if c.Status == "granted" {
			require.Equal(t, 200, s.ask(s.anna, del, "/v1/consents/"+c.ID, "", nil).Status)
		}
	}
	require.Equal(t, "invalid_grant", code(s.shop.redeem(granted, nil)))
}

// An account information service reads what the page said: this customer's
// accounts, and nothing of anybody else's or of another kind.
func TestAThirdPartyReadsWhatTheCustomerAgreedTo(t *testing.T) {
	t.Parallel()
	s := newShopping(t)
	s.shop.p.SetTokens(s.agreed(s.anna, s.shop))
	list := s.get(s.shop.p, "/v1/accounts")
	require.Equal(t, 200, list.Status)
	require.Contains(t, string(list.Body), s.from)
	require.NotContains(t, string(list.Body), s.to)
	for _, path := range []string{"", "/balance", "/transactions"} {
		require.Equal(t, 200, s.get(s.shop.p, "/v1/accounts/"+s.from+path).Status)
		require.Equal(t, 404, s.get(s.shop.p, "/v1/accounts/"+s.to+path).Status)
	}
	require.Equal(t, "insufficient-scope", code(s.get(s.shop.p, "/v1/customers/me")))
	require.Equal(t, "insufficient-scope", code(s.pay(s.order)), "who may look may not pay")
	s.agree(s.shop)
	require.Equal(t, "insufficient-scope", code(s.get(s.shop.p, "/v1/accounts")), "who may pay may not look")
	values := s.shop.proven(wish("payments.transfer"))
	values.Set("authorization_details", detailsOf(phone.Order{From: s.from, To: "x", Amount: "1.00", Currency: "EUR"}))
	require.Equal(t, "invalid_authorization_details", code(s.form(s.shop.p, "/oauth2/par", url.Values(values))))
}

// filed is the latest entry of a template that was put into an inbox, as it is stored.
func (h *house) filed(template string) (entry string) {
	h.t.Helper()
	h.settle()
	for record, err := range h.log.ReadAll(context.Background(), 0) {
		require.NoError(h.t, err)
		for _, event := range record.Events {
			if text := string(event.Data); event.Kind == "notification.filed" && strings.Contains(text, `"`+template+`"`) {
				entry = text
			}
		}
	}
	return entry
}
