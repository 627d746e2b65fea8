package projections

import (
	"fmt"
	"time"

	"florin/domain/authorisation"
	"florin/domain/card"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
)

// Card is one card as its owner sees it.
type Card struct {
	Card       id.Card
	Customer   id.Customer
	Account    id.Account
	Currency   money.Currency
	Status     card.Status
	ByBank     bool // frozen by the bank
	LastFour   string
	Expires    string
	Limits     card.Limits // zero: none
	Replaces   id.Card
	ReplacedBy id.Card
	IssuedAt   time.Time
	ChangedAt  time.Time
	Position   eventbus.Position // of the last event that is in it
}

var cardsTable = table{
	name: "cards", key: []string{"card"},
	columns: []column{
		{"card", text}, {"customer", text}, {"account", text}, {"currency", text}, {"status", text}, {"by_bank", bigint},
		{"last_four", text}, {"expires", text}, {"limit_each", bigint}, {"limit_day", bigint}, {"limit_month", bigint},
		{"replaces", text}, {"replaced_by", text}, {"issued_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
	indexes: []index{{"cards_by_customer", "customer, card"}, {"cards_by_account", "account, card"}},
}

func (c *Card) fields() []any {
	return []any{
		&c.Card, &c.Customer, &c.Account, (*string)(&c.Currency), (*string)(&c.Status), &c.ByBank,
		&c.LastFour, &c.Expires, &c.Limits.Each.Minor, &c.Limits.Day.Minor, &c.Limits.Month.Minor,
		&c.Replaces, &c.ReplacedBy, &c.IssuedAt, &c.ChangedAt, (*uint64)(&c.Position),
	}
}

// complete gives every limit the account's currency.
func (c *Card) complete() {
	for _, limit := range []*money.Amount{&c.Limits.Each, &c.Limits.Day, &c.Limits.Month} {
		limit.Currency = c.Currency
	}
}

// Authorisation is what a shop asked of a card, and what became of it. Sums are in
// Amount's currency.
type Authorisation struct {
	Authorisation id.Authorisation
	Card          id.Card
	Customer      id.Customer
	Account       id.Account
	Amount        money.Amount // asked for
	Status        authorisation.Phase
	Code          string // of a decline
	Category      string
	Offline       bool
	Held          money.Amount
	Captured      money.Amount
	Refunded      money.Amount
	RequestedAt   time.Time
	ExpiresAt     time.Time
	ChangedAt     time.Time
	Begun         eventbus.Position // of the request: newer ones are higher
	Position      eventbus.Position // of the last event that is in it
	Merchant      string            // opened from the log; "" once it is erased
}

var authorisationsTable = table{
	name: "card_authorisations", key: []string{"authorisation"},
	columns: []column{
		{"authorisation", text}, {"card", text}, {"customer", text}, {"account", text}, {"amount", bigint}, {"currency", text},
		{"status", text}, {"code", text}, {"category", text}, {"offline", bigint}, {"held", bigint}, {"captured", bigint},
		{"refunded", bigint}, {"requested_at", bigint}, {"expires_at", bigint}, {"changed_at", bigint}, {"begun", bigint}, {"position", bigint},
	},
	indexes: []index{{"card_authorisations_by_card", "card, begun"}},
}

func (a *Authorisation) fields() []any {
	return []any{
		&a.Authorisation, &a.Card, &a.Customer, &a.Account, &a.Amount.Minor, (*string)(&a.Amount.Currency),
		(*string)(&a.Status), &a.Code, &a.Category, &a.Offline, &a.Held.Minor, &a.Captured.Minor,
		&a.Refunded.Minor, &a.RequestedAt, &a.ExpiresAt, &a.ChangedAt, (*uint64)(&a.Begun), (*uint64)(&a.Position),
	}
}

func (a *Authorisation) complete() {
	for _, amount := range []*money.Amount{&a.Held, &a.Captured, &a.Refunded} {
		amount.Currency = a.Amount.Currency
	}
}

type cardsFold struct {
	cards          *rows[id.Card, Card]
	authorisations *rows[id.Authorisation, Authorisation]
}

func beginCards(tables []table) fold {
	return cardsFold{
		newRows(tables[0], func(k id.Card) []any { return []any{k.String()} }, (*Card).fields),
		newRows(tables[1], func(k id.Authorisation) []any { return []any{k.String()} }, (*Authorisation).fields),
	}
}

func (c cardsFold) flush(w *writer) {
	c.cards.flush(w)
	c.authorisations.flush(w)
}

func (c cardsFold) forget() {
	c.cards.forget()
	c.authorisations.forget()
}

func (c cardsFold) apply(w *writer, _ *commit, f *fact) error {
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	if event, ok := f.event.(authorisation.Event); ok {
		return c.authorised(w, f, id.From[id.Authorisation](of), event)
	}
	if e, ok := f.event.(card.Issued); ok {
		c.cards.add(e.Card, Card{Card: e.Card, Customer: e.Customer, Account: e.Account, Currency: e.Currency, Status: card.Ordered,
			Limits: e.Limits, Replaces: e.Replaces, IssuedAt: e.At, ChangedAt: e.At, Position: f.Position})
		return nil
	}
	row, ok := c.cards.get(w, id.From[id.Card](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

func (c *Card) evolve(f *fact) error {
	switch e := f.event.(type) {
	case card.Personalised:
		c.Status, c.LastFour, c.Expires, c.ChangedAt = card.Active, e.LastFour, e.Expires, e.At
	case card.Frozen:
		c.Status, c.ByBank, c.ChangedAt = card.OnIce, e.ByBank, e.At
	case card.Unfrozen:
		c.Status, c.ByBank, c.ChangedAt = card.Active, false, e.At
	case card.LimitsSet:
		c.Limits, c.ChangedAt = e.Limits, e.At
	case card.Replaced:
		c.Status, c.ReplacedBy, c.ChangedAt = card.Swapped, e.By, e.At
	case card.Closed:
		c.Status, c.ChangedAt = card.Finished, e.At
	case card.Authorised, card.AuthorisationReleased, card.SpendingCarried: // counted against limits: nothing that is shown
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

func (c cardsFold) authorised(w *writer, f *fact, of id.Authorisation, event authorisation.Event) error {
	if e, ok := event.(authorisation.Requested); ok {
		c.authorisations.add(of, Authorisation{Authorisation: of, Card: e.Card, Customer: e.Customer, Account: e.Account, Amount: e.Amount,
			Category: e.Category, Offline: e.Offline, RequestedAt: e.At, ChangedAt: e.At, Begun: f.Position, Position: f.Position})
		return nil
	}
	row, ok := c.authorisations.get(w, of)
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	return row.evolve(f)
}

func (a *Authorisation) evolve(f *fact) error {
	switch e := f.event.(type) {
	case authorisation.Approved:
		a.Status, a.Held, a.ExpiresAt = authorisation.Open, e.Held, e.ExpiresAt
	case authorisation.Declined:
		a.Status, a.Code = authorisation.Refused, e.Code
	case authorisation.Captured:
		a.Captured.Minor += e.Amount.Minor
		a.left(e.Held, authorisation.Taken, e.At)
	case authorisation.Reversed:
		a.left(e.Held, authorisation.GivenBack, e.At)
	case authorisation.Expired:
		a.left(money.Amount{}, authorisation.TimedOut, e.At)
	case authorisation.Refunded:
		a.Refunded.Minor, a.ChangedAt = a.Refunded.Minor+e.Amount.Minor, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// left notes what is still held. What was taken once stays taken when the rest ends.
func (a *Authorisation) left(held money.Amount, ended authorisation.Phase, at time.Time) {
	a.Held.Minor, a.ChangedAt = held.Minor, at
	switch {
	case held.Minor > 0:
		a.Status = authorisation.Open
	case a.Captured.Minor > 0:
		a.Status = authorisation.Taken
	default:
		a.Status = ended
	}
}
