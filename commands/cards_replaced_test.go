package commands

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/quota"
)

// A freeze by the bank is not got rid of by ordering the same card anew.
func TestACardThatTheBankHasFrozenIsNotReplacedByItsCustomer(t *testing.T) {
	t.Parallel()
	h, _, of := carded(t, 500_000)
	_, _, err := h.bank.Cards().Freeze(h.ctx(), h.because(h.operator(), "fraud"), of)
	require.NoError(t, err)
	_, _, err = h.bank.Cards().Unfreeze(h.ctx(), h.because(h.by(alice), "please"), of)
	require.Equal(t, "card-frozen-by-bank", refusalCode(err))
	next, _, err := h.bank.Cards().Replace(h.ctx(), h.because(h.by(alice), "lost"), of, SimulatedCard(h.now()))
	if err == nil {
		answer, _, err := h.asks(next.Card, 10_000)
		require.Error(t, err, "the new one pays: %v", answer.Status)
	}
	require.Equal(t, "card-frozen-by-bank", refusalCode(err))
}

// A replacement is the same card: what the day has seen still counts.
func TestAReplacedCardHasNoNewDay(t *testing.T) {
	t.Parallel()
	h, _, of := carded(t, 5_000_000)
	h.held(of, 400_000)
	_, _, err := h.asks(of, 400_000)
	require.Equal(t, "card-limit-exceeded", refusalCode(err))
	next, _, err := h.bank.Cards().Replace(h.ctx(), h.because(h.by(alice), "lost"), of, SimulatedCard(h.now()))
	require.NoError(t, err)
	_, _, err = h.asks(next.Card, 400_000)
	require.Equal(t, "card-limit-exceeded", refusalCode(err))
}

// A customer has so many cards that are good; ordering one anew takes no other's place.
func TestACustomerHasSoManyCards(t *testing.T) {
	t.Parallel()
	h, account, first := carded(t, 500_000)
	one := func() error {
		_, _, err := h.bank.Cards().Issue(h.ctx(), h.by(alice), IssueCard{Account: account, Made: SimulatedCard(h.now())})
		return err
	}
	for range quota.Cards.Max() - 1 {
		require.NoError(t, one())
	}
	require.Equal(t, "too-many-cards", refusalCode(one()))
	next, _, err := h.bank.Cards().Replace(h.ctx(), h.because(h.by(alice), "lost"), first, SimulatedCard(h.now()))
	require.NoError(t, err, "as many as before")
	require.Equal(t, "too-many-cards", refusalCode(one()))
	_, _, err = h.bank.Cards().Close(h.ctx(), h.because(h.by(alice), "unused"), next.Card)
	require.NoError(t, err)
	require.NoError(t, one())
	require.Equal(t, "too-many-cards", refusalCode(one()))
}
