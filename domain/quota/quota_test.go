package quota_test

import (
	"fmt"
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/quota"
)

func TestQuota(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	take := func(of quota.Kind, thing string, over ...string) quota.Take {
		return quota.Take{Asked: quota.Taken{Customer: id.Named[id.Customer]("anna"), Of: of, Thing: thing, At: noon}, Over: over}
	}
	taken := func(of quota.Kind, thing string, freed ...string) quota.Event {
		return quota.Taken{Customer: id.Named[id.Customer]("anna"), Of: of, Thing: thing, Freed: freed, At: noon}
	}
	full := func(of quota.Kind) (all []quota.Event) {
		for i := range of.Max() {
			all = append(all, taken(of, fmt.Sprint("t", i)))
		}
		return all
	}
	type e = []quota.Event
	domaintest.Run[quota.State](t, []domaintest.Case[quota.Command, quota.Event]{
		{Name: "the first has room", When: take(quota.StandingOrders, "a"), Then: e{taken(quota.StandingOrders, "a")}},
		{Name: "and the last", Given: full(quota.PaymentFiles)[1:], When: take(quota.PaymentFiles, "a"), Then: e{taken(quota.PaymentFiles, "a")}},
		{Name: "one more order has not", Given: full(quota.StandingOrders), When: take(quota.StandingOrders, "a"), Refused: quota.ErrOrders},
		{Name: "nor one more file", Given: full(quota.PaymentFiles), When: take(quota.PaymentFiles, "a"), Refused: quota.ErrFiles},
		{Name: "nor one more payment of a later day", Given: full(quota.Payments), When: take(quota.Payments, "a"), Refused: quota.ErrPayments},
		{Name: "nor one more transfer of a later day", Given: full(quota.Transfers), When: take(quota.Transfers, "a"), Refused: quota.ErrTransfers},
		{Name: "unless one is over", Given: full(quota.PaymentFiles), When: take(quota.PaymentFiles, "a", "t3", "t19"), Then: e{taken(quota.PaymentFiles, "a", "t3", "t19")}},
		{Name: "which is freed once", Given: append(full(quota.PaymentFiles), taken(quota.PaymentFiles, "a", "t3")), When: take(quota.PaymentFiles, "b", "t3"), Refused: quota.ErrFiles},
		{Name: "what never had a place frees none", Given: full(quota.PaymentFiles), When: take(quota.PaymentFiles, "a", "x"), Refused: quota.ErrFiles},
		{Name: "nothing has two places", Given: e{taken(quota.StandingOrders, "a")}, When: take(quota.StandingOrders, "a"), Refused: quota.ErrThing},
		{Name: "of what nobody knows there is none", When: take("yachts", "a"), Refused: quota.ErrOrders},
	})
}
