package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/problem"
)

// Row 30, over every route: what changes factors, contacts, payees or a card's limits
// takes an elevation, and five minutes and a second after the last one it is asked for
// anew. (Whether a device is another's, and a limit wider, is judged behind the door:
// TestRow30StepUp, TestLimitsOfAnAccount.)
func TestRow30WhatGuardsIsChangedByAFreshLoginAlone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.pass(5*time.Minute + time.Second)
	require.NoError(t, s.anna.Refresh(t.Context()))
	written, asked := s.written(), 0
	s.each(t, func(t *testing.T, row Route, try try) {
		guards := strings.HasPrefix(row.Path, "/v1/factors") || strings.HasPrefix(row.Path, "/v1/payees") ||
			strings.HasPrefix(row.Path, "/v1/customers/me") || row.Path == "/v1/cards/{id}/limits"
		if guards && row.Method != http.MethodGet {
			require.Equal(t, problem.Fresh, row.MaxAge, "the route changes what guards")
		}
		if row.MaxAge == 0 || try.by != "customer" {
			return
		}
		asked++
		answer := s.ask(s.anna, row, try.path, try.body, nil)
		require.Equal(t, "insufficient-user-authentication", code(answer), "%s", answer.Body)
		require.Contains(t, answer.Header.Get("WWW-Authenticate"), `max_age="300"`)
	})
	require.NotZero(t, asked)
	require.Equal(t, written, s.written(), "none of it was done")
}
