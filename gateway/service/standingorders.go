package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain/iban"
	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/domain/standing"
	"florin/domain/transfer"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
)

// StandingOrders serves /v1/standing-orders.
type StandingOrders struct{ Desk }

// OrderAnswer is a standing order on the wire.
type OrderAnswer struct {
	Order       id.StandingOrder   `json:"standing_order"`
	Status      string             `json:"status"`
	Reason      string             `json:"reason,omitzero"` // of a rejection or an end
	From        id.Account         `json:"from,omitzero"`
	To          id.Account         `json:"to,omitzero"`
	IBAN        string             `json:"iban,omitzero"` // of a payee at another bank
	Name        string             `json:"name,omitzero"`
	Payee       *VerifiedAnswer    `json:"payee,omitzero"` // what that bank said of the name
	Amount      string             `json:"amount,omitzero"`
	Currency    money.Currency     `json:"currency,omitzero"`
	Frequency   standing.Frequency `json:"frequency,omitzero"`
	First       string             `json:"first,omitzero"`
	Last        string             `json:"last,omitzero"`
	Count       int64              `json:"count,omitzero"`
	TimeZone    string             `json:"time_zone,omitzero"`
	Reference   string             `json:"reference,omitzero"`
	Challenge   *ChallengeAnswer   `json:"challenge,omitzero"`
	Next        string             `json:"next,omitzero"` // day
	Executed    int64              `json:"executed,omitzero"`
	Failed      int64              `json:"failed,omitzero"`
	Skipped     int64              `json:"skipped,omitzero"`
	Failure     string             `json:"failure,omitzero"` // code of the last try, if it was refused
	Occurrences []OccurrenceAnswer `json:"occurrences,omitzero"`
	Position    eventbus.Position  `json:"position"`
	At          time.Time          `json:"at,omitzero"`
}

// OccurrenceAnswer is one try of a day; Count of them were skipped together.
type OccurrenceAnswer struct {
	Occurrence int64       `json:"occurrence"`
	Count      int64       `json:"count"`
	Day        string      `json:"day"`
	Transfer   id.Transfer `json:"transfer,omitzero"`
	Payment    id.Payment  `json:"payment,omitzero"`
	Code       string      `json:"code,omitzero"`
	Final      bool        `json:"final"`
	At         time.Time   `json:"at"`
}

// OrderList is a page of standing orders.
type OrderList struct {
	Orders []OrderAnswer `json:"standing_orders"`
}

// Place asks for a standing order: 202, for a series is always confirmed.
func (s StandingOrders) Place(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[schemas.PlaceStandingOrder](call.Body)
	if err != nil {
		return err
	}
	amount, err := amountOf(body.Amount, body.Currency)
	if err != nil {
		return err
	}
	to, err := creditorOf(body)
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.StandingOrders().Place(r.Context(), s.order(r, call), commands.PlaceOrder{
		From: body.From, To: body.To, Creditor: to, CreditorName: evidence(body.Name), Amount: amount, Zone: body.TimeZone, Reference: evidence(body.Reference),
		Plan:     standing.Plan{Frequency: standing.Frequency(body.Frequency), First: body.First, Last: body.Last, Count: body.Count},
		Evidence: transfer.Signed{Proof: evidence(call.Proof), Body: evidence(string(call.Body))},
	})
	return s.answer(w, answer, outcome, err)
}

// creditorOf is the number of who is paid at another bank; zero: an account of this one is.
func creditorOf(body schemas.PlaceStandingOrder) (iban.IBAN, error) {
	switch {
	case body.To.IsZero() == (body.IBAN == ""), body.IBAN == "" && body.Name != "":
		return iban.IBAN{}, standing.ErrCreditor
	case body.IBAN == "":
		return iban.IBAN{}, nil
	}
	return iban.Parse(body.IBAN)
}

// Authorise confirms the series: 200 active, or 403 sca-failed in one text.
func (s StandingOrders) Authorise(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	asked, err := pathID[id.StandingOrder](r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.AuthoriseStandingOrder](call.Body)
	if err != nil {
		return err
	}
	_, answered, err := confirmed[standing.Statement](s.Desk, r, schemas.AuthoriseTransfer(body))
	if err != nil {
		return err
	}
	answer, outcome, err := s.Bank.StandingOrders().Authorise(r.Context(), s.order(r, call), asked, answered)
	return s.answer(w, answer, outcome, err)
}

// Cancel withdraws a standing order: what is executed stays.
func (s StandingOrders) Cancel(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.StandingOrder](r)
	if err != nil {
		return err
	}
	call := CallOf(r.Context())
	if err := empty(call.Body); err != nil {
		return err
	}
	answer, outcome, err := s.Bank.StandingOrders().Cancel(r.Context(), s.order(r, call), asked)
	return s.answer(w, answer, outcome, err)
}

func (s StandingOrders) answer(w http.ResponseWriter, answer commands.StandingAnswer, outcome commands.Outcome, err error) error {
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	body := OrderAnswer{
		Order: answer.Order, Status: string(answer.Status), From: answer.From, To: answer.To, IBAN: answer.Payee.IBAN.Reveal(), Name: answer.Payee.Name.Reveal(),
		Payee: payeeOf(payment.Match(answer.Payee.Verified), answer.Payee.Holder.Reveal()), Frequency: answer.Plan.Frequency, First: answer.Plan.First,
		Last: answer.Plan.Last, Count: answer.Plan.Count, TimeZone: answer.Zone, Reference: answer.Reference.Reveal(), Position: outcome.Receipt.Last, At: answer.At,
	}
	if !answer.Amount.IsZero() {
		body.Amount, body.Currency = answer.Amount.Decimal(), answer.Amount.Currency
	}
	if answer.Status == standing.Pending {
		body.Challenge = challengeAnswer(answer.Challenge)
		return wire.Accepted(w, "/v1/standing-orders/"+answer.Order.String(), body)
	}
	return wire.OK(w, body)
}

// Get is one standing order of the caller's, or of an account that the caller holds, with what has become of its days.
func (s StandingOrders) Get(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.StandingOrder](r)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "standing"); err != nil {
		return err
	}
	row, err := s.Reads.StandingOrder(r.Context(), asked)
	if err != nil {
		return err
	}
	if _, err := s.sees(r, row.Customer, row.From); err != nil { // it shows no challenge
		return err
	}
	answer := orderOf(row)
	for _, o := range row.Occurrences {
		answer.Occurrences = append(answer.Occurrences, OccurrenceAnswer{Occurrence: o.Number, Count: o.Count, Day: o.Day, Transfer: o.Transfer, Payment: o.Payment, Code: o.Code, Final: o.Final, At: o.At})
	}
	return wire.OK(w, answer)
}

// List are the caller's standing orders and those of accounts that the caller holds, those
// that are over too.
func (s StandingOrders) List(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r, "standing-orders")
	if err != nil {
		return err
	}
	after, err := marked[id.StandingOrder](p)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "standing"); err != nil {
		return err
	}
	rows, err := s.Reads.StandingOrdersOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, p.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, p.limit)
	if more {
		p.next(w, r, s.Cursors, last.Order.String())
	}
	begun := func(row projections.StandingOrder) (id.Customer, id.Account) { return row.Customer, row.From }
	shown, err := seen(s.Desk, r, rows, begun, func(row projections.StandingOrder, _ bool) OrderAnswer { return orderOf(row) })
	if err != nil {
		return err
	}
	return wire.OK(w, OrderList{Orders: shown})
}

func orderOf(row projections.StandingOrder) OrderAnswer {
	return OrderAnswer{
		Order: row.Order, Status: string(row.Status), Reason: row.Reason, From: row.From, To: row.To, IBAN: row.IBAN, Name: row.Name,
		Payee: payeeOf(payment.Match(row.Payee), row.PayeeName), Amount: row.Amount.Decimal(), Currency: row.Amount.Currency,
		Frequency: row.Frequency, First: row.First, Last: row.Last, Count: row.Count, TimeZone: row.Zone, Reference: row.Reference,
		Next: row.Next, Executed: row.Executed, Failed: row.Failed, Skipped: row.Skipped, Failure: row.Failure, Position: row.Position, At: row.OrderedAt,
	}
}
