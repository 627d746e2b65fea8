package gateway

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// shares makes a customer a holder of another's account.
func (h *house) shares(by, with *phone.Phone, account, name, role string) {
	h.t.Helper()
	invited := acted(h, by, account, "invitations", `{"user_name":"`+name+`","role":"`+role+`"}`)
	require.Equal(h.t, 201, invited.Status, "%s", invited.Body)
	joined := acted(h, with, account, "holders", `{"invitation":"`+field[string](h.t, invited, "invitation")+`"}`)
	require.Equal(h.t, 201, joined.Status, "%s", joined.Body)
}

// sharedDoings is what anna begins on an account that others hold too: by the place where it is
// read, and the list that it is in.
func (h *house) sharedDoings(anna *phone.Phone, from, to string) map[string]string {
	h.t.Helper()
	sent := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "10.00"), anna.NewID())
	require.Equal(h.t, 201, sent.Status, "%s", sent.Body)
	waits := h.later(anna, from, to, "12.00", "2026-03-31")
	require.Equal(h.t, 200, h.confirmLater(anna, waits).Status)
	series := h.place(anna, from, to, "25.00", `"frequency":"monthly","first":"2026-03-31"`)
	require.Equal(h.t, 200, h.confirmSeries(anna, series, nil).Status)
	asked := h.later(anna, from, to, "13.00", "2026-03-31")
	many := h.command(anna, http.MethodPost, "/v1/batches", []byte(`{"from":"`+from+`","currency":"EUR","items":[{"to":"`+to+`","amount":"1.00"},{"to":"`+to+`","amount":"2.00"}]}`), anna.NewID())
	require.NoError(h.t, many.OK(), "%s", many.Body)
	file := h.files(anna, painOf("MSG-1", h.iban(anna, from), "3.00", "4.00"))
	require.Equal(h.t, 202, file.Status, "%s", file.Body)
	return map[string]string{
		"/v1/transfers/" + field[string](h.t, sent, "transfer"):               "",
		"/v1/transfers/" + field[string](h.t, waits, "transfer"):              "/v1/scheduled-transfers",
		"/v1/transfers/" + field[string](h.t, asked, "transfer"):              "",
		"/v1/standing-orders/" + field[string](h.t, series, "standing_order"): "/v1/standing-orders",
		"/v1/batches/" + field[string](h.t, many, "batch"):                    "",
		"/v1/payments/" + h.paid(anna, from, "25.00"):                         "/v1/payments",
		"/v1/payment-files/" + field[string](h.t, file, "payment_file"):       "/v1/payment-files",
	}
}

// What one holder began on a joint account, the others see; owners stop it.
func TestHoldersSeeWhatOthersBeganAndOwnersStopIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, carl, dora := h.customer("anna"), h.customer("bert"), h.customer("carl"), h.customer("dora")
	joint, to := h.account(anna, "5000.00"), h.account(dora, "")
	for _, p := range []*phone.Phone{anna, bert, carl, dora} {
		h.login(p)
	}
	h.shares(anna, bert, joint, "bert", "owner")
	h.shares(anna, carl, joint, "carl", "reader")
	begun := h.sharedDoings(anna, joint, to)
	h.works()
	for place, list := range begun {
		for _, p := range []*phone.Phone{bert, carl} {
			shown := h.fresh(p, place)
			require.Equal(t, 200, shown.Status, "%s: %s", place, shown.Body)
			require.NotContains(t, string(shown.Body), `"challenge":`, "%s: it was put to another", place)
			if list != "" {
				require.Contains(t, string(h.fresh(p, list).Body), place[strings.LastIndex(place, "/")+1:], list)
			}
		}
		require.Equal(t, string(h.get(dora, place[:strings.LastIndex(place, "/")+4]+"_00000000-0000-4000-8000-000000000001").Body), string(h.fresh(dora, place).Body), place)
		if list != "" {
			require.NotContains(t, string(h.fresh(dora, list).Body), place[strings.LastIndex(place, "/")+1:], list)
		}
		stop, path := http.MethodPost, place+"/cancellation"
		switch {
		case strings.Contains(place, "payments"):
			refused := h.recalls(carl, place[len("/v1/payments/"):], "DUPL", carl.NewID())
			require.Equal(t, []any{403, "account-read-only"}, []any{refused.Status, code(refused)})
			require.Equal(t, 404, h.recalls(dora, place[len("/v1/payments/"):], "DUPL", dora.NewID()).Status)
			recalled := h.recalls(bert, place[len("/v1/payments/"):], "DUPL", bert.NewID())
			require.Equal(t, 200, recalled.Status, "%s", recalled.Body)
			continue
		case strings.Contains(place, "standing"):
			stop, path = http.MethodDelete, place
		}
		refused := h.command(carl, stop, path, nil, carl.NewID())
		require.Equal(t, []any{403, "account-read-only"}, []any{refused.Status, code(refused)}, place)
		require.Equal(t, 404, h.command(dora, stop, path, nil, dora.NewID()).Status, place)
		if list != "" {
			stopped := h.command(bert, stop, path, nil, bert.NewID())
			require.Equal(t, "cancelled", field[string](t, stopped, "status"), "%s: %s", place, stopped.Body)
		}
	}

	removed := acted(h, anna, joint, "holders/removal", `{"holder":"`+bert.Profile().Customer+`"}`)
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	for place, list := range begun {
		require.Equal(t, string(h.fresh(dora, place).Body), string(h.fresh(bert, place).Body), "%s: who was removed is a stranger", place)
		if list != "" {
			require.NotContains(t, string(h.fresh(bert, list).Body), place[strings.LastIndex(place, "/")+1:], list)
		}
	}
}

// A card for a joint account is seen by each of its holders, and stopped by each of its
// owners. Where its customer shops, and whether it goes on, is for them alone.
func TestHoldersSeeTheCardsOfAnAccountAndOwnersFreezeThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, carl, dora := h.customer("anna"), h.customer("bert"), h.customer("carl"), h.customer("dora")
	network := h.machine("network", "cards.network").login()
	joint := h.account(anna, "500.00")
	for _, p := range []*phone.Phone{anna, bert, carl, dora} {
		h.login(p)
	}
	h.shares(anna, bert, joint, "bert", "owner")
	h.shares(anna, carl, joint, "carl", "reader")
	card := h.card(anna, joint)
	place := "/v1/cards/" + card
	h.authorised(network, card, "10.00")
	change := func(p *phone.Phone, act string, body any) phone.Answer {
		return h.command(p, http.MethodPost, place+"/"+act, body, p.NewID())
	}
	unknown := func(act string) phone.Answer {
		return h.command(dora, http.MethodPost, "/v1/cards/crd_00000000-0000-4000-8000-000000000001/"+act, map[string]any{}, dora.NewID())
	}
	for _, p := range []*phone.Phone{bert, carl} {
		require.JSONEq(t, string(h.fresh(anna, place).Body), string(h.fresh(p, place).Body))
		require.Contains(t, string(h.fresh(p, "/v1/cards").Body), card)
		require.Equal(t, 404, h.fresh(p, place+"/authorisations").Status, "where she shops is for her alone")
	}
	require.Equal(t, string(h.get(dora, "/v1/cards/crd_00000000-0000-4000-8000-000000000001").Body), string(h.fresh(dora, place).Body))
	require.NotContains(t, string(h.fresh(dora, "/v1/cards").Body), card)

	require.Equal(t, string(unknown("freeze").Body), string(change(dora, "freeze", map[string]any{}).Body))
	refused := change(carl, "freeze", map[string]any{})
	require.Equal(t, []any{403, "account-read-only"}, []any{refused.Status, code(refused)})
	require.NoError(t, change(bert, "freeze", map[string]any{}).OK())
	require.Contains(t, h.filed("card-frozen"), anna.Profile().Customer, "she is told")
	shown := h.fresh(anna, place)
	require.Equal(t, []string{"frozen", "customer"}, []string{field[string](t, shown, "status"), field[string](t, shown, "frozen_by")})
	for act, body := range map[string]any{"unfreeze": map[string]any{}, "close": map[string]any{"reason": "lost"}, "replace": map[string]any{"reason": "lost"}, "limits": map[string]any{"limit_each": "1.00"}} {
		require.Equal(t, 404, change(bert, act, body).Status, "%s: she alone knows whether it is lost", act)
	}
	require.NoError(t, change(anna, "unfreeze", map[string]any{}).OK())

	removed := acted(h, anna, joint, "holders/removal", `{"holder":"`+bert.Profile().Customer+`"}`)
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	require.Equal(t, string(h.fresh(dora, place).Body), string(h.fresh(bert, place).Body))
	require.NotContains(t, string(h.fresh(bert, "/v1/cards").Body), card)
	require.Equal(t, string(unknown("freeze").Body), string(change(bert, "freeze", map[string]any{}).Body))
}

// What a third party may see by one holder's consent is what that holder began: the others
// have agreed to nothing.
func TestAConsentShowsNothingOfOtherHolders(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	scope := "openid accounts.read payments.read cards.read"
	shop := h.thirdParty("shop", strings.Fields(scope)...)
	joint, to := h.account(anna, "5000.00"), h.account(bert, "")
	h.login(anna)
	h.login(bert)
	h.shares(anna, bert, joint, "bert", "owner")
	begun := h.sharedDoings(anna, joint, to)
	begun["/v1/cards/"+h.card(anna, joint)] = "/v1/cards"
	own := h.command(bert, http.MethodPost, "/v1/transfers", order(joint, to, "10.00"), bert.NewID())
	require.NoError(t, own.OK(), "%s", own.Body)
	cards := h.card(bert, joint)
	h.works()

	b := h.browser().visit("shop", shop.push(wish(scope)))
	shop.p.SetTokens(tokensOf(t, shop.redeem(b.login("bert", bert).submit("decision", "allow").back().Get("code"), nil)))
	require.Equal(t, 200, h.fresh(shop.p, "/v1/accounts/"+joint).Status, "the account is his")
	for _, his := range []string{"/v1/transfers/" + field[string](t, own, "transfer"), "/v1/cards/" + cards} {
		require.Equal(t, 200, h.fresh(shop.p, his).Status, his)
	}
	ownApp := regexp.MustCompile("^/v1/(standing-orders|batches|payment-files)/") // no third party's at all
	for place, list := range begun {
		require.Equal(t, 200, h.fresh(bert, place).Status, place)
		require.Equal(t, map[bool]int{false: 404, true: 403}[ownApp.MatchString(place)], h.fresh(shop.p, place).Status, place)
		if list != "" {
			require.NotContains(t, string(h.fresh(shop.p, list).Body), place[strings.LastIndex(place, "/")+1:], list)
		}
	}
}
