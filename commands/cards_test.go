package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/id"
	"florin/domain/money"
)

// card issues one that its maker has made.
func (h *house) card(who id.Customer, behind id.Account) id.Card {
	h.t.Helper()
	issued, _, err := h.bank.Cards().Issue(h.ctx(), h.by(who), IssueCard{Account: behind, Made: SimulatedCard(h.now())})
	require.NoError(h.t, err)
	require.Equal(h.t, card.Active, issued.Status)
	return issued.Card
}

func (h *house) because(order Order, reason string) Order {
	order.Caller.Reason = reason
	return order
}

// asks is what a shop asks through the network.
func (h *house) asks(of id.Card, minor int64) (AuthorisationAnswer, Outcome, error) {
	return h.bank.Authorisations().Request(h.ctx(), h.operator(), RequestAuthorisation{Card: of, Amount: euros(minor),
		Merchant: domain.NewEvidence("Books & Co, Delft"), Category: "5942"})
}

func (h *house) held(of id.Card, minor int64) id.Authorisation {
	h.t.Helper()
	answer, _, err := h.asks(of, minor)
	require.NoError(h.t, err)
	require.Equal(h.t, authorisation.Open, answer.Status)
	return answer.Authorisation
}

func (h *house) take(of id.Authorisation, minor int64, final bool) (AuthorisationAnswer, Outcome, error) {
	ask := CaptureAuthorisation{Authorisation: of, Final: final}
	if minor > 0 {
		ask.Amount = euros(minor)
	}
	return h.bank.Authorisations().Capture(h.ctx(), h.operator(), ask)
}

func (h *house) took(of id.Authorisation, minor int64, final bool) {
	h.t.Helper()
	_, _, err := h.take(of, minor, final)
	require.NoError(h.t, err)
}

func carded(t *testing.T, minor int64) (h *house, behind id.Account, of id.Card) {
	t.Helper()
	h = newHouse(t, newModelLog(t))
	behind = h.account(alice, "Alice", minor)
	return h, behind, h.card(alice, behind)
}

func TestACardHoldsAndTakes(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 10_000)
	answer, outcome, err := h.asks(of, 4_000)
	require.NoError(t, err)
	require.Equal(t, []string{"authorisation.requested", "authorisation.approved", "card.authorised", "account.funds_reserved"}, h.kinds(outcome))
	h.balances(behind, 10_000, 4_000)

	took, outcome, err := h.take(answer.Authorisation, 1_500, false)
	require.NoError(t, err)
	require.Equal(t, []string{"authorisation.captured", "account.reservation_captured", "account.opened", "account.credited", "journal.posted"}, h.kinds(outcome))
	require.Equal(t, euros(2_500), took.Held)
	h.balances(behind, 8_500, 2_500)
	h.balances(account.SchemeSettlement.In("EUR"), 1_500, 0)

	h.took(answer.Authorisation, 1_000, true)
	h.balances(behind, 7_500, 0)
	back, _, err := h.bank.Authorisations().Refund(h.ctx(), h.operator(), answer.Authorisation, euros(2_000))
	require.NoError(t, err)
	require.Equal(t, authorisation.Taken, back.Status)
	h.balances(behind, 9_500, 0)
	h.balances(account.SchemeSettlement.In("EUR"), 500, 0)
	_, _, err = h.bank.Authorisations().Refund(h.ctx(), h.operator(), answer.Authorisation, euros(501))
	require.Equal(t, "refund-exceeds-capture", refusalCode(err))
	h.audit()
}

func TestDeclinesAreFacts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code  string
		minor int64
		given func(*house, id.Account, id.Card)
	}{
		"not enough money":      {code: "insufficient-funds", minor: 10_001},
		"too much at once":      {code: "card-limit-exceeded", minor: 500_001},
		"nought":                {code: "invalid-amount", minor: 0},
		"frozen by its owner":   {code: "card-frozen", minor: 1, given: func(h *house, _ id.Account, of id.Card) { h.iced(h.by(alice), of) }},
		"frozen by the bank":    {code: "card-frozen", minor: 1, given: func(h *house, _ id.Account, of id.Card) { h.iced(h.operator(), of) }},
		"the account is frozen": {code: "account-frozen", minor: 1, given: func(h *house, behind id.Account, _ id.Card) { h.freeze(behind) }},
		"closed": {code: "card-closed", minor: 1, given: func(h *house, _ id.Account, of id.Card) {
			_, _, err := h.bank.Cards().Close(h.ctx(), h.because(h.by(alice), "unwanted"), of)
			require.NoError(h.t, err)
		}},
		"replaced": {code: "card-closed", minor: 1, given: func(h *house, _ id.Account, of id.Card) {
			_, _, err := h.bank.Cards().Replace(h.ctx(), h.because(h.by(alice), "lost"), of, SimulatedCard(h.now()))
			require.NoError(h.t, err)
		}},
		"expired": {code: "card-expired", minor: 1, given: func(h *house, _ id.Account, _ id.Card) { h.pass(4*366*24*time.Hour + 31*24*time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, behind, of := carded(t, 10_000)
			if c.given != nil {
				c.given(h, behind, of)
			}
			order := h.operator()
			ask := RequestAuthorisation{Card: of, Amount: euros(c.minor)}
			answer, outcome, err := h.bank.Authorisations().Request(h.ctx(), order, ask)
			require.Equal(t, c.code, refusalCode(err))
			require.Equal(t, authorisation.Refused, answer.Status)
			require.Equal(t, []string{"authorisation.requested", "authorisation.declined"}, h.kinds(outcome))
			h.balances(behind, 10_000, 0)

			_, again, err := h.bank.Authorisations().Request(h.ctx(), order, ask)
			require.Equal(t, c.code, refusalCode(err), "the same key gets the same answer")
			require.True(t, again.Replayed)
			_, _, err = h.take(answer.Authorisation, 1, false)
			require.Equal(t, "authorisation-declined", refusalCode(err))
			h.audit()
		})
	}
}

func (h *house) iced(order Order, of id.Card) {
	h.t.Helper()
	_, _, err := h.bank.Cards().Freeze(h.ctx(), h.because(order, "mislaid"), of)
	require.NoError(h.t, err)
}

func TestAShopTakesMoreThanWasHeld(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 5_000)
	asked := h.held(of, 4_000)
	h.took(asked, 6_000, false)
	h.balances(behind, -1_000, 0)
	require.True(t, h.money(behind).Overdrawn)
	h.audit()
}

func TestATerminalSaysYesByItself(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 1_000)
	h.iced(h.by(alice), of)
	answer, _, err := h.bank.Authorisations().Request(h.ctx(), h.operator(), RequestAuthorisation{Card: of, Amount: euros(2_000), Offline: true})
	require.NoError(t, err)
	h.balances(behind, 1_000, 0)
	_, _, err = h.take(answer.Authorisation, 0, false)
	require.Equal(t, "invalid-amount", refusalCode(err), "nothing is held, so the shop says how much")
	h.took(answer.Authorisation, 2_000, true)
	h.balances(behind, -1_000, 0)
	h.audit()
}

func TestWhatNobodyComesForIsFree(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 500_000)
	late, spent := h.held(of, 300_000), h.held(of, 200_000)
	_, _, err := h.asks(of, 1)
	require.Equal(t, "card-limit-exceeded", refusalCode(err), "the day's limit is used up")
	_, _, err = h.bank.Authorisations().Reverse(h.ctx(), h.operator(), spent, euros(50_000))
	require.NoError(t, err)
	h.balances(behind, 500_000, 450_000)
	h.held(of, 50_000)

	_, _, err = h.bank.Authorisations().Expire(h.ctx(), SystemOrder("test", late.UUID(), "early", h.bank.sources.Time(), ofCustomer(alice)), late)
	require.Equal(t, "authorisation-not-held", refusalCode(err), "not before its time")
	h.follow(func() {
		h.pass(authorisation.ExpiresAfter)
		require.NoError(t, h.bank.Tick(h.ctx()))
		h.balances(behind, 500_000, 0)
	})
	commits := h.commits()
	h.reopen(h.log)
	h.follow(func() { require.NoError(t, h.bank.Tick(h.ctx())) })
	require.Equal(t, commits, h.commits(), "it looks at all of the log again, and does nothing twice")
	h.took(late, 300_000, true)
	h.balances(behind, 200_000, 0)
	h.audit()
}

func TestAClosedAccountStillOwes(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 1_000)
	asked := h.held(of, 1_000)
	h.took(asked, 1_000, true)
	h.close(behind)
	h.took(asked, 700, true)
	h.balances(account.Receivables.In("EUR"), -700, 0)
	_, _, err := h.bank.Authorisations().Refund(h.ctx(), h.operator(), asked, euros(1_200))
	require.NoError(t, err)
	h.balances(account.Suspense.In("EUR"), 1_200, 0)
	h.audit()
}

func TestACardIsItsOwners(t *testing.T) {
	t.Parallel()
	h, behind, of := carded(t, 1_000)
	h.account(bob, "Bob", 0)
	cards := h.bank.Cards()
	_, _, err := cards.Issue(h.ctx(), h.by(bob), IssueCard{Account: behind})
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = cards.Freeze(h.ctx(), h.because(h.by(bob), "mislaid"), of)
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = cards.SetLimits(h.ctx(), h.by(bob), of, CardLimits{Day: "1.00"})
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = cards.Replace(h.ctx(), h.because(h.by(bob), "lost"), of, nil)
	require.Equal(t, "not-found", refusalCode(err))
	_, _, err = h.asks(id.Named[id.Card]("none"), 1)
	require.Equal(t, "not-found", refusalCode(err))

	h.iced(h.operator(), of)
	_, _, err = cards.Unfreeze(h.ctx(), h.because(h.by(alice), "found"), of)
	require.Equal(t, "card-frozen-by-bank", refusalCode(err))
	_, _, err = cards.Unfreeze(h.ctx(), h.because(h.operator(), "cleared"), of)
	require.NoError(t, err)
	_, _, err = cards.SetLimits(h.ctx(), h.by(alice), of, CardLimits{Day: "5000.01"})
	require.Equal(t, "invalid-card-limits", refusalCode(err))
	set, _, err := cards.SetLimits(h.ctx(), h.by(alice), of, CardLimits{Day: "5.00"})
	require.NoError(t, err)
	require.Equal(t, money.Amount{Minor: 500, Currency: "EUR"}, set.Limits.Day)

	ordered, _, err := cards.Replace(h.ctx(), h.because(h.by(alice), "lost"), of, nil)
	require.NoError(t, err)
	require.Equal(t, card.Ordered, ordered.Status)
	require.Equal(t, of, ordered.Replaces)
	_, _, err = h.asks(ordered.Card, 1)
	require.Equal(t, "card-not-active", refusalCode(err))
	_, _, err = cards.Personalise(h.ctx(), h.operator(), ordered.Card, card.Personalise{Token: "t", LastFour: "1234", Expires: "2099-01"})
	require.NoError(t, err)
	h.held(ordered.Card, 500)
	_, _, err = h.asks(ordered.Card, 1)
	require.Equal(t, "card-limit-exceeded", refusalCode(err), "its limits are those of the one before")
	h.audit()
}
