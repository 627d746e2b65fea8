package problem

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"florin/domain"
)

// OAuthError is an error of an OAuth endpoint (RFC 6749 section 5.2). Session
// and Next belong to the native login (draft-ietf-oauth-first-party-apps).
type OAuthError struct {
	Status      int            `json:"-"`
	Code        string         `json:"error"`
	Description string         `json:"error_description,omitempty"`
	Session     string         `json:"auth_session,omitempty"`
	Next        []string       `json:"next,omitempty"`
	Sends       []string       `json:"otp_send,omitempty"` // email, sms: by which next's otp_send can be asked for
	WebAuthn    jsontext.Value `json:"webauthn,omitempty"` // options for passkeys
	Number      string         `json:"number,omitempty"`   // to be shown: it is typed on the approving device
	Interval    int64          `json:"interval,omitzero"`  // seconds between two polls
	ExpiresIn   int64          `json:"expires_in,omitzero"`
	Header      http.Header    `json:"-"`
}

func (e *OAuthError) Error() string { return e.Code }

// Is makes an error with another description match.
func (e *OAuthError) Is(target error) bool {
	other, ok := target.(*OAuthError)
	return ok && other.Code == e.Code
}

// Heading adds a header to the answer.
func (e *OAuthError) Heading(name, value string) *OAuthError {
	changed := *e
	changed.Header = e.Header.Clone()
	if changed.Header == nil {
		changed.Header = http.Header{}
	}
	changed.Header.Set(name, value)
	return &changed
}

// Describe gives the error another sentence.
func (e *OAuthError) Describe(sentence string) *OAuthError {
	changed := *e
	changed.Description = sentence
	return &changed
}

// The errors of the registries: RFC 6749 section 5.2, RFC 9449 section 12.2.
var (
	OAuthInvalidRequest   = &OAuthError{Status: 400, Code: "invalid_request", Description: "A parameter is missing, repeated, unknown or malformed."}
	OAuthInvalidClient    = &OAuthError{Status: 401, Code: "invalid_client", Description: "Client authentication failed."}
	OAuthInvalidGrant     = &OAuthError{Status: 400, Code: "invalid_grant", Description: "The grant is invalid, expired, used, revoked or another client's."}
	OAuthUnsupportedGrant = &OAuthError{Status: 400, Code: "unsupported_grant_type"}
	OAuthUnsupportedType  = &OAuthError{Status: 400, Code: "unsupported_response_type"}
	OAuthInvalidScope     = &OAuthError{Status: 400, Code: "invalid_scope"}
	OAuthInvalidProof     = &OAuthError{Status: 400, Code: "invalid_dpop_proof", Description: "The DPoP proof is missing or does not fit this request."}
	OAuthNonceNeeded      = &OAuthError{Status: 400, Code: "use_dpop_nonce", Description: "Make the DPoP proof anew with the nonce of this answer."}
	oauthTemporarily      = &OAuthError{Status: 503, Code: "temporarily_unavailable"}
	oauthServerError      = &OAuthError{Status: 500, Code: "server_error"}
)

// oauthStatus holds the codes that a refusal of the commands may bear here; the
// status of all others is that of their class.
var oauthStatus = map[string]int{
	"invalid-client": 401, "invalid-grant": 400, "invalid-request": 400, "invalid-scope": 400,
	"unauthorized-client": 400, "unmet-authentication-requirements": 400, "unsupported-grant-type": 400, "access-denied": 400, "redirect-to-web": 400,
	"authorization-pending": 400, "insufficient-authorization": 400,
	"slow-down": 400, "invalid-binding-message": 400, "expired-token": 400, "invalid-session": 400, "invalid-authorization-details": 400, "invalid-request-uri": 400, "use-dpop-nonce": 400,
}

// OAuthHandler is a Handler whose errors are written as OAuth wants them.
type OAuthHandler func(http.ResponseWriter, *http.Request) error

func (h OAuthHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := h(w, r); err != nil {
		WriteOAuth(w, r, err)
	}
}

// WriteOAuth answers with the OAuth error that err stands for.
func WriteOAuth(w http.ResponseWriter, r *http.Request, err error) {
	oauth := ofOAuth(err)
	report, _ := r.Context().Value(reportKey{}).(*Report)
	note(r, report, &Fault{Status: oauth.Status, Code: oauth.Code}, err)
	head(w, &Fault{Header: oauth.Header})
	body, encodeErr := json.Marshal(oauth)
	if encodeErr != nil {
		body = []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(oauth.Status)
	_, _ = w.Write(body)
}

func ofOAuth(err error) *OAuthError {
	if oauth, ok := errors.AsType[*OAuthError](err); ok {
		return oauth
	}
	if refusal, ok := errors.AsType[*domain.Refusal](err); ok {
		return oauthOfRefusal(err, refusal)
	}
	fault := Of(err)
	oauth := &OAuthError{Status: fault.Status, Code: underscored(fault.Code), Description: fault.Detail, Header: fault.Header}
	switch {
	case fault.Status == http.StatusInternalServerError:
		return oauthServerError
	case fault.Status == http.StatusServiceUnavailable:
		oauth.Code = oauthTemporarily.Code
	case fault.Status < http.StatusInternalServerError && fault.Status != http.StatusTooManyRequests:
		oauth.Code = OAuthInvalidRequest.Code
	}
	return oauth
}

func oauthOfRefusal(err error, refusal *domain.Refusal) *OAuthError {
	status, listed := oauthStatus[refusal.Code]
	if !listed {
		status = classes[refusal.Class]
	}
	if status == 0 || refusal.Class == domain.Throttled {
		status = http.StatusTooManyRequests
	}
	oauth := &OAuthError{Status: status, Code: underscored(refusal.Code), Description: refusal.Detail}
	var delayed interface{ RetryAfter() time.Duration }
	if errors.As(err, &delayed) {
		oauth = oauth.Heading("Retry-After", seconds(delayed.RetryAfter()))
	} else if status == http.StatusTooManyRequests {
		oauth = oauth.Heading("Retry-After", "1")
	}
	return oauth
}

func underscored(code string) string { return strings.ReplaceAll(code, "-", "_") }
