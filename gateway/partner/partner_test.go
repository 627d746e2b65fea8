package partner

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/gateway/outbound"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestAnAttemptSaysWhyItWasInVain(t *testing.T) {
	t.Parallel()
	stalled := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is a caller who leaves noticed
		<-r.Context().Done()
	}))
	t.Cleanup(stalled.Close)
	answering := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		t.Cleanup(server.Close)
		return server.URL
	}
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	near, public := New(outbound.New(outbound.Internet(), true)), New(outbound.New(outbound.Internet(), false))
	for name, tc := range map[string]struct {
		sender *Sender
		url    string
		secret string
		status int64
		reason string
	}{
		"taken":                        {near, answering(202), secret, 202, ""},
		"an error of the partner's":    {near, answering(500), secret, 500, "status"},
		"a redirect is no answer":      {near, answering(307), secret, 307, "status"},
		"a partner who never answers":  {near, stalled.URL, secret, 0, "timeout"},
		"a partner who is not there":   {near, gone.URL, secret, 0, "unreachable"},
		"an address inside the bank":   {public, answering(200), secret, 0, "address-refused"},
		"a secret that nobody can use": {near, answering(200), "whsec_%", 0, "secret-unusable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			status, reason := tc.sender.Post(ctx, commands.WebhookCall{ID: "dlv_1", URL: tc.url, Secrets: []string{tc.secret}, At: time.Unix(1_767_355_200, 0), Body: []byte("{}")})
			require.Equal(t, []any{tc.status, tc.reason}, []any{status, reason})
		})
	}
}
