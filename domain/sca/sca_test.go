package sca_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/sca"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestOnlyTheDisplayedTextConfirms(t *testing.T) {
	t.Parallel()
	c := sca.Of(id.Named[id.Challenge]("c"), []string{"totp", "sca-key"}, domain.NewEvidence(`{"amount":"10.00"}`), noon, noon.Add(time.Minute))
	yes := sca.Answer{Method: "totp", Text: `{"amount":"10.00"}`, Proven: true}
	require.True(t, c.Confirmed(yes))
	for name, change := range map[string]func(*sca.Answer){
		"another text":                 func(a *sca.Answer) { a.Text = `{"amount":"11.00"}` },
		"another spelling":             func(a *sca.Answer) { a.Text += " " },
		"no text":                      func(a *sca.Answer) { a.Text = "" },
		"a method not offered":         func(a *sca.Answer) { a.Method = "passkey" },
		"no method":                    func(a *sca.Answer) { a.Method = "" },
		"a signature of nobody's":      func(a *sca.Answer) { a.Proven = false },
		"a text that nobody was shown": func(a *sca.Answer) { a.Text = "{}" },
	} {
		no := yes
		change(&no)
		require.False(t, c.Confirmed(no), name)
	}
	require.Equal(t, "other", c.Method(sca.Answer{Method: "<script>"}))
	require.Equal(t, "totp", c.Method(yes))
}

func TestAnErasedTextIsConfirmedByNothing(t *testing.T) {
	t.Parallel()
	c := sca.Of(id.Named[id.Challenge]("c"), []string{"totp"}, domain.Evidence{}, noon, noon.Add(time.Minute))
	require.False(t, c.Confirmed(sca.Answer{Method: "totp", Proven: true}))
}

func TestAChallengeWaitsForItsTime(t *testing.T) {
	t.Parallel()
	require.False(t, sca.Challenge{}.Waits(noon))
	c := sca.Of(id.Named[id.Challenge]("c"), nil, domain.NewEvidence("x"), noon, noon.Add(time.Minute))
	require.True(t, c.Waits(noon.Add(time.Minute-1)))
	require.False(t, c.Waits(noon.Add(time.Minute)), "not at its very end")
	over := false
	for range sca.FailuresMax - 1 {
		c, over = c.Failed()
		require.False(t, over)
	}
	_, over = c.Failed()
	require.True(t, over)
}
