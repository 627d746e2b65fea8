package gateway

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"florin/domain/risk"
	"florin/domain/session"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

// Route is one row of the table: what a request has to bring, and who answers.
type Route struct {
	Method, Path string
	Handle       func(http.ResponseWriter, *http.Request) error
	Request      reflect.Type // the command (schemas.Commands), by its body or form; nil: nothing is changed
	Response     reflect.Type // of the JSON answer; nil: none, or not JSON
	Takes        string       // media type of the body; "": application/json
	Gives        []string     // media types of the answer; none: application/json
	Query        []string     // parameters of the query that its document cannot read from the handler's own code

	Open   bool          // nobody has to show who they are; a login's rate applies
	Page   problem.Page  // shows errors to a person; nil: they are not for persons
	OAuth  bool          // errors as RFC 6749 has them; the body, if any, is a form
	Scopes []string      // any one of them suffices; none: any valid token
	ACR    string        // at least this strong, and
	MaxAge time.Duration // not longer ago than this; 0: however long ago
	Keyed  bool          // an Idempotency-Key is needed
	Signed bool          // the proof signs body and key
	Acts   bool          // only for customers in good standing: money, accounts
	OwnApp bool          // not for third parties, whatever their scope
	Agreed bool          // a third party signs it with its own key, for what a customer has agreed to

	Share float64 // the part of the caller's rate (an open row: of the login's) that may go here; 0: all of it
	limit *buckets
	mute  bool // its command may be given without a body: nothing in it has to be said
}

var jsonOnly = []string{"application/json"}

const eventStream = "text/event-stream"

const formType = "application/x-www-form-urlencoded"

// row makes the route's handler: everything that stands between router and service.
func (d *door) row(row Route) http.Handler {
	row.limit = d.limitOf(row)
	row.mute = row.Request != nil && schemas.Mute(row.Request)
	guarded := func(w http.ResponseWriter, r *http.Request) error {
		routed(r)
		admitted, err := d.admits(w, r, row)
		if err != nil {
			return err
		}
		return row.Handle(w, admitted)
	}
	if slices.Contains(row.Gives, eventStream) {
		guarded = d.whileServing(guarded)
	}
	if row.OAuth {
		return problem.OAuthHandler(func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("DPoP-Nonce", d.proofs.Nonce())
			return guarded(w, r)
		})
	}
	if row.Page != nil {
		return problem.PageHandler(guarded, row.Page)
	}
	return problem.Handler(guarded)
}

// whileServing ends a request when the process is about to.
func (d *door) whileServing(handle problem.Handler) problem.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(d.serving, cancel)()
		return handle(w, r.WithContext(ctx))
	}
}

func (d *door) admit(w http.ResponseWriter, r *http.Request, row Route) (*http.Request, error) {
	if err := mediaTypes(r, row); err != nil {
		return nil, err
	}
	visit := visitOf(r.Context())
	call := service.Call{Caller: d.stranger(r), Body: visit.body}
	if row.Open {
		w.Header().Set("DPoP-Nonce", d.proofs.Nonce())
		if err := d.loginLimited(w, r, row); err != nil {
			return nil, err
		}
	} else {
		access, proof, err := d.proven(w, r, row)
		if err != nil {
			return nil, err
		}
		d.identified(r, &call, access, proof)
		visit.caller = call.Caller
		if err := signed(r, row, proof, visit.body); err != nil {
			return nil, err
		}
		identityOnto(r, access)
	}
	if row.Keyed {
		key, err := idempotencyKey(r)
		if err != nil {
			return nil, err
		}
		call.Key = key
	}
	visit.caller = call.Caller
	return r.WithContext(service.With(r.Context(), call)), nil
}

// identified says in a call who asks.
func (d *door) identified(r *http.Request, call *service.Call, access *token.Access, proof *token.Proof) {
	call.Caller = d.callerOf(r, access)
	call.ExpiresAt, call.FreshSCA = time.Unix(access.ExpiresAt, 0).UTC(), d.fresh(access, least(access, problem.StrongACR), problem.Fresh)
	if proof != nil {
		call.Proof = proof.Raw
	}
}

// proven finds out who asks and whether they may ask this.
func (d *door) proven(w http.ResponseWriter, r *http.Request, row Route) (*token.Access, *token.Proof, error) {
	access, proof, err := d.who(w, r)
	if err != nil {
		return nil, nil, err
	}
	if err := d.callerLimited(w, access, row); err != nil {
		return nil, nil, err
	}
	return access, proof, d.permitted(access, row)
}

// permitted tells whether who is known may ask this, with this authentication.
func (d *door) permitted(access *token.Access, row Route) error {
	if err := scoped(access, row.Scopes); err != nil {
		return err
	}
	if thirdParty(access) && (row.OwnApp || row.Signed && !row.Agreed) {
		// A third party's key is no device of the customer's: what has to be signed
		// by one is not for it, whatever its scope.
		return problem.InsufficientScope.Challenged("scope", "devices.manage")
	}
	if row.Acts && !access.Customer.IsZero() && d.guards.limited(access.Customer) {
		return problem.CustomerLimited
	}
	return d.strong(access, row)
}

func mediaTypes(r *http.Request, row Route) error {
	gives := row.Gives
	if len(gives) == 0 {
		gives = jsonOnly
	}
	if err := wire.Gives(r, gives...); err != nil {
		return err
	}
	body := len(visitOf(r.Context()).body) > 0
	switch {
	case (row.OAuth || row.Page != nil) && row.Method == http.MethodPost:
		return wire.Takes(r, formType)
	case row.Takes != "":
		return wire.Takes(r, row.Takes)
	case row.Request != nil && row.Request.NumField() > 0 && (body || !row.mute):
		return wire.Takes(r, "application/json")
	case body && r.Method == http.MethodPost: // a command without content may still send {}
		return wire.Takes(r, "application/json")
	case body:
		return problem.BadRequest.With("This request takes no body.")
	}
	return nil
}

func scoped(access *token.Access, scopes []string) error {
	for _, scope := range scopes {
		if access.Covers(scope) {
			return nil
		}
	}
	if len(scopes) == 0 {
		return nil
	}
	return problem.InsufficientScope.Challenged("scope", scopes[0])
}

// least is how strong an authentication has to be for this caller. Operators and
// machines that come for themselves authenticate by their key for every token: that
// is as strong as their registration asks for, and what counts is that it was within
// the route's max_age. They need another token, not a step-up.
func least(access *token.Access, acr string) string {
	if access.Customer.IsZero() && access.ACR == session.ACRKey {
		return session.ACRKey
	}
	return acr
}

// strong asks for a step-up (RFC 9470) where the session is too weak or too old.
func (d *door) strong(access *token.Access, row Route) error {
	acr := least(access, row.ACR)
	if row.ACR == "" || d.fresh(access, acr, row.MaxAge) {
		return nil
	}
	return problem.StepUpNeeded.Challenged("acr_values", acr, "max_age", strconv.Itoa(int(row.MaxAge.Seconds())))
}

// fresh tells whether the token's authentication is at least this strong and not
// longer ago than maxAge. An acr outside the order is as strong as itself alone.
func (d *door) fresh(access *token.Access, acr string, maxAge time.Duration) bool {
	if maxAge > 0 && d.now().Sub(time.Unix(access.AuthTime, 0)) > maxAge {
		return false
	}
	return access.ACR == acr || risk.Strength(acr) > risk.StrengthNone && risk.Strength(access.ACR) >= risk.Strength(acr)
}

// idempotencyKey reads the one header: visible ASCII, so that it means the same
// in a log, a digest and a client.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) != 1 || values[0] == "" || len(values[0]) > 128 {
		return "", problem.KeyRequired
	}
	for _, c := range []byte(values[0]) {
		if c <= ' ' || c > '~' {
			return "", problem.KeyRequired
		}
	}
	return values[0], nil
}

// signed checks the request's signature: where the row asks for one, and wherever
// a proof claims to be one.
func signed(r *http.Request, row Route, proof *token.Proof, body []byte) error {
	if !row.Signed && proof.ContentDigest == "" && proof.IdempotencyKey == "" {
		return nil
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	switch err := proof.SignedFor(body, key); err {
	case nil:
		return nil
	case token.ErrUnsigned:
		return problem.SignatureNeeded
	default:
		visitOf(r.Context()).why = token.Why(err)
		return problem.InvalidProof.Challenged()
	}
}
