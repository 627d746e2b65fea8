package problem

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Fault is a refusal by the front door: it concerns the request as HTTP, or who
// sends it, and never reached a rule of the bank.
type Fault struct {
	Status int
	Code   string // kebab-case, listed in schemas/problems.json
	Detail string
	Header http.Header // sent with the answer, e.g. WWW-Authenticate
}

func (f *Fault) Error() string { return f.Code }

// Is makes a fault with another detail or header match the one it was made from.
func (f *Fault) Is(target error) bool {
	other, ok := target.(*Fault)
	return ok && other.Code == f.Code
}

// With gives the fault another sentence.
func (f *Fault) With(detail string) *Fault {
	return &Fault{f.Status, f.Code, detail, f.Header}
}

// After adds Retry-After (RFC 9110 section 10.2.3), in whole seconds, rounded up.
func (f *Fault) After(delay time.Duration) *Fault {
	return f.Heading("Retry-After", seconds(delay))
}

// Named gives the fault another code, for the log: where a page is shown again,
// the status alone says little.
func (f *Fault) Named(code string) *Fault { return &Fault{f.Status, code, f.Detail, f.Header} }

// Heading adds a header to the answer.
func (f *Fault) Heading(name, value string) *Fault {
	header := f.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	return &Fault{f.Status, f.Code, f.Detail, header}
}

var catalogue = map[string]*Fault{}

func fault(status int, code, detail string) *Fault {
	f := &Fault{Status: status, Code: code, Detail: detail}
	catalogue[code] = f
	return f
}

// Faults lists every fault of the front door, by code.
func Faults() []*Fault {
	return slices.SortedFunc(maps.Values(catalogue), func(a, b *Fault) int {
		switch {
		case a.Code < b.Code:
			return -1
		case a.Code > b.Code:
			return 1
		}
		return 0
	})
}

// What is wrong with the request as HTTP.
var (
	BadPath          = fault(400, "bad-path", "The path is not in its one canonical spelling.")
	BadRequest       = fault(400, "bad-request", "The request cannot be read.")
	BadFraming       = fault(400, "bad-framing", "Where the request ends can be read in more than one way, or in none.")
	BadJSON          = fault(400, "bad-json", "The body is not JSON as this endpoint reads it.")
	UnknownField     = fault(400, "unknown-field", "The body has a member that this endpoint does not know.")
	MissingField     = fault(400, "missing-field", "The body lacks a required member.")
	UnknownParameter = fault(400, "unknown-parameter", "The query has a parameter that this endpoint does not know, or has one twice.")
	BadParameter     = fault(400, "bad-parameter", "A query parameter cannot be read.")
	BadCursor        = fault(400, "bad-cursor", "The cursor was not given out for this list.")
	InvalidAmount    = fault(400, "invalid-amount", "The amount is not a decimal string with exactly the currency's digits.")
	KeyRequired      = fault(400, "idempotency-key-required", "This request needs one Idempotency-Key header of 1 to 128 visible ASCII characters.")
	SignatureNeeded  = fault(400, "signature-required", "The DPoP proof must carry content_digest and idempotency_key.")
	PositionAhead    = fault(400, "position-ahead", "The position lies beyond the head of the log.")
	NotFound         = fault(404, "not-found", "There is no such thing, or it is not yours.")
	MethodNotAllowed = fault(405, "method-not-allowed", "This resource does not take that method.")
	NotAcceptable    = fault(406, "not-acceptable", "The answer exists only as the media types of this endpoint.")
	CardDataRefused  = fault(400, "card-data-refused", "This may hold the number or the security code of a card. Take it out: cards are named by their crd_ identifiers.")
	RequestTimeout   = fault(408, "request-timeout", "The body did not arrive in time.")
	BodyTooLarge     = fault(413, "body-too-large", "The body is larger than 64 KiB.")
	QueryTooLong     = fault(414, "query-too-long", "The query is longer than 8 KiB.")
	WrongMediaType   = fault(415, "unsupported-media-type", "The body's media type or encoding is not read here.")
	ExpectationFails = fault(417, "expectation-failed", "The one expectation that is met here is 100-continue.")
	Misdirected      = fault(421, "misdirected-request", "This server does not answer for that host.")
	CodingUnknown    = fault(501, "transfer-coding-unknown", "Bodies come with a Content-Length or chunked, and in no other coding.")
	VersionUnknown   = fault(505, "http-version-unknown", "This server speaks HTTP/1.0, HTTP/1.1 and HTTP/2.")
	HeadersTooLarge  = fault(431, "headers-too-large", "The headers are larger than 32 KiB.")
)

// Who sends it, and how often.
var (
	InvalidToken      = fault(401, "invalid-token", "The access token is missing, expired, revoked or not for this bank.")
	InvalidProof      = fault(401, "invalid-dpop-proof", "The DPoP proof does not fit this request, token or key.")
	NonceNeeded       = fault(401, "use-dpop-nonce", "Make the DPoP proof anew with the nonce of this answer.")
	StepUpNeeded      = fault(401, "insufficient-user-authentication", "A stronger or fresher authentication is needed.")
	InsufficientScope = fault(403, "insufficient-scope", "The access token's scope does not cover this request.")
	CustomerLimited   = fault(403, "customer-limited", "This customer may look, but not act, until the bank's checks are done.")
	Inside            = fault(401, "internal-token", "Services answer the bank's own gateway alone.")
	ForeignOrigin     = fault(403, "foreign-origin", "Requests from other web origins are refused.")
	FormForeign       = fault(403, "form-foreign", "The form was not made for this browser, or its cookie is gone. Go back to the app that sent you here and begin again.")
	TooManyStreams    = fault(429, "too-many-streams", "This customer has as many streams open as there may be; end one of them.").After(time.Second)
	TooManyRequests   = fault(429, "too-many-requests", "Too many requests; wait as Retry-After says.")
)

// What the bank cannot do at present.
var (
	internal       = fault(500, "internal-error", "Something failed on our side. Nothing is known to have happened; retry with the same key.")
	OutcomeUnknown = fault(503, "outcome-unknown", "The log could not say yet what became of this. The same request with the same key will tell.").After(time.Second)
	Busy           = fault(503, "busy", "The bank is busy; retry with the same key.").After(time.Second)
	Unavailable    = fault(503, "unavailable", "This process has stopped serving; retry with the same key.").After(2 * time.Second)
	ReadBehind     = fault(503, "read-behind", "The read side has not reached the position yet; retry.").After(time.Second)
)

// Fresh is how long ago a strong authentication may be for changes of factors,
// devices, limits and payees (identity.md, Silent refresh).
const Fresh = 5 * time.Minute

// StrongACR is the least that such changes ask for.
const StrongACR = "urn:florin:acr:mfa"

// StepUp sends the caller to authenticate again for such a change (RFC 9470).
var StepUp = StepUpNeeded.Challenged("acr_values", StrongACR, "max_age", strconv.Itoa(int(Fresh.Seconds())))

// Challenged adds WWW-Authenticate: DPoP (RFC 9449 section 7.1, RFC 6750
// section 3, RFC 9470 section 3) with the fault's own code as the OAuth error;
// more are further parameters, name and value in turn. Values must hold neither
// quotes nor backslashes.
func (f *Fault) Challenged(more ...string) *Fault {
	value := `DPoP error="` + underscored(f.Code) + `"`
	for i := 0; i+1 < len(more); i += 2 {
		value += `, ` + more[i] + `="` + more[i+1] + `"`
	}
	if f.Status == http.StatusUnauthorized {
		value += `, algs="ES256"`
	}
	return f.Heading("WWW-Authenticate", value)
}
