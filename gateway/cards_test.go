package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/authorisation"
	"florin/eventbus"
	"florin/gateway/phone"
	"florin/gateway/service"
)

// card issues one, which a sandbox makes at once.
func (h *house) card(p *phone.Phone, account string) string {
	h.t.Helper()
	answer := h.command(p, http.MethodPost, "/v1/cards", map[string]string{"account": account}, p.NewID())
	require.Equal(h.t, 201, answer.Status, "%s", answer.Body)
	require.Equal(h.t, "active", field[string](h.t, answer, "status"))
	return field[string](h.t, answer, "card")
}

// shop asks through the network's machine.
func (h *house) shop(network *phone.Phone, path string, body any) phone.Answer {
	h.t.Helper()
	return h.command(network, http.MethodPost, "/v1/card-authorisations"+path, body, network.NewID())
}

func (h *house) authorised(network *phone.Phone, card, amount string) string {
	h.t.Helper()
	answer := h.shop(network, "", map[string]any{"card": card, "amount": amount, "currency": "EUR", "merchant": "Books & Co", "category": "5942"})
	require.Equal(h.t, 201, answer.Status, "%s", answer.Body)
	return field[string](h.t, answer, "authorisation")
}

func (s *scene) cardTries() map[string]try {
	return map[string]try{
		"POST /v1/cards":                            {by: "customer", body: fmt.Sprintf(`{"account":%q}`, s.from)},
		"GET /v1/cards":                             {by: "customer", list: true},
		"GET /v1/cards/{id}":                        {by: "customer"},
		"GET /v1/cards/{id}/authorisations":         {by: "customer", list: true},
		"POST /v1/cards/{id}/freeze":                {by: "customer", body: `{"reason":"mislaid"}`},
		"POST /v1/cards/{id}/unfreeze":              {by: "customer", body: `{"reason":"found"}`},
		"POST /v1/cards/{id}/limits":                {by: "customer", body: `{"limit_day":"50.00"}`},
		"POST /v1/cards/{id}/replace":               {by: "customer", body: `{"reason":"lost"}`},
		"POST /v1/cards/{id}/close":                 {by: "customer", body: `{"reason":"unwanted"}`},
		"POST /v1/cards/{id}/personalisation":       {by: "auditor", body: `{"token":"t","last_four":"1234","expires":"2030-01"}`},
		"POST /v1/card-authorisations":              {by: "auditor", body: fmt.Sprintf(`{"card":%q,"amount":"1.00","currency":"EUR"}`, s.annas["cards"])},
		"GET /v1/card-authorisations/{id}":          {by: "auditor"},
		"POST /v1/card-authorisations/{id}/capture": {by: "auditor", body: `{"amount":"1.00","currency":"EUR"}`},
		"POST /v1/card-authorisations/{id}/reverse": {by: "auditor", body: `{"amount":"1.00","currency":"EUR"}`},
		"POST /v1/card-authorisations/{id}/refund":  {by: "auditor", body: `{"amount":"1.00","currency":"EUR"}`},
	}
}

func decodedAs[T any](t *testing.T, answer phone.Answer) (v T) {
	t.Helper()
	require.NoError(t, answer.OK())
	require.NoError(t, json.Unmarshal(answer.Body, &v), "%s", answer.Body)
	return v
}

func TestACardPaysInAShop(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, network := h.customer("anna"), h.machine("network", "cards.network").login()
	account := h.account(anna, "100.00")
	card := h.card(anna, account)
	shown := decodedAs[service.CardAnswer](t, h.fresh(anna, "/v1/cards/"+card))
	require.Len(t, shown.LastFour, 4)
	require.Equal(t, service.CardLimits{Each: "5000.00", Day: "5000.00", Month: "20000.00"}, shown.Limits)

	asked := h.authorised(network, card, "60.00")
	pending := decodedAs[service.TransactionList](t, h.fresh(anna, "/v1/accounts/"+account+"/transactions"))
	require.Equal(t, "pending", pending.Transactions[0].Status)
	require.Equal(t, "-60.00", pending.Transactions[0].Amount)
	declined := h.shop(network, "", map[string]any{"card": card, "amount": "40.01", "currency": "EUR"})
	require.Equal(t, 422, declined.Status)
	require.Equal(t, "insufficient-funds", code(declined))

	took := decodedAs[service.AuthorisationAnswer](t, h.shop(network, "/"+asked+"/capture", map[string]any{"amount": "45.50", "currency": "EUR", "final": true}))
	require.Equal(t, "captured", took.Status)
	require.Equal(t, "0.00", took.Held)
	require.Equal(t, "54.50", h.balance(anna, account))
	back := decodedAs[service.AuthorisationAnswer](t, h.shop(network, "/"+asked+"/refund", map[string]any{"amount": "5.50", "currency": "EUR"}))
	require.Equal(t, "captured", back.Status)
	require.Equal(t, "60.00", h.balance(anna, account))
	require.Equal(t, "refund-exceeds-capture", code(h.shop(network, "/"+asked+"/refund", map[string]any{"amount": "40.01", "currency": "EUR"})))
	require.Equal(t, "authorisation-not-held", code(h.shop(network, "/"+asked+"/reverse", map[string]any{})))

	list := decodedAs[service.AuthorisationList](t, h.fresh(anna, "/v1/cards/"+card+"/authorisations"))
	require.Len(t, list.Authorisations, 2)
	require.Equal(t, "insufficient-funds", list.Authorisations[0].Code)
	require.Equal(t, "Books & Co", list.Authorisations[1].Merchant)
	require.Equal(t, "45.50", list.Authorisations[1].Captured)
	booked := decodedAs[service.TransactionList](t, h.fresh(anna, "/v1/accounts/"+account+"/transactions"))
	require.Equal(t, []string{"card_refund", "card_purchase"}, []string{booked.Transactions[0].Purpose, booked.Transactions[1].Purpose})
	seen := decodedAs[service.AuthorisationAnswer](t, h.fresh(network, "/v1/card-authorisations/"+asked))
	require.Equal(t, "5.50", seen.Refunded)
}

func TestAShopThatDoesNotCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, network := h.customer("anna"), h.machine("network", "cards.network").login()
	account := h.account(anna, "100.00")
	h.authorised(network, h.card(anna, account), "100.00")
	h.processed(eventbus.Position(h.head()))
	h.pass(authorisation.ExpiresAfter)
	require.NoError(t, h.bank.Tick(t.Context()))
	h.login(anna)
	require.Equal(t, "100.00", field[string](t, h.fresh(anna, "/v1/accounts/"+account), "available"))
}

func TestAnOwnerStopsAndChangesACard(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, scheme := h.customer("anna"), h.customer("bert"), h.machine("network", "cards.network")
	network := scheme.login()
	desk := h.machine("desk", "customers.manage").login()
	account := h.account(anna, "100.00")
	card := h.card(anna, account)
	change := func(p *phone.Phone, act string, body any) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/cards/"+card+"/"+act, body, p.NewID())
	}
	pays := func(amount string) string {
		return code(h.shop(network, "", map[string]any{"card": card, "amount": amount, "currency": "EUR"}))
	}
	require.Equal(t, "not-found", code(change(bert, "freeze", map[string]any{})), "another's card is not there")
	require.NoError(t, change(anna, "freeze", map[string]any{}).OK())
	require.Equal(t, "card-frozen", pays("1.00"))
	require.NoError(t, change(anna, "unfreeze", map[string]any{}).OK())
	require.NoError(t, change(desk, "freeze", map[string]any{"reason": "fraud-suspected"}).OK())
	require.Equal(t, "card-frozen-by-bank", code(change(anna, "unfreeze", map[string]any{})))
	require.Equal(t, "bank", field[string](t, h.fresh(anna, "/v1/cards/"+card), "frozen_by"))
	require.Equal(t, "invalid-reason", code(change(desk, "unfreeze", map[string]any{})), "the bank says why")
	require.NoError(t, change(desk, "unfreeze", map[string]any{"reason": "cleared"}).OK())

	require.NoError(t, change(anna, "limits", map[string]any{"limit_each": "10.00"}).OK())
	require.Equal(t, "card-limit-exceeded", pays("10.01"))
	require.Equal(t, "invalid-card-limits", code(change(anna, "limits", map[string]any{"limit_day": "5000.01"})))
	require.Equal(t, "invalid-card-limits", code(change(anna, "limits", map[string]any{"limit_day": "0.00"})), "which would be none at all")
	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(t.Context()))
	require.Equal(t, "insufficient-user-authentication", code(change(anna, "limits", map[string]any{"limit_each": "20.00"})), "limits take a fresh login")
	require.NoError(t, change(anna, "freeze", map[string]any{}).OK(), "a stop takes none")
	network = scheme.login()

	replaced := change(anna, "replace", map[string]any{"reason": "lost"})
	require.Equal(t, 201, replaced.Status, "%s", replaced.Body)
	require.Equal(t, card, field[string](t, replaced, "replaces"))
	require.Equal(t, "card-closed", pays("1.00"))
	card = field[string](t, replaced, "card")
	require.Equal(t, "10.00", decodedAs[service.CardAnswer](t, replaced).Limits.Each)
	require.Equal(t, "", pays("1.00"))
	require.NoError(t, change(anna, "close", map[string]any{}).OK())
	require.Equal(t, "card-closed", pays("1.00"))
	require.Len(t, decodedAs[service.CardList](t, h.fresh(anna, "/v1/cards")).Cards, 2)
}
