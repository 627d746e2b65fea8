package service

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"florin/commands"
	"florin/domain/account"
	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/projections"
)

// look records that an operator is shown something, of a customer's if there is
// one, before it is shown.
func (d Desk) look(r *http.Request, resource string, of id.Customer) error {
	order := d.order(r, CallOf(r.Context()))
	order.ID, order.Intent = d.Bank.Sources().NewID(), nil
	if !of.IsZero() {
		order.Caller.OnBehalfOf = of.UUID()
	}
	_, err := d.Bank.Accesses().Read(r.Context(), order, resource, r.URL.RequestURI())
	return err
}

// alone tells whether an operator may do by themselves what takes two in
// production. A sandbox has nothing to lose, and often one operator.
func (d Desk) alone() bool { return d.Sandbox }

// ActAnswer is something that the bank's operators did for a customer. It names
// neither the operator nor the reason: the one is a person too, and the other may
// be one that the law lets nobody tell.
type ActAnswer struct {
	Kind     string            `json:"kind"`
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// ActList is a page of them, in the order of the log.
type ActList struct {
	Acts []ActAnswer `json:"acts"`
}

// shownActs are the contexts of which a customer is shown what was done for them.
// What concerns others in the same commit, what was only looked at, and what two
// operators have yet to agree on, is not among them.
var shownActs = []string{"account", "customer", "device", "journal", "recovery", "session", "transfer"}

// moves are facts of accounts that only follow from an act that is shown by itself.
var moves = map[string]bool{
	account.Opened{}.Kind(): true, account.Debited{}.Kind(): true, account.Credited{}.Kind(): true, account.FundsReserved{}.Kind(): true,
	account.ReservationCaptured{}.Kind(): true, account.ReservationReleased{}.Kind(): true, account.Overdrawn{}.Kind(): true,
}

// Acts is what operators have done on the caller's behalf.
func (s Customers) Acts(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "acts")
	if err != nil {
		return err
	}
	after, err := page.position()
	if err != nil {
		return err
	}
	if err := s.fresh(r, "audit"); err != nil {
		return err
	}
	filter := projections.AuditFilter{Customer: CallOf(r.Context()).Caller.Customer, ActorType: commands.ActorOperator}
	rows, err := s.Reads.AuditEvents(r.Context(), filter, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, positionMark(last.Position))
	}
	list := ActList{Acts: []ActAnswer{}}
	for _, row := range rows {
		if context, _, _ := strings.Cut(string(row.Stream), "/"); slices.Contains(shownActs, context) && !moves[row.Kind] {
			list.Acts = append(list.Acts, ActAnswer{Kind: row.Kind, Position: row.Position, At: row.RecordedAt})
		}
	}
	return wire.OK(w, list)
}
