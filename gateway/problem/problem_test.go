package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/projections"
)

type delayed struct{ *domain.Refusal }

func (d delayed) Unwrap() error             { return d.Refusal }
func (d delayed) RetryAfter() time.Duration { return 1500 * time.Millisecond }

func TestWhatBecomesOfErrors(t *testing.T) {
	t.Parallel()
	refusal := func(class domain.Class, code string) error {
		return fmt.Errorf("initiate: %w", &domain.Refusal{Class: class, Code: code, Detail: "No."})
	}
	for _, tc := range []struct {
		name   string
		err    error
		status int
		code   string
		after  string
	}{
		{"what can never succeed", refusal(domain.Invalid, "x-y"), 422, "x-y", ""},
		{"what is not there", refusal(domain.Missing, "not-found"), 404, "not-found", ""},
		{"what has moved on", refusal(domain.Conflict, "moved"), 409, "moved", ""},
		{"what is under way", refusal(domain.Conflict, "request-in-flight"), 409, "request-in-flight", "1"},
		{"what may not be", refusal(domain.Forbidden, "no"), 403, "no", ""},
		{"what a rule refuses", refusal(domain.Refused, "insufficient-funds"), 422, "insufficient-funds", ""},
		{"what cannot be read", refusal(domain.Malformed, "bad"), 400, "bad", ""},
		{"what comes too often", refusal(domain.Throttled, "slow"), 429, "slow", "1"},
		{"what says how long to wait", delayed{&domain.Refusal{Class: domain.Throttled, Code: "slow"}}, 429, "slow", "2"},
		{"what is erased", refusal(domain.Gone, "erased"), 410, "erased", ""},
		{"who is not shown", refusal(domain.Unproven, "who"), 401, "who", ""},
		{"a refusal without class", refusal(0, "x"), 500, "internal-error", ""},
		{"an unknown outcome", fmt.Errorf("wait: %w", &eventbus.UnknownOutcome{ID: uuid.New()}), 503, "outcome-unknown", "1"},
		{"a caller that left", context.Canceled, 503, "outcome-unknown", "1"},
		{"a full queue", eventbus.ErrBusy, 503, "busy", "1"},
		{"an engine that does not answer", eventbus.ErrUnavailable, 503, "busy", "1"},
		{"an ended generation", eventbus.ErrGeneration, 503, "busy", "1"},
		{"a stopped log", eventbus.ErrStopped, 503, "unavailable", "2"},
		{"a position beyond the head", eventbus.ErrAhead, 400, "position-ahead", ""},
		{"a read side that lags", fmt.Errorf("read: %w", projections.ErrBehind), 503, "read-behind", "1"},
		{"a read side that stopped", projections.ErrStopped, 503, "unavailable", "2"},
		{"a defect of ours", errors.New("pq: password=hunter2"), 500, "internal-error", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var report problem.Report
			r := httptest.NewRequest("GET", "/v1/accounts", nil)
			r = r.WithContext(problem.WithReport(r.Context(), &report))
			w := httptest.NewRecorder()
			problem.Handler(func(http.ResponseWriter, *http.Request) error { return tc.err }).ServeHTTP(w, r)

			require.Equal(t, tc.status, w.Code)
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
			require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			require.Equal(t, tc.after, w.Header().Get("Retry-After"))
			var doc problem.Document
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
			require.Equal(t, tc.code, doc.Code)
			require.Equal(t, "/problems/"+tc.code, doc.Type)
			require.Equal(t, tc.status, doc.Status)
			require.NotContains(t, w.Body.String(), "hunter2")
			require.Equal(t, tc.code, report.Code)
			require.Equal(t, tc.status >= 500, report.Failure != nil, "only failures are logged, and once")
		})
	}
}

func TestOAuthErrorsReadAsTheirRFCs(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err    error
		status int
		code   string
	}{
		{problem.OAuthInvalidRequest, 400, "invalid_request"},
		{&domain.Refusal{Class: domain.Unproven, Code: "invalid-client"}, 401, "invalid_client"},
		{&domain.Refusal{Class: domain.Unproven, Code: "invalid-grant"}, 400, "invalid_grant"},
		{&domain.Refusal{Class: domain.Forbidden, Code: "access-denied"}, 400, "access_denied"},
		{&domain.Refusal{Class: domain.Throttled, Code: "access-denied"}, 429, "access_denied"},
		{problem.WrongMediaType, 415, "invalid_request"},
		{&eventbus.UnknownOutcome{}, 503, "temporarily_unavailable"},
		{errors.New("hunter2"), 500, "server_error"},
	} {
		r, w := httptest.NewRequest("POST", "/oauth2/token", nil), httptest.NewRecorder()
		r = r.WithContext(problem.WithReport(r.Context(), &problem.Report{}))
		problem.OAuthHandler(func(http.ResponseWriter, *http.Request) error { return tc.err }).ServeHTTP(w, r)
		require.Equal(t, tc.status, w.Code, tc.code)
		require.Equal(t, "application/json", w.Header().Get("Content-Type"))
		require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
		var doc struct{ Error string }
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
		require.Equal(t, tc.code, doc.Error)
		require.NotContains(t, w.Body.String(), "hunter2")
	}
}

func TestChallengesNameTheScheme(t *testing.T) {
	t.Parallel()
	fault := problem.StepUpNeeded.Challenged("acr_values", "urn:florin:acr:sca", "max_age", "300")
	require.Equal(t, `DPoP error="insufficient_user_authentication", acr_values="urn:florin:acr:sca", max_age="300", algs="ES256"`,
		fault.Header.Get("WWW-Authenticate"))
	require.Empty(t, problem.StepUpNeeded.Header, "the fault itself is not changed")
	require.ErrorIs(t, fault, problem.StepUpNeeded)
}
