package service

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"florin/commands"
	"florin/domain/card"
	"florin/domain/id"
	"florin/domain/money"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// Cards serves /v1/cards.
type Cards struct{ Desk }

// CardLimits are a card's limits on the wire: decimals of the account's currency.
type CardLimits struct {
	Each  string `json:"each,omitzero"`
	Day   string `json:"day,omitzero"`
	Month string `json:"month,omitzero"`
}

// CardAnswer is a card on the wire. Its number is nowhere in the bank. What a command
// did not touch is not in its answer.
type CardAnswer struct {
	Card       id.Card           `json:"card"`
	Account    id.Account        `json:"account,omitzero"`
	Status     string            `json:"status,omitzero"`
	FrozenBy   string            `json:"frozen_by,omitzero"` // bank or customer
	Currency   money.Currency    `json:"currency,omitzero"`
	Limits     CardLimits        `json:"limits,omitzero"`
	LastFour   string            `json:"last_four,omitzero"`
	Expires    string            `json:"expires,omitzero"` // the last month it is good in
	Replaces   id.Card           `json:"replaces,omitzero"`
	ReplacedBy id.Card           `json:"replaced_by,omitzero"`
	Position   eventbus.Position `json:"position,omitzero"`
	At         time.Time         `json:"at"`
}

// CardList is a page of cards.
type CardList struct {
	Cards []CardAnswer `json:"cards"`
}

// Issue orders a card. In a sandbox it is made at once, and stands for no number.
func (s Cards) Issue(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.IssueCard](call.Body)
	if err != nil {
		return err
	}
	order := s.order(r, call)
	answer, outcome, err := s.Bank.Cards().Issue(r.Context(), order, commands.IssueCard{
		Account: body.Account, Limits: limitsAsked(body.Each, body.Day, body.Month), Made: s.made(order)})
	return s.answer(w, answer, outcome, err)
}

// made is who makes cards: in a sandbox the bank itself, so that they are of use.
func (s Cards) made(order commands.Order) func(id.Card) card.Personalise {
	if !s.Sandbox {
		return nil
	}
	return commands.SimulatedCard(order.At)
}

func limitsAsked(each, day, month schemas.Decimal) commands.CardLimits {
	return commands.CardLimits{Each: string(each), Day: string(day), Month: string(month)}
}

// Personalise takes in that a card has been made.
func (s Cards) Personalise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Card](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.PersonaliseCard](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Cards().Personalise(r.Context(), s.order(r, call), of,
		card.Personalise{Token: body.Token, LastFour: body.LastFour, Expires: body.Expires})
	return s.answer(w, answer, outcome, err)
}

// Freeze stops the card: for its owner, or for the bank.
func (s Cards) Freeze(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, decoded(func(b schemas.FreezeCard) string { return b.Reason }), s.Bank.Cards().Freeze)
}

// Unfreeze lets it go on.
func (s Cards) Unfreeze(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, decoded(func(b schemas.UnfreezeCard) string { return b.Reason }), s.Bank.Cards().Unfreeze)
}

// Close ends the card.
func (s Cards) Close(w http.ResponseWriter, r *http.Request) error {
	return s.change(w, r, decoded(func(b schemas.CloseCard) string { return b.Reason }), s.Bank.Cards().Close)
}

// decoded reads a body whose only word is a reason; one of a customer's own accord
// needs none.
func decoded[B any](reason func(B) string) func([]byte) (string, error) {
	return func(body []byte) (string, error) {
		if len(body) == 0 {
			return "", nil
		}
		said, err := wire.Decode[B](body)
		return reason(said), err
	}
}

type cardVerb func(ctx context.Context, order commands.Order, of id.Card) (commands.CardAnswer, commands.Outcome, error)

func (s Cards) change(w http.ResponseWriter, r *http.Request, reason func([]byte) (string, error), verb cardVerb) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Card](r)
	if err != nil {
		return err
	}
	order := s.order(r, call)
	if order.Caller.Reason, err = reason(call.Body); err != nil {
		return err
	}
	if order.Caller.Reason == "" && !call.Caller.Customer.IsZero() {
		order.Caller.Reason = "customer-request"
	}
	answer, outcome, err := verb(r.Context(), order, of)
	return s.answer(w, answer, outcome, err)
}

// SetLimits puts other limits in place; what is not said is the bank's own.
func (s Cards) SetLimits(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Card](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.SetCardLimits](call.Body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.Cards().SetLimits(r.Context(), s.order(r, call), of, limitsAsked(body.Each, body.Day, body.Month))
	return s.answer(w, answer, outcome, err)
}

// Replace ends the card and orders another.
func (s Cards) Replace(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	of, err := pathID[id.Card](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.ReplaceCard](call.Body)
	if err != nil {
		return err
	}
	order := s.order(r, call)
	order.Caller.Reason = body.Reason
	answer, outcome, err := s.Bank.Cards().Replace(r.Context(), order, of, s.made(order))
	return s.answer(w, answer, outcome, err)
}

func (s Cards) answer(w http.ResponseWriter, answer commands.CardAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := CardAnswer{Card: answer.Card, Account: answer.Account, Status: string(answer.Status), Currency: answer.Currency,
		Limits: limitsOf(answer.Limits), LastFour: answer.LastFour, Expires: answer.Expires, Replaces: answer.Replaces,
		Position: outcome.Receipt.Last, At: answer.At}
	if !answer.Account.IsZero() {
		return wire.Created(w, "/v1/cards/"+answer.Card.String(), body)
	}
	return wire.OK(w, body)
}

func limitsOf(l card.Limits) CardLimits {
	decimal := func(a money.Amount) string {
		if a.IsZero() {
			return ""
		}
		return a.Decimal()
	}
	return CardLimits{decimal(l.Each), decimal(l.Day), decimal(l.Month)}
}

// List is the caller's own cards and those for the accounts that they hold.
func (s Cards) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "cards")
	if err != nil {
		return err
	}
	if err := s.fresh(r, "cards"); err != nil {
		return err
	}
	after, err := marked[id.Card](page)
	if err != nil {
		return err
	}
	rows, err := s.Reads.CardsOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Card.String())
	}
	begun := func(row projections.Card) (id.Customer, id.Account) { return row.Customer, row.Account }
	shown, err := seen(s.Desk, r, rows, begun, func(row projections.Card, _ bool) CardAnswer { return cardOf(row) })
	if err != nil {
		return err
	}
	return wire.OK(w, CardList{Cards: shown})
}

// Get is one card of the caller's, or for an account that they hold.
func (s Cards) Get(w http.ResponseWriter, r *http.Request) error {
	row, _, err := s.shown(r)
	if err != nil {
		return err
	}
	return wire.OK(w, cardOf(row))
}

// shown is the card of the path if the caller may see it, else not-found; own: they
// carry it.
func (s Cards) shown(r *http.Request) (row projections.Card, own bool, err error) {
	of, err := pathID[id.Card](r)
	if err != nil {
		return row, false, err
	}
	if err := s.fresh(r, "cards"); err != nil {
		return row, false, err
	}
	if row, err = s.Reads.Card(r.Context(), of); err != nil {
		return row, false, err
	}
	own, err = s.sees(r, row.Customer, row.Account)
	return row, own, err
}

func cardOf(row projections.Card) CardAnswer {
	answer := CardAnswer{Card: row.Card, Account: row.Account, Status: string(row.Status), Currency: row.Currency, Limits: limitsOf(row.Limits),
		LastFour: row.LastFour, Expires: row.Expires, Replaces: row.Replaces, ReplacedBy: row.ReplacedBy, At: row.ChangedAt}
	if row.Status == card.OnIce {
		answer.FrozenBy = "customer"
		if row.ByBank {
			answer.FrozenBy = "bank"
		}
	}
	return answer
}

// Authorisations is what shops asked of the card, newest first: where its customer shops
// is for them alone. What is held or booked, each holder sees on the account.
func (s Cards) Authorisations(w http.ResponseWriter, r *http.Request) error {
	row, own, err := s.shown(r)
	if err == nil && !own {
		err = problem.NotFound
	}
	if err != nil {
		return err
	}
	page, err := s.page(r, "card-authorisations/"+row.Card.String())
	if err != nil {
		return err
	}
	before, err := page.position()
	if err != nil {
		return err
	}
	rows, err := s.Reads.AuthorisationsOf(r.Context(), row.Card, before, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, strconv.FormatUint(uint64(last.Begun), 10))
	}
	list := AuthorisationList{Authorisations: make([]AuthorisationAnswer, 0, len(rows))}
	for _, row := range rows {
		list.Authorisations = append(list.Authorisations, authorisationOf(row))
	}
	return wire.OK(w, list)
}
