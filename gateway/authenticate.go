package gateway

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/token"
	"florin/projections"
)

// guards tell what has ended or is limited, without asking anyone per request.
type guards struct {
	sessionRevoked func(id.Session) bool
	deviceRevoked  func(id.Device) bool
	barred         func(id.Customer) bool
	limited        func(id.Customer) bool // pending or restricted: may look, not act
	disabled       func(id.Operator) bool
}

func guardsOf(g *projections.Standing) guards {
	return guards{g.SessionRevoked, g.DeviceRevoked, g.CustomerBarred, g.CustomerLimited, g.OperatorDisabled}
}

func (g guards) ended(session id.Session, device id.Device, customer id.Customer, operator id.Operator) bool {
	return !session.IsZero() && g.sessionRevoked(session) ||
		!device.IsZero() && g.deviceRevoked(device) ||
		!customer.IsZero() && g.barred(customer) ||
		!operator.IsZero() && g.disabled(operator)
}

// who verifies token and proof. Errors are faults with their WWW-Authenticate; what
// exactly was wrong is noted in the visit.
func (d *door) who(w http.ResponseWriter, r *http.Request) (*token.Access, *token.Proof, error) {
	w.Header().Set("DPoP-Nonce", d.proofs.Nonce())
	visit := visitOf(r.Context())
	scheme, raw := authorization(r)
	if raw == "" {
		visit.why = "no-token"
		return nil, nil, problem.InvalidToken.Challenged()
	}
	access, err := d.verifier.Verify(raw)
	if visit.shown, visit.why = access, token.Why(err); err != nil {
		if ended, ok := errors.AsType[*token.Ended](err); ok {
			visit.shown = ended.Access
		}
		return nil, nil, problem.InvalidToken.Challenged()
	}
	if !strings.EqualFold(scheme, "DPoP") { // a token that is bound to a key is no bearer's (RFC 9449 section 7.2)
		visit.why = "as-bearer"
		return nil, nil, problem.InvalidToken.Challenged()
	}
	if !access.On(r) { // RFC 8705 section 3
		visit.why = "other-certificate"
		return nil, nil, problem.InvalidToken.Challenged()
	}
	want := token.Want{Method: r.Method, URL: d.settings.Issuer + r.URL.Path, Access: access}
	proof, err := d.proofs.Check(r.Header, want)
	switch {
	case err == nil:
		visit.presenter, visit.proof = proof.JKT, proof
		return access, proof, nil
	case errors.Is(err, token.ErrNonce):
		return nil, nil, problem.NonceNeeded.Challenged()
	case errors.Is(err, token.ErrFull):
		return nil, nil, problem.Busy
	}
	visit.why = token.Why(err)
	return nil, nil, problem.InvalidProof.Challenged()
}

// authorization gives the one token of the one header, "" if there is none.
func authorization(r *http.Request) (scheme, raw string) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", ""
	}
	scheme, raw, _ = strings.Cut(values[0], " ")
	return scheme, raw
}

// callerOf says who asks in the words of the commands.
func (d *door) callerOf(r *http.Request, access *token.Access) commands.Caller {
	caller := d.stranger(r)
	if access == nil {
		return caller
	}
	caller.Client, caller.Device, caller.Session = access.Client, access.Device, access.Session
	caller.ACR, caller.AMR, caller.TokenID, caller.Scopes = access.ACR, access.AMR, access.Claims.ID, access.Scopes
	caller.AuthTime = time.Unix(access.AuthTime, 0).UTC()
	caller.Customer = access.Customer
	caller.ActorType, caller.Actor = actorOf(access)
	if thirdParty(access) {
		caller.OnBehalfOf = access.Customer.UUID()
	}
	return caller
}

// actorOf is who a token stands for.
func actorOf(access *token.Access) (actorType string, actor uuid.UUID) {
	switch {
	case thirdParty(access): // it acts, for the customer
		return commands.ActorClient, access.Client.UUID()
	case !access.Customer.IsZero():
		return commands.ActorCustomer, access.Customer.UUID()
	case !access.Operator.IsZero():
		return commands.ActorOperator, access.Operator.UUID()
	}
	return commands.ActorClient, access.Client.UUID()
}

// thirdParty tells whether a token is of software that acts for a customer who has
// agreed to it: only the bank's own app has a device of the customer's.
func thirdParty(access *token.Access) bool {
	return !access.Customer.IsZero() && access.Device.IsZero()
}

// stranger is a caller that has proven nothing.
func (d *door) stranger(r *http.Request) commands.Caller {
	return commands.Caller{
		ActorType: commands.ActorAnonymous, Actor: uuid.Nil, Correlation: visitOf(r.Context()).id,
		Traceparent: traceparent(r), IP: domain.NewProfile(visitOf(r.Context()).address),
	}
}

// traceparent is the request's place in a trace (W3C, version 00), "" if it has none.
func traceparent(r *http.Request) string {
	if !trace.SpanContextFromContext(r.Context()).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	traces.Inject(r.Context(), carrier)
	return carrier.Get("traceparent")
}

// identityOf is what a service behind is told of who asks; the internal token
// covers them.
func identityOf(access *token.Claims) map[string]string {
	return map[string]string{
		HeaderUser: access.Subject, HeaderDevice: access.DeviceID, HeaderSession: access.SessionID, HeaderScopes: access.Scope,
		HeaderStrength: strconv.FormatInt(access.AuthStrength, 10), HeaderRisk: strconv.FormatInt(access.RiskScore, 10),
	}
}

// identityOnto sets the identity headers for the service behind, after those from
// outside have been taken away.
func identityOnto(r *http.Request, access *token.Access) {
	for name, value := range identityOf(&access.Claims) {
		r.Header.Set(name, value)
	}
	r.Header.Del("Authorization") // no service ever sees a token
	r.Header.Del("DPoP")
}

// limitKey names the caller for its rate limit: the device, else who it acts as.
func limitKey(access *token.Access) string {
	if access.DeviceID != "" {
		return access.DeviceID
	}
	return access.Subject
}
