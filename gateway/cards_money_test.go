package gateway

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/authorisation"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/phone"
)

// books verifies the whole log, and gives what an account has.
func (h *house) books(account string) (booked, held string) {
	h.t.Helper()
	ledger := h.sound()
	of, err := id.Parse[id.Account](account)
	require.NoError(h.t, err)
	has, holds, ok := ledger.Balance(of)
	require.True(h.t, ok)
	return has.Decimal(), holds.Decimal()
}

// Whatever the network sends, over HTTP: the money is taken once, and the books are
// sound at every position.
func TestTheBooksAreSoundWhateverAShopDoes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, scheme := h.customer("anna"), h.machine("network", "cards.network")
	network, account := scheme.login(), h.account(anna, "100.00")
	card := h.card(anna, account)
	step := func(of, act string, body map[string]any) phone.Answer {
		t.Helper()
		answer := h.shop(network, "/"+of+"/"+act, body)
		require.NoError(t, answer.OK(), "%s", answer.Body)
		return answer
	}
	euros := func(amount string) map[string]any { return map[string]any{"amount": amount, "currency": "EUR"} }
	stands := func(booked, held string) {
		t.Helper()
		has, holds := h.books(account)
		require.Equal(t, booked, has, "booked")
		require.Equal(t, held, holds, "held")
	}
	parts := h.authorised(network, card, "60.00")
	stands("100.00", "60.00")
	step(parts, "capture", euros("10.00"))
	step(parts, "capture", euros("20.00"))
	stands("70.00", "30.00")
	step(parts, "reverse", euros("5.00"))
	stands("70.00", "25.00")
	over := euros("35.00") // a tip: ten more than is held
	over["final"] = true
	step(parts, "capture", over)
	stands("35.00", "0.00")
	step(parts, "refund", euros("65.00"))
	stands("100.00", "0.00")
	require.Equal(t, "refund-exceeds-capture", code(h.shop(network, "/"+parts+"/refund", euros("0.01"))))
	require.Equal(t, 404, h.shop(network, "/aut_00000000-0000-4000-8000-000000000000/capture", euros("1.00")).Status)

	late := h.authorised(network, card, "30.00")
	h.processed(eventbus.Position(h.head()))
	h.pass(authorisation.ExpiresAfter)
	require.NoError(t, h.bank.Tick(t.Context()))
	stands("100.00", "0.00")
	network = scheme.login()
	step(late, "capture", euros("30.00")) // the goods were handed out
	stands("70.00", "0.00")
	require.Equal(t, "currency-mismatch", code(h.shop(network, "", map[string]any{"card": card, "amount": "1.00", "currency": "USD"})))
	h.login(anna)
	require.Equal(t, "insufficient-scope", code(h.command(anna, http.MethodPost, "/v1/card-authorisations", map[string]any{"card": card, "amount": "1.00", "currency": "EUR"}, anna.NewID())))
	stands("70.00", "0.00")
}

func TestOneSumIsHeldForOneShop(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, network := h.customer("anna"), h.machine("network", "cards.network").login()
	account := h.account(anna, "100.00")
	card := h.card(anna, account)
	var all sync.WaitGroup
	answers := make(chan int, 20)
	for range cap(answers) {
		all.Go(func() {
			answers <- h.shop(network, "", map[string]any{"card": card, "amount": "100.00", "currency": "EUR"}).Status
		})
	}
	all.Wait()
	close(answers)
	seen := map[int]int{}
	for status := range answers {
		seen[status]++
	}
	require.Equal(t, map[int]int{201: 1, 422: 19}, seen)
	booked, held := h.books(account)
	require.Equal(t, []string{"100.00", "100.00"}, []string{booked, held})
}
