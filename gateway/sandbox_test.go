package gateway

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sandboxTries are those of what only a sandbox has. The time moves little, lest the
// tokens of the other tries end.
func (s *scene) sandboxTries() map[string]try {
	return map[string]try{
		"GET /v1/sandbox/clock":  {by: "nobody"},
		"POST /v1/sandbox/clock": {by: "customer", body: fmt.Sprintf(`{"to":%q}`, s.bank.Sources().Time().Add(100*time.Millisecond).Format(time.RFC3339Nano))},
	}
}

func TestTheBanksTimeIsMovedOverHTTP(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "9000.00"), h.account(bert, "")
	challenged := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "2000.00"), "c")
	require.Equal(t, 202, challenged.Status, "%s", challenged.Body)

	before := h.bank.Sources().Time()
	moved := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(`{"advance_seconds":7776000}`), "q")
	require.Equal(t, 200, moved.Status, "%s", moved.Body)
	require.Equal(t, int64(7776000), field[int64](t, moved, "ahead_seconds"))
	require.WithinDuration(t, before.Add(90*24*time.Hour), field[time.Time](t, moved, "bank_time"), time.Minute)
	read := h.ask(h.phone(), Route{Method: http.MethodGet}, "/v1/sandbox/clock", "", nil)
	require.Equal(t, field[time.Time](t, moved, "bank_time").Truncate(time.Second), field[time.Time](t, read, "bank_time").Truncate(time.Second))

	late := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "t1")
	require.Equal(t, "invalid-token", code(late), "a token of three months ago")
	h.login(anna) // with a proof, a registration and a one-time password of the world's time
	again := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(`{"advance_seconds":7776000}`), "q")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"), "%s", again.Body)
	require.Equal(t, int64(7776000), field[int64](t, h.get(anna, "/v1/sandbox/clock"), "ahead_seconds"), "moved once")

	h.settle()
	require.Equal(t, "expired", field[string](t, h.get(anna, "/v1/transfers/"+field[string](t, challenged, "transfer")), "status"))
	posted := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "t2")
	require.Equal(t, 201, posted.Status, "%s", posted.Body)
	require.WithinDuration(t, before.Add(90*24*time.Hour), field[time.Time](t, posted, "at"), time.Hour)

	for body, says := range map[string]string{
		`{"to":"2020-01-01T00:00:00Z"}`: "clock-backwards", `{"advance_seconds":-1}`: "clock-backwards", `{"advance_seconds":9223372036854775807}`: "clock-too-far",
		`{"to":"2027-01-01T00:00:00Z","advance_seconds":1}`: "bad-request", `{"to":"tomorrow"}`: "bad-json", `{"advance_seconds":1.5}`: "bad-json",
	} {
		answer := h.command(anna, http.MethodPost, "/v1/sandbox/clock", []byte(body), anna.NewID())
		require.Equal(t, says, code(answer), "%s: %d", body, answer.Status)
	}
	h.reopen()
	require.Equal(t, int64(7776000), field[int64](t, h.ask(h.phone(), Route{Method: http.MethodGet}, "/v1/sandbox/clock", "", nil), "ahead_seconds"), "after a restart")
}

func TestProductionHasNoSandbox(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	desk := h.machine("ledger", "ledger.post").login()
	nothing := h.ask(desk, Route{Method: http.MethodGet}, "/v1/nothing", "", nil)
	for _, try := range []struct{ method, path, body string }{
		{http.MethodGet, "/v1/sandbox/clock", ""}, {http.MethodPost, "/v1/sandbox/clock", `{"advance_seconds":1}`}, {http.MethodGet, "/v1/sandbox", ""},
	} {
		answer := h.ask(desk, Route{Method: try.method, Keyed: try.body != ""}, try.path, try.body, nil)
		require.Equal(t, 404, answer.Status, "%s %s", try.method, try.path)
		require.Equal(t, string(nothing.Body), string(answer.Body))
	}
	require.Zero(t, h.bank.Clocks().Read().Ahead)
}
