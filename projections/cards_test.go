package projections

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/id"
	"florin/domain/journal"
	"florin/domain/money"
	"florin/eventbus"
)

// shop has cleo's card pay 1,500 of 2,000 that were held for a shop, which gives 500
// of it back; the rest is freed. Another shop is declined.
func (w *world) shop() (id.Card, id.Authorisation) {
	of, asked, declined := id.From[id.Card](w.uuid()), id.From[id.Authorisation](w.uuid()), id.From[id.Authorisation](w.uuid())
	behind, scheme := w.open(w.cleo), account.SchemeSettlement.In("EUR")
	w.deposit(behind, 5_000)
	w.commit(eventbus.Header{}, w.part(scheme.Stream(), account.Opened{Account: scheme, Class: account.Internal, Chart: account.SchemeSettlement, Currency: "EUR", At: w.now}))
	w.commit(eventbus.Header{}, w.part(of.Stream(),
		card.Issued{Card: of, Customer: w.cleo, Account: behind, Currency: "EUR", Limits: card.Limits{Each: eur(5_000)}, At: w.now},
		card.Personalised{Token: "t", LastFour: "4242", Expires: "2029-11", At: w.now},
		card.LimitsSet{Limits: card.Limits{Day: eur(9_000)}, At: w.now},
		card.Frozen{ByBank: true, Reason: "checked", At: w.now}, card.Unfrozen{Reason: "cleared", At: w.now}))
	request := func(asked id.Authorisation, answer authorisation.Event) part {
		return w.part(asked.Stream(), authorisation.Requested{Authorisation: asked, Card: of, Customer: w.cleo, Account: behind, Amount: eur(2_000),
			Merchant: domain.NewEvidence(canary + "shop"), Category: "5942", At: w.now}, answer)
	}
	w.commit(eventbus.Header{}, request(asked, authorisation.Approved{Held: eur(2_000), Day: "2026-01-02", ExpiresAt: w.now, At: w.now}),
		w.part(of.Stream(), card.Authorised{Authorisation: asked, Amount: eur(2_000), Day: "2026-01-02", At: w.now}),
		w.part(behind.Stream(), account.FundsReserved{Reservation: asked.Stream(), Amount: eur(2_000), At: w.now}))
	book := func(purpose journal.Purpose, from, to id.Account, minor int64, said func(id.Journal) authorisation.Event, moves func(posting string) []part) {
		entry := id.From[id.Journal](w.uuid())
		w.commit(eventbus.Header{}, append([]part{w.part(asked.Stream(), said(entry)),
			w.part(entry.Stream(), journal.Posted{Journal: entry, Purpose: purpose, Legs: legs(w.t, from, to, minor), At: w.now})}, moves(entry.Stream())...)...)
	}
	book(journal.CardPurchase, behind, scheme, 1_500, func(entry id.Journal) authorisation.Event {
		return authorisation.Captured{Journal: entry, Amount: eur(1_500), Held: eur(500), At: w.now}
	}, func(posting string) []part {
		w.balances[behind] -= 1_500
		return []part{w.part(behind.Stream(), account.ReservationCaptured{Reservation: asked.Stream(), Posting: posting, Amount: eur(1_500), Balance: eur(w.balances[behind]), At: w.now}),
			w.credit(scheme, posting, 1_500)}
	})
	w.commit(eventbus.Header{}, w.part(asked.Stream(), authorisation.Reversed{Amount: eur(500), Held: eur(0), At: w.now}),
		w.part(behind.Stream(), account.ReservationReleased{Reservation: asked.Stream(), Amount: eur(500), At: w.now}),
		w.part(of.Stream(), card.AuthorisationReleased{Authorisation: asked, Amount: eur(500), Day: "2026-01-02", At: w.now}))
	book(journal.CardRefund, scheme, behind, 500, func(entry id.Journal) authorisation.Event {
		return authorisation.Refunded{Journal: entry, Amount: eur(500), At: w.now}
	}, func(posting string) []part {
		return []part{w.debit(scheme, posting, 500), w.credit(behind, posting, 500)}
	})
	w.commit(eventbus.Header{}, request(declined, authorisation.Declined{Code: "card-limit-exceeded", At: w.now}))
	return of, asked
}

func TestCardsAreShownWithWhatShopsAsked(t *testing.T) {
	t.Parallel()
	w, r := followed(t)
	ctx := context.Background()
	list, err := r.CardsOf(ctx, w.cleo, id.Card{}, 10)
	require.NoError(t, err)
	require.Len(t, list, 1)
	shown, err := r.Card(ctx, w.card)
	require.NoError(t, err)
	require.Equal(t, list[0], shown)
	require.Equal(t, card.Active, shown.Status)
	require.Equal(t, "4242", shown.LastFour)
	require.Equal(t, card.Limits{Each: money.Amount{Currency: "EUR"}, Day: eur(9_000), Month: money.Amount{Currency: "EUR"}}, shown.Limits)
	others, err := r.CardsOf(ctx, w.anna, id.Card{}, 10)
	require.NoError(t, err)
	require.Empty(t, others)
	_, err = r.Card(ctx, id.From[id.Card](uuid.UUID{4}))
	require.ErrorIs(t, err, ErrMissing)

	asked, err := r.AuthorisationsOf(ctx, w.card, 0, 10)
	require.NoError(t, err)
	require.Len(t, asked, 2)
	require.Equal(t, "card-limit-exceeded", asked[0].Code)
	purchase := asked[1]
	require.Equal(t, w.purchase, purchase.Authorisation)
	require.Equal(t, authorisation.Taken, purchase.Status)
	require.Equal(t, []money.Amount{eur(2_000), eur(0), eur(1_500), eur(500)}, []money.Amount{purchase.Amount, purchase.Held, purchase.Captured, purchase.Refunded})
	require.Equal(t, canary+"shop", purchase.Merchant)
	older, err := r.AuthorisationsOf(ctx, w.card, asked[0].Begun, 10)
	require.NoError(t, err)
	require.Equal(t, asked[1:], older)
}
