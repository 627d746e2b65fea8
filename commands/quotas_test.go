package commands

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/quota"
)

func TestACustomerHasSoManyStandingOrders(t *testing.T) {
	t.Parallel()
	h := newHouse(t, newModelLog(t))
	from, to := h.account(alice, "Alice", 0), h.account(bob, "Bob", 0)
	ask := PlaceOrder{From: from, To: to, Amount: euros(100), Plan: rent}
	var first StandingAnswer
	for i := range quota.StandingOrders.Max() {
		placed, _, err := h.bank.StandingOrders().Place(h.ctx(), h.again(alice, fmt.Sprint("order-", i)), ask)
		require.NoError(t, err)
		if i == 0 {
			first = placed
			h.confirm(alice, first)
		}
	}
	before := h.commits()
	_, _, err := h.bank.StandingOrders().Place(h.ctx(), h.by(alice), ask)
	require.Equal(t, "too-many-standing-orders", refusalCode(err))
	require.Equal(t, before, h.commits(), "it leaves no trace")
	again, replayed, err := h.bank.StandingOrders().Place(h.ctx(), h.again(alice, "order-0"), ask)
	require.NoError(t, err)
	require.True(t, replayed.Replayed, "a retry is none more")
	require.Equal(t, first.Order, again.Order)
	h.place(bob, to, from, 100, rent)

	_, _, err = h.bank.StandingOrders().Cancel(h.ctx(), h.by(alice), first.Order)
	require.NoError(t, err)
	h.reopen(h.log)
	var all sync.WaitGroup
	refused := make(chan string, 8)
	for range cap(refused) { // for one place
		order := h.by(alice)
		all.Go(func() {
			_, _, err := h.bank.StandingOrders().Place(h.ctx(), order, ask)
			refused <- refusalCode(err)
		})
	}
	all.Wait()
	close(refused)
	codes := map[string]int{}
	for code := range refused {
		codes[code]++
	}
	require.Equal(t, map[string]int{"too-many-standing-orders": cap(refused) - 1, "<nil>": 1}, codes)
	h.pass(time.Hour) // what nobody confirms makes room
	h.catchUp()
	h.place(alice, from, to, 100, rent)
}

func TestACustomerHasSoManyPaymentFiles(t *testing.T) {
	t.Parallel()
	p := newRemitter(t)
	var files []id.PaymentFile
	for i := range quota.PaymentFiles.Max() {
		files = append(files, p.file(fmt.Sprint("MSG-", i), 100).File)
	}
	ask := SubmitPaymentFile{Message: "one more", Group: "P-1", Debtor: p.number(p.from), Digest: "d", Total: euros(100), Items: []FiledPayment{p.item(100)}}
	_, _, err := p.bank.PaymentFiles().Submit(p.ctx(), p.by(alice), ask)
	require.Equal(t, "too-many-payment-files", refusalCode(err))
	_, _, err = p.bank.PaymentFiles().Cancel(p.ctx(), p.by(alice), files[3])
	require.NoError(t, err)
	_, _, err = p.bank.PaymentFiles().Submit(p.ctx(), p.by(alice), ask)
	require.NoError(t, err)
	ask.Message = "and one more"
	_, _, err = p.bank.PaymentFiles().Submit(p.ctx(), p.by(alice), ask)
	require.Equal(t, "too-many-payment-files", refusalCode(err))
}
