package gateway

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/split"
)

// toldRefusal is a record of refusals on its way from a gateway to the core. Told
// again it is the same command: it counts once.
type toldRefusal struct {
	Command     uuid.UUID   `json:"command"`
	At          time.Time   `json:"at"`
	Correlation uuid.UUID   `json:"correlation"`
	Traceparent string      `json:"traceparent,omitzero"`
	Code        string      `json:"code"`
	Why         string      `json:"why,omitzero"`
	Resource    string      `json:"resource,omitzero"`
	Count       int64       `json:"count"`
	Since       time.Time   `json:"since"`
	Until       time.Time   `json:"until"`
	ActorType   string      `json:"actor_type,omitzero"`
	Actor       uuid.UUID   `json:"actor,omitzero"`
	Customer    id.Customer `json:"customer,omitzero"`
	Client      id.Client   `json:"client,omitzero"`
	Device      id.Device   `json:"device,omitzero"`
	Session     id.Session  `json:"session,omitzero"`
	Operator    id.Operator `json:"operator,omitzero"`
	Presenter   id.Device   `json:"presenter,omitzero"`
	Address     string      `json:"address,omitzero"`
}

// gatewayCaller is who records refusals: the bank itself, on the trail of the
// customer whose token was shown.
func gatewayCaller(correlation uuid.UUID, traceparent string) commands.Caller {
	return commands.Caller{
		ActorType: commands.ActorSystem, Actor: commands.DerivedID(uuid.Nil, "gateway"),
		Correlation: correlation, Traceparent: traceparent, Reason: "access-refused",
	}
}

// tellRefusal has the core record what was counted here.
func (f *Front) tellRefusal(ctx context.Context, order commands.Order, ask commands.RefusedAccess) error {
	body, err := json.Marshal(toldRefusal{
		Command: order.ID, At: order.At, Correlation: order.Caller.Correlation, Traceparent: order.Caller.Traceparent,
		Code: ask.Code, Why: ask.Why, Resource: ask.Resource, Count: ask.Count, Since: ask.Since, Until: ask.Until,
		ActorType: ask.Shown.ActorType, Actor: ask.Shown.Actor, Customer: ask.Shown.Customer, Client: ask.Shown.Client, Device: ask.Shown.Device,
		Session: ask.Shown.Session, Operator: ask.Operator, Presenter: ask.Presenter, Address: ask.IP.Reveal(),
	})
	if err != nil {
		return err
	}
	answer, err := f.ask(ctx, post, split.RefusalsPath, body)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return fmt.Errorf("gateway: the core answers a record of refusals with %d", answer.StatusCode)
	}
	return nil
}

// recordRefusal is POST /internal/refusals.
func (c *Core) recordRefusal(w http.ResponseWriter, r *http.Request) error {
	routed(r)
	var told toldRefusal
	if err := json.Unmarshal(visitOf(r.Context()).body, &told); err != nil || told.Command == uuid.Nil || told.Count < 1 {
		return problem.BadJSON
	}
	caller := gatewayCaller(told.Correlation, told.Traceparent)
	caller.OnBehalfOf = told.Customer.UUID()
	shown := commands.Caller{ActorType: told.ActorType, Actor: told.Actor, Customer: told.Customer, Client: told.Client, Device: told.Device, Session: told.Session}
	_, err := c.bank.Accesses().Refused(r.Context(), commands.Order{ID: told.Command, Caller: caller, At: told.At}, commands.RefusedAccess{
		Code: told.Code, Why: told.Why, Resource: told.Resource, Count: told.Count, Since: told.Since, Until: told.Until,
		Shown: shown, Operator: told.Operator, Presenter: told.Presenter, IP: domain.NewProfile(told.Address),
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
