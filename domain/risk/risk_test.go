package risk_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/money"
	"florin/domain/risk"
)

const (
	weak   = "urn:florin:acr:device"
	strong = "urn:florin:acr:mfa"
)

var exemptions = risk.Exemptions{LowValueMax: 30, NewPayeeMax: 200}

func TestWhatRiskAllowsNeedsAnExemption(t *testing.T) {
	t.Parallel()
	known, trusted := risk.Payee{Known: true}, risk.Payee{Known: true, Trusted: true}
	for _, tc := range []struct {
		name      string
		minor     int64
		currency  money.Currency
		acr       string
		own       bool
		payee     risk.Payee
		exemption string // "" means challenged
		reason    string
	}{
		{"low value on a strong session", 3000, "EUR", strong, false, risk.Payee{}, risk.LowValue, ""},
		{"low value on a weak session is still exempt", 3000, "EUR", weak, false, risk.Payee{}, risk.LowValue, ""},
		{"a cent more on a strong session", 3001, "EUR", strong, false, risk.Payee{}, risk.LowRisk, ""},
		{"a cent more on a weak session", 3001, "EUR", weak, false, risk.Payee{}, "", risk.ReasonWeakSession},
		{"a cent more on no session", 3001, "EUR", "", false, risk.Payee{}, "", risk.ReasonWeakSession},
		{"an unknown class is weak", 3001, "EUR", "urn:florin:acr:super", false, risk.Payee{}, "", risk.ReasonWeakSession},
		{"own accounts on a weak session", 100000, "EUR", weak, true, risk.Payee{}, risk.OwnAccounts, ""},
		{"yen have no cents", 31, "JPY", weak, false, risk.Payee{}, "", risk.ReasonWeakSession},
		{"yen of low value", 30, "JPY", weak, false, risk.Payee{}, risk.LowValue, ""},
		{"dinars have three digits", 30000, "KWD", weak, false, risk.Payee{}, risk.LowValue, ""},
		{"an unknown currency is never small", 1, "XXX", weak, false, risk.Payee{}, "", risk.ReasonWeakSession},
		{"a trusted payee on a weak session", 100000, "EUR", weak, false, trusted, risk.TrustedPayee, ""},
		{"a new payee up to the limit", 20000, "EUR", strong, false, known, risk.LowRisk, ""},
		{"and over it", 20001, "EUR", strong, false, known, "", risk.ReasonNewPayee},
		{"a new payee on a weak session", 3001, "EUR", weak, false, known, "", risk.ReasonWeakSession},
		{"a new payee of low value", 3000, "EUR", weak, false, known, risk.LowValue, ""},
	} {
		got := exemptions.Assess(risk.Decision{Outcome: risk.Allow, Score: -5}, "p", risk.Facts{Own: tc.own, Amount: money.Amount{Minor: tc.minor, Currency: tc.currency}, ACR: tc.acr, Payee: tc.payee})
		want := risk.Assessment{Outcome: risk.Allow, Score: -5, Policy: "p", Exemption: tc.exemption}
		if tc.exemption == "" {
			want.Outcome, want.Reasons = risk.Challenge, []string{tc.reason}
		}
		require.Equal(t, want, got, tc.name)
	}
}

func TestNoExemptionStandsAgainstRisk(t *testing.T) {
	t.Parallel()
	cent := risk.Facts{Own: true, Amount: money.Amount{Minor: 1, Currency: "EUR"}, ACR: strong, Payee: risk.Payee{Known: true, Trusted: true}}
	confirmed := cent
	confirmed.Confirmed = true
	for _, outcome := range []risk.Outcome{risk.Challenge, risk.Limit, risk.Hold, risk.Block} {
		got := exemptions.Assess(risk.Decision{Outcome: outcome, Reasons: []string{"velocity"}}, "p", cent)
		require.Equal(t, risk.Assessment{Outcome: outcome, Policy: "p", Reasons: []string{"velocity"}}, got)
		got = exemptions.Assess(risk.Decision{Outcome: outcome}, "p", confirmed)
		require.Equal(t, outcome == risk.Block, got.Outcome == risk.Block, "what was confirmed may only be blocked")
		require.Empty(t, got.Exemption)
	}
}

func TestAScorerIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, said := range []risk.Decision{{}, {Outcome: "fine"}, risk.Failed()} {
		got := exemptions.Assess(said, "p", risk.Facts{Own: true})
		require.Equal(t, risk.Challenge, got.Outcome)
		require.Empty(t, got.Exemption)
		require.Equal(t, []string{risk.ReasonScorerFailed}, got.Reasons)
	}
}

func TestHundredths(t *testing.T) {
	t.Parallel()
	for currency, want := range map[money.Currency]int64{"EUR": 1234, "JPY": 123400, "KWD": 123} {
		got, known := risk.Hundredths(money.Amount{Minor: 1234, Currency: currency})
		require.True(t, known)
		require.Equal(t, want, got, currency)
	}
	_, known := risk.Hundredths(money.Amount{Minor: 1, Currency: "XXX"})
	require.False(t, known)
	most, _ := risk.Hundredths(money.Amount{Minor: money.MinorMax, Currency: "JPY"})
	require.Positive(t, most, "it does not run over")
}
