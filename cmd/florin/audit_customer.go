package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"florin/domain/id"
	"florin/eventbus"
)

// belongings are the streams that are a customer's, and with them the story that
// no single event tells: a device is registered before anybody knows whose it is.
type belongings struct {
	customer id.Customer
	streams  map[eventbus.Stream]bool
}

// owning are the contexts whose streams are a customer's as soon as one event in
// them names the customer. Claims are taken anew by others, and operators, clients
// and readers only deal with customers: of those the events alone that name one.
var owning = []string{"account", "approvals", "card", "consent", "customer", "device", "grant", "notification", "payment", "recovery", "session", "transfer"}

// belongings reads the log once for the customer's streams; the error says that
// nobody of that name is in it.
func (a *archive) belongings(ctx context.Context, customer id.Customer) (belongings, error) {
	b := belongings{customer, map[eventbus.Stream]bool{}}
	for record, err := range a.log.ReadAll(ctx, 0) {
		if err != nil {
			return b, err
		}
		for _, e := range record.Events {
			b.learn(e)
		}
	}
	if !b.streams[eventbus.Stream(customer.Stream())] {
		return b, fmt.Errorf("no customer %s in this log", customer)
	}
	return b, nil
}

// references are what an event refers to, besides the customer.
type references struct {
	Session  id.Session  `json:"session"`
	Grant    id.Grant    `json:"grant"`
	Attempts id.Attempts `json:"attempts"`
}

// referencesOf reads what it can: an event that it cannot is shown by its stream.
func referencesOf(e eventbus.Recorded) (r references) {
	if json.Unmarshal(e.Data, &r) != nil {
		return references{}
	}
	return r
}

// learn takes in the streams that the event shows to be the customer's: its own,
// and the budget of attempts that a login of the customer's draws on.
func (b belongings) learn(e eventbus.Recorded) {
	context, _, _ := strings.Cut(string(e.Stream), "/")
	if !slices.Contains(owning, context) || !b.named(e) {
		return
	}
	b.streams[e.Stream] = true
	if budget := referencesOf(e).Attempts; !budget.IsZero() {
		b.streams[eventbus.Stream(budget.Stream())] = true
	}
}

// named tells whether the event is the customer's own or names the customer.
func (b belongings) named(e eventbus.Recorded) bool {
	return string(e.Stream) == b.customer.Stream() || bytes.Contains(e.Data, []byte(b.customer.String()))
}

// tell tells whether the event is of the customer's story: done by the customer,
// in one of the customer's streams, or naming one of them, as a foreign device
// does that the customer has logged in on.
func (b belongings) tell(r eventbus.Record, e eventbus.Recorded) bool {
	customer := b.customer.UUID()
	if r.Header.Actor == customer || r.Header.OnBehalfOf == customer || b.streams[e.Stream] || b.named(e) {
		return true
	}
	refers := referencesOf(e)
	return b.streams[eventbus.Stream(refers.Session.Stream())] || b.streams[eventbus.Stream(refers.Grant.Stream())]
}
