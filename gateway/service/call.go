// Package service is one http.Handler a resource: it reads the body strictly,
// turns it into a command or a question, and writes the answer.
//
//	gateway (who, how often, signed?) --Call--> service --verb--> commands
//	                                              |
//	                                              +--question--> projections
//
// It trusts the Call that the gateway has proven and nothing in the request's
// headers. It does the fine-grained checks: whose account, whose device. What is
// not the caller's is the same 404, byte for byte, as what is not there.
//
// It must never see a token, decide a rule of the bank, or name a status code
// other than that of success: errors go up to package problem.
package service

import (
	"context"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"florin/commands"
	"florin/domain/proposal"
	"florin/domain/text"
	"florin/eventbus"
	"florin/gateway/passkey"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
	"florin/schemas"
	"florin/schemas/seal"
)

// Call is what the gateway has proven of a request before a service sees it.
type Call struct {
	Caller    commands.Caller
	Key       string    // Idempotency-Key; "" where the route needs none
	Body      []byte    // whole, within the limits
	Proof     string    // the verified DPoP proof of a signed request; "" of any other
	FreshSCA  bool      // strong authentication within the route's max_age
	ExpiresAt time.Time // of the access token
}

type callKey struct{}

// With gives the context a call.
func With(ctx context.Context, call Call) context.Context {
	return context.WithValue(ctx, callKey{}, call)
}

// CallOf is the request's call; a request that came without one is nobody's.
func CallOf(ctx context.Context) Call {
	call, _ := ctx.Value(callKey{}).(Call)
	return call
}

// Desk is what all services work with.
type Desk struct {
	Bank    *commands.Bank
	Reads   *projections.Reads
	Log     eventbus.Log
	Treaty  *schemas.Treaty
	Cursors wire.Cursors

	// Set by the gateway.
	Issuer  string
	Party   passkey.Party   // that passkeys are made for
	Sandbox bool            // callers may enrol and pay in by themselves
	Revoked func(Call) bool // whether the call's session or device was ended since
	// Settled returns when what a commit has ended is over for every request.
	Settled func(context.Context, eventbus.Position) error
}

// pathText is a parameter of the path.
func pathText(r *http.Request, name string) string { return chi.URLParam(r, name) }

// reasoned is the envelope of a command that says why: invalid-reason without a code.
func (d Desk) reasoned(r *http.Request, call Call, reason string) (commands.Order, error) {
	if !text.Code(reason) {
		return commands.Order{}, proposal.ErrReason
	}
	order := d.order(r, call)
	order.Caller.Reason = reason
	return order, nil
}

// order is the envelope of the command that the request asks for. With an
// idempotency key the same principal's same key is the same command, for ever.
func (d Desk) order(r *http.Request, call Call) commands.Order {
	at := d.Bank.Sources().Time()
	caller := call.Caller
	order := commands.Order{
		Caller: caller, At: at, Subject: subjectOf(caller, at),
		Intent: Intent(r, call.Body),
	}
	if call.Key == "" {
		order.ID = d.Bank.Sources().NewID()
		return order
	}
	principal := caller.Actor
	if caller.OnBehalfOf != uuid.Nil { // a third party's keys for two customers have nothing to do with each other
		principal = commands.DerivedID(caller.Actor, caller.OnBehalfOf.String())
	}
	order.ID = commands.CommandID(caller.ActorType, principal, call.Key)
	return order
}

// Intent is what was asked, in bytes: method, path and body. The key's second use
// is held against it.
func Intent(r *http.Request, body []byte) []byte {
	asked := make([]byte, 0, len(r.Method)+len(r.URL.Path)+len(body)+2)
	asked = append(asked, r.Method...)
	asked = append(append(asked, '\n'), r.URL.Path...)
	return append(append(asked, '\n'), body...)
}

// answered sets the headers that every command's answer carries.
func answered(w http.ResponseWriter, outcome commands.Outcome) {
	if outcome.Receipt.Last > 0 {
		wire.Position(w, outcome.Receipt.Last)
	}
	wire.Replayed(w, outcome.Replayed)
}

// settled waits until an ended session or device is refused everywhere, so that an
// answered revocation already bites.
func (d Desk) settled(r *http.Request, outcome commands.Outcome) error {
	if outcome.Receipt.Last == 0 {
		return nil
	}
	return d.Settled(r.Context(), outcome.Receipt.Last)
}

// refused sets them for a refusal that is a fact of the log, and passes it on.
func refused(w http.ResponseWriter, outcome commands.Outcome, err error) error {
	answered(w, outcome)
	return err
}

// fresh waits, within a bound, until the read model has what the caller saw last
// (Florin-Position). A position above the head is a fault.
func (d Desk) fresh(r *http.Request, projection string) error {
	values := r.Header.Values("Florin-Position")
	if len(values) == 0 {
		return nil
	}
	if len(values) > 1 {
		return problem.BadParameter
	}
	position, err := wire.ParsePosition(values[0])
	if err != nil || position == 0 {
		return err
	}
	return d.Reads.WaitFor(r.Context(), projection, position)
}

// subjectOf is whose key seals what a caller's request says.
func subjectOf(caller commands.Caller, at time.Time) seal.Subject {
	switch {
	case !caller.Customer.IsZero():
		return seal.Subject{Kind: "customer", ID: caller.Customer.UUID()}
	case caller.ActorType == commands.ActorOperator:
		return seal.Subject{Kind: "operator", ID: caller.Actor}
	case !caller.Device.IsZero():
		return seal.Subject{Kind: "device", ID: caller.Device.UUID()}
	case caller.Actor != uuid.Nil:
		return seal.Subject{Kind: caller.ActorType, ID: caller.Actor}
	}
	return seal.Day(at)
}
