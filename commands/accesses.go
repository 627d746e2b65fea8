package commands

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/access"
	"florin/domain/id"
	"florin/schemas"
	"florin/schemas/seal"
)

// Accesses are the verbs of looking: what a reader was shown is a fact too, and so
// is what somebody was refused.
type Accesses struct{ bank *Bank }

// Accesses gives the verbs of looking.
func (b *Bank) Accesses() Accesses { return Accesses{b} }

// Read records that the caller is answered a question; only then answer it.
func (a Accesses) Read(ctx context.Context, order Order, resource, query string) (Outcome, error) {
	b := a.bank
	reader := id.From[id.Access](order.Caller.Actor)
	order.Asked = schemas.GrantAccess{Reader: reader, Resource: resource, Query: query}
	_, outcome, err := execute(ctx, b, "access.read", order, streams(reader), func(w *work) error {
		return b.accesses.decide(w, reader, access.Read{Resource: resource, Query: query, At: order.At})
	}, func([]Fact) (struct{}, error) { return struct{}{}, nil })
	return outcome, err
}

// RefusedAccess is what the front door has counted of one kind of refusal. Shown
// is who the token stands for that came with the first; zero: none of ours did.
type RefusedAccess struct {
	Code, Why, Resource string // codes, and a route's pattern
	Count               int64
	Since, Until        time.Time
	Shown               Caller
	Operator            id.Operator
	Presenter           id.Device
	IP                  domain.Profile // of the first; kept where a customer's key can seal it
}

// Refused records refusals. The order's id makes it one record however often it is
// tried; who acts is the bank itself, on the trail of the customer. Errors are
// those of the funnel, and the caller keeps its count after each.
func (a Accesses) Refused(ctx context.Context, order Order, ask RefusedAccess) (Outcome, error) {
	b := a.bank
	refuse := access.Refuse{
		Code: ask.Code, Why: ask.Why, Resource: ask.Resource, Count: ask.Count, Since: ask.Since, Until: ask.Until,
		Customer: ask.Shown.Customer, Operator: ask.Operator, Client: ask.Shown.Client, Device: ask.Shown.Device, Session: ask.Shown.Session,
		Presenter: ask.Presenter, At: order.At,
	}
	digest, err := b.mac(keyOrigin, []byte(origin(ask.IP.Reveal())))
	if err != nil {
		return Outcome{}, err
	}
	refuse.Origin = opaque.EncodeToString(digest[:12])
	order.Subject = seal.Subject{}
	if customer := ask.Shown.Customer; !customer.IsZero() {
		order.Subject, refuse.IP = ofCustomer(customer), ask.IP
	}
	stream := id.From[id.Access](ask.Shown.Actor)
	if ask.Shown.Actor == uuid.Nil {
		stream = id.Named[id.Access]("refused", ask.Code)
	}
	order.Asked = schemas.RefuseAccess{Code: ask.Code, Why: ask.Why, Resource: ask.Resource, Count: ask.Count, Since: ask.Since, Until: ask.Until,
		Customer: refuse.Customer, Operator: refuse.Operator, Client: refuse.Client, Device: refuse.Device, Session: refuse.Session, Presenter: refuse.Presenter}
	outcome, err := a.refused(ctx, order, stream, refuse)
	if errors.Is(err, ErrErased) { // what is left to say of somebody forgotten
		order.Subject, refuse.IP = seal.Subject{}, domain.Profile{}
		outcome, err = a.refused(ctx, order, stream, refuse)
	}
	return outcome, err
}

func (a Accesses) refused(ctx context.Context, order Order, stream id.Access, refuse access.Refuse) (Outcome, error) {
	_, outcome, err := execute(ctx, a.bank, "access.refuse", order, streams(stream), func(w *work) error {
		return a.bank.accesses.decide(w, stream, refuse)
	}, nothing)
	return outcome, err
}

// Assert uses up an assertion of a client, by its jti, in the log. Its outcome says
// whether it was used before, by whatever process.
func (a Accesses) Assert(ctx context.Context, order Order, by Client, jti string) (Outcome, error) {
	b := a.bank
	named := id.Named[id.Client](by.ClientID)
	stream := id.Named[id.Access]("asserted", by.ClientID)
	order.ID, order.Asked = CommandID("client-assertion-ahead", named.UUID(), jti), schemas.AssertClient{ClientID: by.ClientID}
	_, outcome, err := execute(ctx, b, "access.assert", order, streams(stream), func(w *work) error {
		return b.accesses.decide(w, stream, access.Assert{Client: by.ID, Operator: by.Operator, At: order.At})
	}, nothing)
	return outcome, err
}
