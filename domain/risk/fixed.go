package risk

import (
	"florin/domain/money"
)

// Fixed is the policy of two amounts, in whole units of the payment's currency
// (euros, yen): above ChallengeOver the customer confirms, up to LowValueMax the
// payment is exempt as one of low value. In between it goes ahead on a strong
// session and is confirmed on a weak one. To a trusted payee it needs no strong
// session; to a payee who is still cooling off it is confirmed above NewPayeeMax.
type Fixed struct {
	ChallengeOver int64
	LowValueMax   int64
	NewPayeeMax   int64
}

// FixedPolicy is its name in the log.
const FixedPolicy = "fixed-1"

// Score is the policy as a Scorer.
func (f Fixed) Score(facts Facts) (Assessment, error) {
	assessment := Assessment{Outcome: Challenge, Policy: FixedPolicy}
	switch {
	case facts.Own && !over(facts.Amount, f.ChallengeOver):
		assessment.Outcome, assessment.Exemption = Allow, OwnAccounts
	case over(facts.Amount, f.ChallengeOver):
		assessment.Reasons = []string{ReasonAmount}
	case facts.Payee.Trusted:
		assessment.Outcome, assessment.Exemption = Allow, TrustedPayee
	case !over(facts.Amount, f.LowValueMax):
		assessment.Outcome, assessment.Exemption = Allow, LowValue
	case Strength(facts.ACR) < StrengthMFA:
		assessment.Reasons = []string{ReasonWeakSession}
	case facts.Payee.Known && over(facts.Amount, f.NewPayeeMax):
		assessment.Reasons = []string{ReasonNewPayee}
	default:
		assessment.Outcome, assessment.Exemption = Allow, LowRisk
	}
	return assessment, nil
}

// over tells whether the amount is more than so many whole units. An unknown
// currency is over everything.
func over(amount money.Amount, units int64) bool {
	digits, ok := amount.Currency.Digits()
	if !ok {
		return true
	}
	for range digits {
		if units > money.MinorMax/10 {
			return false // more than any amount
		}
		units *= 10
	}
	return amount.Minor > units
}

// The order of authentication context classes (identity.md, Step-up).
const (
	StrengthNone = iota
	StrengthDevice
	StrengthMFA
	StrengthSCA
	StrengthSCAHardware
)

// Strength ranks an acr; an unknown one is as weak as none.
func Strength(acr string) int {
	switch acr {
	case "urn:florin:acr:device":
		return StrengthDevice
	case "urn:florin:acr:mfa":
		return StrengthMFA
	case "urn:florin:acr:sca":
		return StrengthSCA
	case "urn:florin:acr:sca-hw":
		return StrengthSCAHardware
	}
	return StrengthNone
}
