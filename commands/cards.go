package commands

import (
	"context"
	"fmt"
	"time"

	"florin/domain/account"
	"florin/domain/card"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/quota"
)

// CardTerms are the bank's conditions of cards, in units of the account's
// currency. They hold where a customer asks for none, and bound what one may ask.
type CardTerms struct {
	EachUnits, DayUnits, MonthUnits int64
}

// limits of a card for an account in this currency.
func (t CardTerms) limits(currency money.Currency) (l card.Limits, err error) {
	for _, limit := range []struct {
		units int64
		to    *money.Amount
	}{{t.EachUnits, &l.Each}, {t.DayUnits, &l.Day}, {t.MonthUnits, &l.Month}} {
		if *limit.to, err = units(limit.units, currency); err != nil {
			return l, err
		}
	}
	return l, nil
}

// Cards are the verbs of cards.
type Cards struct{ bank *Bank }

// Cards gives the verbs of cards.
func (b *Bank) Cards() Cards { return Cards{b} }

// CardLimits are limits as they are asked for: "" asks for the bank's own.
type CardLimits struct{ Each, Day, Month string }

// within reads what is asked for; what is not is the bank's own.
func (asked CardLimits) within(most card.Limits, currency money.Currency) (card.Limits, error) {
	limits := most
	for _, limit := range []struct {
		text string
		to   *money.Amount
	}{{asked.Each, &limits.Each}, {asked.Day, &limits.Day}, {asked.Month, &limits.Month}} {
		if limit.text == "" {
			continue
		}
		amount, err := money.Parse(limit.text, currency)
		if err != nil {
			return limits, card.ErrLimits
		}
		*limit.to = amount
	}
	return limits, nil
}

// CardAnswer is a card as the verb left it. What the verb did not touch is zero.
type CardAnswer struct {
	Card     id.Card
	Account  id.Account
	Status   card.Status
	Currency money.Currency
	Limits   card.Limits
	LastFour string
	Expires  string
	Replaces id.Card
	At       time.Time
}

// IssueCard orders a card. Made is what its maker says, where that is known at once:
// the sandbox makes cards itself.
type IssueCard struct {
	Account id.Account
	Limits  CardLimits
	Made    func(id.Card) card.Personalise // nil: the maker is heard of later
}

// Issue orders a card for an account of the caller's. Refusals: not-found,
// account-closed, customer-not-active, invalid-card-limits.
func (c Cards) Issue(ctx context.Context, order Order, ask IssueCard) (CardAnswer, Outcome, error) {
	b := c.bank
	issued := id.From[id.Card](DerivedID(order.ID, "card"))
	return execute(ctx, b, "card.issue", order, streams(issued, ask.Account, quotaOf(order.Caller.Customer, quota.Cards)), func(w *work) error {
		behind, err := b.accounts.load(w, ask.Account)
		if err == nil {
			err = mayMove(order.Caller, behind)
		}
		switch {
		case err != nil:
			return err
		case behind.Status == account.Finished:
			return account.ErrClosed
		}
		most, err := b.settings.Money.Cards.limits(behind.Currency)
		if err != nil {
			return err
		}
		limits, err := ask.Limits.within(most, behind.Currency)
		if err != nil {
			return err
		}
		b.cards.begin(w, issued)
		return issue(w, card.Issue{Card: issued, Customer: order.Caller.Customer, Account: ask.Account, Currency: behind.Currency,
			Limits: limits, Most: most, At: order.At}, ask.Made)
	}, cardAnswer)
}

func issue(w *work, ask card.Issue, made func(id.Card) card.Personalise) error {
	b := w.bank
	holder, err := b.customers.load(w, ask.Customer)
	switch {
	case err != nil:
		return err
	case holder.Status != customer.Active, holder.Erasing:
		return ErrNotActive
	}
	if err := b.cards.decide(w, ask.Card, ask); err != nil {
		return err
	}
	if err := w.room(ask.Customer, quota.Cards, ask.Card.String(), ask.Replaces.String()); err != nil {
		return err
	}
	if err := carrySpending(w, ask); err != nil {
		return err
	}
	if made == nil {
		return nil
	}
	personalise := made(ask.Card)
	personalise.At = ask.At
	return b.cards.decide(w, ask.Card, personalise)
}

// carrySpending counts against a replacement what the card before it has spent: its
// holder has one card, whatever they lose.
func carrySpending(w *work, ask card.Issue) error {
	if ask.Replaces.IsZero() {
		return nil
	}
	before, err := w.bank.cards.load(w, ask.Replaces)
	if err != nil || before.Month == "" {
		return err
	}
	return w.bank.cards.decide(w, ask.Card, card.CarrySpending{
		From: ask.Replaces, Day: before.Day, Spent: before.Spent, Month: before.Month, Monthly: before.Monthly, At: ask.At})
}

// Personalise says that the card has been made: only then is it any use. Its maker
// calls this, by the network's credentials.
func (c Cards) Personalise(ctx context.Context, order Order, made id.Card, ask card.Personalise) (CardAnswer, Outcome, error) {
	ask.At = order.At
	return c.change(ctx, order, "card.personalise", made, ask)
}

// Freeze stops new authorisations; what is held stays held. An operator freezes for the
// bank, and each owner of the account any card for it: it is their money. Only who
// carries the card, or the bank, lets it go on: another does not know if it was lost.
func (c Cards) Freeze(ctx context.Context, order Order, frozen id.Card) (CardAnswer, Outcome, error) {
	b := c.bank
	before, err := b.cards.look(ctx, frozen) // only for what never changes: its account
	if err != nil {
		return CardAnswer{}, Outcome{}, err
	}
	return execute(ctx, b, "card.freeze", order, streams(frozen, before.Account), func(w *work) error {
		state, err := b.cards.load(w, frozen)
		if err == nil && !order.Caller.Customer.IsZero() {
			err = w.mayStop(order.Caller, state.Customer, state.Account)
		}
		if err != nil {
			return err
		}
		w.order.Caller.actFor(state.Customer)
		w.under(ofCustomer(state.Customer))
		return b.cards.decide(w, frozen, card.Freeze{ByBank: order.Caller.Customer.IsZero(), Reason: order.Caller.Reason, At: order.At})
	}, cardAnswer)
}

// Unfreeze ends a freeze; the customer only one of their own.
func (c Cards) Unfreeze(ctx context.Context, order Order, frozen id.Card) (CardAnswer, Outcome, error) {
	return c.change(ctx, order, "card.unfreeze", frozen, card.Unfreeze{ByBank: order.Caller.Customer.IsZero(), Reason: order.Caller.Reason, At: order.At})
}

// Close ends the card. What is held stays held until it is captured or expires.
func (c Cards) Close(ctx context.Context, order Order, closed id.Card) (CardAnswer, Outcome, error) {
	return c.change(ctx, order, "card.close", closed, card.Close{Reason: order.Caller.Reason, At: order.At})
}

func (c Cards) change(ctx context.Context, order Order, verb string, changed id.Card, command card.Command) (CardAnswer, Outcome, error) {
	b := c.bank
	return execute(ctx, b, verb, order, streams(changed), func(w *work) error {
		if _, err := b.card(w, changed); err != nil {
			return err
		}
		return b.cards.decide(w, changed, command)
	}, cardAnswer)
}

// SetLimits puts other limits in place, within the bank's own.
func (c Cards) SetLimits(ctx context.Context, order Order, changed id.Card, ask CardLimits) (CardAnswer, Outcome, error) {
	b := c.bank
	return execute(ctx, b, "card.set_limits", order, streams(changed), func(w *work) error {
		state, err := b.card(w, changed)
		if err != nil {
			return err
		}
		most, err := b.settings.Money.Cards.limits(state.Currency)
		if err != nil {
			return err
		}
		limits, err := ask.within(most, state.Currency)
		if err != nil {
			return err
		}
		return b.cards.decide(w, changed, card.SetLimits{Limits: limits, Most: most, At: order.At})
	}, cardAnswer)
}

// Replace ends the card and orders another on the same terms. Refusals as of Issue.
func (c Cards) Replace(ctx context.Context, order Order, ended id.Card, made func(id.Card) card.Personalise) (CardAnswer, Outcome, error) {
	b := c.bank
	issued := id.From[id.Card](DerivedID(order.ID, "card"))
	return execute(ctx, b, "card.replace", order, streams(issued, ended), func(w *work) error {
		b.cards.begin(w, issued)
		state, err := b.card(w, ended)
		if err != nil {
			return err
		}
		behind, err := b.accounts.load(w, state.Account)
		if err == nil {
			err = stillOwns(state.Customer, behind)
		}
		if err != nil {
			return err
		}
		replace := card.Replace{By: issued, ByBank: order.Caller.Customer.IsZero(), Reason: order.Caller.Reason, At: order.At}
		if err := b.cards.decide(w, ended, replace); err != nil {
			return err
		}
		return issue(w, card.Issue{Card: issued, Customer: state.Customer, Account: state.Account, Currency: state.Currency,
			Limits: state.Limits, Most: state.Limits, Replaces: ended, At: order.At}, made)
	}, cardAnswer)
}

// card loads a card that the caller may speak of: their own, or any, if they are no
// customer. Personal data of what follows is its customer's.
func (b *Bank) card(w *work, of id.Card) (card.State, error) {
	state, err := b.cards.load(w, of)
	switch caller := &w.order.Caller; {
	case err != nil:
		return state, err
	case state.Status == card.Absent, !caller.Customer.IsZero() && caller.Customer != state.Customer:
		return state, card.ErrMissing
	default:
		caller.actFor(state.Customer)
		w.under(ofCustomer(state.Customer))
		return state, nil
	}
}

// SimulatedCard is what the sandbox's own maker of cards says: a token and digits
// that stand for no number, good for four years.
func SimulatedCard(at time.Time) func(id.Card) card.Personalise {
	return func(of id.Card) card.Personalise {
		last := of.UUID()
		return card.Personalise{Token: "sim-" + of.UUID().String(), LastFour: fmt.Sprintf("%04d", (int(last[14])<<8|int(last[15]))%10_000),
			Expires: at.UTC().AddDate(4, 0, 0).Format("2006-01")}
	}
}

// cardAnswer makes the answer of every verb of cards: of a replacement, the new card.
func cardAnswer(facts []Fact) (CardAnswer, error) {
	var answer CardAnswer
	for _, fact := range facts {
		event, ok := fact.Event.(card.Event)
		if !ok {
			continue
		}
		of := id.From[id.Card](uuidIn(fact.Stream))
		if _, issues := event.(card.Issued); !issues && !answer.Card.IsZero() && answer.Card != of {
			continue // the card that was replaced
		}
		if answer.Card != of {
			answer = CardAnswer{Card: of}
		}
		answer.take(event)
	}
	return answer, nil
}

func (a *CardAnswer) take(event card.Event) {
	switch e := event.(type) {
	case card.Issued:
		a.Account, a.Status, a.Currency, a.Limits, a.Replaces, a.At = e.Account, card.Ordered, e.Currency, e.Limits, e.Replaces, e.At
	case card.Personalised:
		a.Status, a.LastFour, a.Expires, a.At = card.Active, e.LastFour, e.Expires, e.At
	case card.Frozen:
		a.Status, a.At = card.OnIce, e.At
	case card.Unfrozen:
		a.Status, a.At = card.Active, e.At
	case card.LimitsSet:
		a.Limits, a.At = e.Limits, e.At
	case card.Replaced:
		a.Status, a.At = card.Swapped, e.At
	case card.Closed:
		a.Status, a.At = card.Finished, e.At
	}
}
