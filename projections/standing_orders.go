package projections

import (
	"context"
	"fmt"
	"time"

	"florin/domain/id"
	"florin/domain/money"
	"florin/domain/standing"
	"florin/eventbus"
)

// StandingOrder is one standing order and what has become of its days.
type StandingOrder struct {
	Order     id.StandingOrder
	Customer  id.Customer
	From      id.Account
	To        id.Account     // zero: the payee is at another bank
	Payee     standing.Match // of one at another bank: what that said of the name
	Amount    money.Amount
	Frequency standing.Frequency
	First     string
	Last      string // "": no last day
	Count     int64  // 0: no count
	Zone      string
	Status    standing.Phase // "ordered" until the commit that began it says more
	Reason    string         // of a rejection or an end
	Settled   int64          // occurrences: executed, failed for good, or skipped
	Executed  int64
	Failed    int64
	Skipped   int64
	Next      string // day; "": there is none
	Failure   string // code of the last try, if it was refused
	Challenge id.Challenge
	ExpiresAt time.Time // of the challenge
	OrderedAt time.Time
	ChangedAt time.Time
	Position  eventbus.Position // of the last event that is in it

	// Read from the log; "" once they are erased.
	IBAN      string // of a payee at another bank
	Name      string
	PayeeName string // of the holder, where the name given was nearly it

	// Read from the log by Reads.StandingOrder alone.
	Reference   string // remittance text; "" once it is erased
	Occurrences []Occurrence
}

// Occurrence is one try of a standing order's day.
type Occurrence struct {
	Number   int64 // the first is 0
	Count    int64 // more than one of those that were skipped together
	Day      string
	Transfer id.Transfer
	Payment  id.Payment
	Code     string // of a refusal
	Final    bool   // it is not tried again
	At       time.Time
}

const standingOrdered standing.Phase = "ordered"

var standingTable = table{
	name: "standing_orders", key: []string{"standing_order"},
	columns: []column{
		{"standing_order", text}, {"customer", text}, {"from_account", text}, {"to_account", text}, {"payee", text}, {"amount", bigint}, {"currency", text},
		{"frequency", text}, {"first_day", text}, {"last_day", text}, {"times", bigint}, {"zone", text}, {"status", text}, {"reason", text},
		{"settled", bigint}, {"executed", bigint}, {"failed", bigint}, {"skipped", bigint}, {"next_day", text}, {"failure", text},
		{"challenge", text}, {"expires_at", bigint}, {"ordered_at", bigint}, {"changed_at", bigint}, {"position", bigint},
	},
	indexes: []index{{"standing_orders_customer", "customer, standing_order"}, {"standing_orders_account", "from_account, standing_order"}},
}

// standingColumns document v_standing_orders.
var standingColumns = []Column{
	{"standing_order", Text, "identifier of the order (sto_...)"},
	{"customer", Text, "whose it is (cus_...)"},
	{"from_account", Text, "debtor account"},
	{"to_account", Text, "creditor account; empty: the payee is at another bank"},
	{"payee", Text, "verification of a payee at another bank: match, close-match, no-match or unavailable"},
	{"amount", Money, "amount of each day"},
	{"currency", Text, "ISO 4217 code"},
	{"frequency", Text, "once, daily, weekly, monthly, quarterly or yearly"},
	{"first_day", Text, "first day, in the zone"},
	{"last_day", Text, "last day; empty: none"},
	{"times", Integer, "how many days at most; 0: no bound"},
	{"zone", Text, "IANA time zone that its days are of"},
	{"status", Text, "challenged, active, rejected, expired, cancelled or ended"},
	{"reason", Text, "why it was rejected or has ended"},
	{"settled", Integer, "days that are over: executed, failed for good, or skipped"},
	{"executed", Integer, "days whose transfer is posted, or whose payment is on its way"},
	{"failed", Integer, "days that failed for good"},
	{"skipped", Integer, "days that were too long ago"},
	{"next_day", Text, "day that comes next; empty: none"},
	{"failure", Text, "why the last try was refused"},
	{"challenge", Text, "identifier of the challenge (chl_...)"},
	{"expires_at", Time, "end of the challenge"},
	{"ordered_at", Time, "when it was asked for"},
	{"changed_at", Time, "when it last changed"},
	{"position", Integer, "log position of the last event that is in the row"},
}

func (s *StandingOrder) fields() []any {
	return []any{
		&s.Order, &s.Customer, &s.From, &s.To, (*string)(&s.Payee), &s.Amount.Minor, (*string)(&s.Amount.Currency),
		(*string)(&s.Frequency), &s.First, &s.Last, &s.Count, &s.Zone, (*string)(&s.Status), &s.Reason,
		&s.Settled, &s.Executed, &s.Failed, &s.Skipped, &s.Next, &s.Failure,
		&s.Challenge, &s.ExpiresAt, &s.OrderedAt, &s.ChangedAt, (*uint64)(&s.Position),
	}
}

type standingFold struct {
	orders *rows[id.StandingOrder, StandingOrder]
}

func beginStanding(tables []table) fold {
	return standingFold{newRows(tables[0], func(k id.StandingOrder) []any { return []any{k.String()} }, (*StandingOrder).fields)}
}

func (s standingFold) flush(w *writer) { s.orders.flush(w) }
func (s standingFold) forget()         { s.orders.forget() }

func (s standingFold) apply(w *writer, _ *commit, f *fact) error {
	if e, ok := f.event.(standing.Ordered); ok {
		s.orders.add(e.Order, StandingOrder{
			Order: e.Order, Customer: e.Customer, From: e.From, To: e.To, Payee: e.Payee.Verified, Amount: e.Amount, Frequency: e.Plan.Frequency, First: e.Plan.First,
			Last: e.Plan.Last, Count: e.Plan.Count, Zone: e.Zone, Status: standingOrdered, OrderedAt: e.At, ChangedAt: e.At, Position: f.Position,
		})
		return nil
	}
	of, err := streamUUID(f.Stream)
	if err != nil {
		return err
	}
	row, ok := s.orders.get(w, id.From[id.StandingOrder](of))
	if !ok {
		return errNoRow
	}
	row.Position = f.Position
	if err := row.evolve(f); err != nil {
		return err
	}
	row.Next = ""
	if row.Status == standing.Active {
		row.Next, _ = row.plan().Day(row.Settled)
	}
	return nil
}

func (s *StandingOrder) plan() standing.Plan {
	return standing.Plan{Frequency: s.Frequency, First: s.First, Last: s.Last, Count: s.Count}
}

func (s *StandingOrder) evolve(f *fact) error {
	switch e := f.event.(type) {
	case standing.Challenged:
		s.Status, s.Challenge, s.ExpiresAt, s.ChangedAt = standing.Pending, e.Challenge, e.ExpiresAt, e.At
	case standing.AuthorisationFailed:
		s.ChangedAt = e.At
	case standing.Authorised:
		s.Status, s.ChangedAt = standing.Active, e.At
	case standing.Rejected:
		s.Status, s.Reason, s.ChangedAt = standing.Declined, e.Code, e.At
	case standing.Expired:
		s.Status, s.ChangedAt = standing.TimedOut, e.At
	case standing.Cancelled:
		s.Status, s.ChangedAt = standing.Withdrawn, e.At
	case standing.Ended:
		s.Status, s.Reason, s.ChangedAt = standing.Over, e.Reason, e.At
	case standing.Executed:
		s.Settled, s.Executed, s.Failure, s.ChangedAt = s.Settled+1, s.Executed+1, "", e.At
	case standing.Failed:
		if s.Failure, s.ChangedAt = e.Code, e.At; e.Final {
			s.Settled, s.Failed = s.Settled+1, s.Failed+1
		}
	case standing.Skipped:
		s.Settled, s.Skipped, s.ChangedAt = s.Settled+e.Count, s.Skipped+e.Count, e.At
	default:
		return fmt.Errorf("no fold for %s", f.Kind)
	}
	return nil
}

// StandingOrder gives one standing order with what has become of its days, as they
// are in the log up to the position that the row shows. ErrMissing.
func (r *Reads) StandingOrder(ctx context.Context, of id.StandingOrder) (StandingOrder, error) {
	found, err := r.standingOrders(ctx, standingTable.selectByKey(), of.String())
	if err == nil && len(found) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return StandingOrder{}, err
	}
	s := found[0]
	for e, err := range r.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return StandingOrder{}, fmt.Errorf("projections: reading %s: %w", of.Stream(), err)
		}
		if e.Position > s.Position {
			break
		}
		event, err := r.open(e)
		if err != nil {
			return StandingOrder{}, err
		}
		switch e := event.(type) {
		case standing.Ordered:
			s.Reference = e.Reference.Reveal()
			s.tell(e)
		case standing.Executed:
			s.Occurrences = append(s.Occurrences, Occurrence{Number: e.Occurrence, Count: 1, Day: e.Day, Transfer: e.Transfer, Payment: e.Payment, Final: true, At: e.At})
		case standing.Failed:
			s.Occurrences = append(s.Occurrences, Occurrence{Number: e.Occurrence, Count: 1, Day: e.Day, Transfer: e.Transfer, Payment: e.Payment, Code: e.Code, Final: e.Final, At: e.At})
		case standing.Skipped:
			day, _ := s.plan().Day(e.Occurrence)
			s.Occurrences = append(s.Occurrences, Occurrence{Number: e.Occurrence, Count: e.Count, Day: day, Code: "skipped", Final: true, At: e.At})
		}
	}
	return s, nil
}

var standingShown = begunOrHeld{"standing_orders", "standing_order", "from_account", "standing_order > ?", "standing_order"}

// StandingOrdersOf lists the standing orders that a customer began, and those of the
// accounts that the customer holds, those that are over too, by their identifiers: up to limit, above after (zero: from the first).
func (r *Reads) StandingOrdersOf(ctx context.Context, customer id.Customer, after id.StandingOrder, limit int) ([]StandingOrder, error) {
	found, err := r.standingOrders(ctx, "select "+standingTable.names()+" from standing_orders where "+standingShown.where(),
		standingShown.arguments(customer, limit, after.String())...)
	for i := range found {
		if err == nil && found[i].Payee != "" {
			err = r.payeeAbroad(ctx, &found[i])
		}
	}
	return found, err
}

// payeeAbroad reads whom an order pays at another bank, which only the log knows.
func (r *Reads) payeeAbroad(ctx context.Context, s *StandingOrder) error {
	event, err := r.at(ctx, s.Order.Stream(), 1)
	if first, ok := event.(standing.Ordered); ok {
		s.tell(first)
	}
	return err
}

func (s *StandingOrder) tell(first standing.Ordered) {
	s.IBAN, s.Name, s.PayeeName = first.Payee.IBAN.Reveal(), first.Payee.Name.Reveal(), first.Payee.Holder.Reveal()
}

func (r *Reads) standingOrders(ctx context.Context, query string, arguments ...any) (found []StandingOrder, err error) {
	err = r.database.each(ctx, query, arguments, func(row scanner) error {
		var s StandingOrder
		err := row.Scan(destinations(s.fields())...)
		found = append(found, s)
		return err
	})
	return found, err
}
