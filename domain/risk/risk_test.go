package risk_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/money"
	"florin/domain/risk"
)

const (
	weak   = "urn:florin:acr:device"
	strong = "urn:florin:acr:mfa"
)

func TestFixedPolicy(t *testing.T) {
	t.Parallel()
	policy := risk.Fixed{ChallengeOver: 1000, LowValueMax: 30}
	for _, tc := range []struct {
		name      string
		minor     int64
		currency  money.Currency
		acr       string
		own       bool
		exemption string // "" means challenged
		reason    string
	}{
		{"low value on a strong session", 3000, "EUR", strong, false, risk.LowValue, ""},
		{"low value on a weak session is still exempt", 3000, "EUR", weak, false, risk.LowValue, ""},
		{"a cent more on a strong session", 3001, "EUR", strong, false, risk.LowRisk, ""},
		{"a cent more on a weak session", 3001, "EUR", weak, false, "", risk.ReasonWeakSession},
		{"a cent more on no session", 3001, "EUR", "", false, "", risk.ReasonWeakSession},
		{"an unknown class is weak", 3001, "EUR", "urn:florin:acr:super", false, "", risk.ReasonWeakSession},
		{"up to the amount", 100000, "EUR", strong, false, risk.LowRisk, ""},
		{"over the amount", 100001, "EUR", strong, false, "", risk.ReasonAmount},
		{"over the amount on the strongest session", 100001, "EUR", "urn:florin:acr:sca-hw", false, "", risk.ReasonAmount},
		{"own accounts on a weak session", 100000, "EUR", weak, true, risk.OwnAccounts, ""},
		{"own accounts over the amount", 100001, "EUR", strong, true, "", risk.ReasonAmount},
		{"yen have no cents", 1001, "JPY", strong, false, "", risk.ReasonAmount},
		{"yen up to the amount", 1000, "JPY", strong, false, risk.LowRisk, ""},
		{"dinars have three digits", 30000, "KWD", weak, false, risk.LowValue, ""},
		{"an unknown currency is never small", 1, "XXX", strong, true, "", risk.ReasonAmount},
	} {
		got := risk.Assess(policy.Score, risk.Facts{Own: tc.own, Amount: money.Amount{Minor: tc.minor, Currency: tc.currency}, ACR: tc.acr})
		want := risk.Assessment{Outcome: risk.Allow, Policy: risk.FixedPolicy, Exemption: tc.exemption}
		if tc.exemption == "" {
			want.Outcome, want.Reasons = risk.Challenge, []string{tc.reason}
		}
		require.Equal(t, want, got, tc.name)
	}
}

func TestFixedPolicyForPayees(t *testing.T) {
	t.Parallel()
	policy := risk.Fixed{ChallengeOver: 1000, LowValueMax: 30, NewPayeeMax: 200}
	known, trusted := risk.Payee{Known: true}, risk.Payee{Known: true, Trusted: true}
	for _, tc := range []struct {
		name      string
		minor     int64
		acr       string
		payee     risk.Payee
		exemption string // "" means challenged
		reason    string
	}{
		{"a trusted payee on a weak session", 100000, weak, trusted, risk.TrustedPayee, ""},
		{"but not over the amount", 100001, strong, trusted, "", risk.ReasonAmount},
		{"a new payee up to the limit", 20000, strong, known, risk.LowRisk, ""},
		{"and over it", 20001, strong, known, "", risk.ReasonNewPayee},
		{"on a weak session", 3001, weak, known, "", risk.ReasonWeakSession},
		{"of low value", 3000, weak, known, risk.LowValue, ""},
	} {
		got := risk.Assess(policy.Score, risk.Facts{Amount: money.Amount{Minor: tc.minor, Currency: "EUR"}, ACR: tc.acr, Payee: tc.payee})
		require.Equal(t, tc.exemption, got.Exemption, tc.name)
		if tc.reason != "" {
			require.Equal(t, []string{tc.reason}, got.Reasons, tc.name)
		}
	}
}

func TestNoLimitIsTooLarge(t *testing.T) {
	t.Parallel()
	policy := risk.Fixed{ChallengeOver: 1<<63 - 1}
	got := risk.Assess(policy.Score, risk.Facts{Amount: money.Amount{Minor: money.MinorMax, Currency: "EUR"}, ACR: strong})
	require.Equal(t, risk.Allow, got.Outcome)
}

func TestAScorerIsNotTrusted(t *testing.T) {
	t.Parallel()
	yes := risk.Assessment{Outcome: risk.Allow, Policy: "p", Exemption: risk.LowValue}
	for name, scorer := range map[string]risk.Scorer{
		"it fails":        func(risk.Facts) (risk.Assessment, error) { return yes, errors.New("no data") },
		"it panics":       func(risk.Facts) (risk.Assessment, error) { panic("out of range") },
		"it is missing":   nil,
		"it says nothing": func(risk.Facts) (risk.Assessment, error) { return risk.Assessment{}, nil },
		"it says what nobody knows": func(risk.Facts) (risk.Assessment, error) {
			return risk.Assessment{Outcome: "fine", Exemption: "x"}, nil
		},
		"its yes names no exemption": func(risk.Facts) (risk.Assessment, error) {
			return risk.Assessment{Outcome: risk.Allow}, nil
		},
	} {
		got := risk.Assess(scorer, risk.Facts{})
		require.Equal(t, risk.Challenge, got.Outcome, name)
		require.Empty(t, got.Exemption, name)
		require.Equal(t, []string{risk.ReasonScorerFailed}, got.Reasons, name)
	}
	block := risk.Assessment{Outcome: risk.Block, Policy: "p", Reasons: []string{"sanctioned"}}
	require.Equal(t, block, risk.Assess(func(risk.Facts) (risk.Assessment, error) { return block, nil }, risk.Facts{}))
	require.Equal(t, yes, risk.Assess(func(risk.Facts) (risk.Assessment, error) { return yes, nil }, risk.Facts{}))
}
