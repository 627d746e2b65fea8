package risk

import (
	"slices"

	"florin/domain/money"
)

// Exemptions are the bounds of what may go ahead on a weak session. They are law and no
// policy: whatever an engine allows still needs one of them.
//
// Why each bound is an amount of a currency: the law says thirty euros (RTS art. 16), not
// thirty of anything. Thirty dinars are more, and what thirty euros are in dinars changes
// by the day, so a bank says what it takes for them. Where it says nothing, no amount is
// of low value, and each one is too much for a payee who is still cooling off.
type Exemptions struct {
	LowValue []money.Amount // up to this a payment is exempt as one of low value
	NewPayee []money.Amount // above this one to a payee who is still cooling off is confirmed
}

// Of is the exemption that spares a payment its strong authentication; "": none, and
// then reason says why. An own account needs no strong session, nor does a trusted
// payee; what is exempt for its low risk alone does.
func (e Exemptions) Of(facts Facts) (exemption, reason string) {
	switch {
	case facts.Own:
		return OwnAccounts, ""
	case facts.Payee.Trusted:
		return TrustedPayee, ""
	case upTo(facts.Amount, e.LowValue):
		return LowValue, ""
	case Strength(facts.ACR) < StrengthMFA:
		return "", ReasonWeakSession
	case facts.Payee.Known && !upTo(facts.Amount, e.NewPayee):
		return "", ReasonNewPayee
	}
	return LowRisk, ""
}

// upTo tells whether a bound of the amount's currency is kept; where there is none, it
// is not.
func upTo(amount money.Amount, bounds []money.Amount) bool {
	return slices.ContainsFunc(bounds, func(most money.Amount) bool { return most.Currency == amount.Currency && amount.Minor <= most.Minor })
}

// Hundredths is an amount in hundredths of its currency's unit, as features have it:
// what is less is dropped. known is false for a currency that nobody knows.
func Hundredths(amount money.Amount) (hundredths int64, known bool) {
	digits, ok := amount.Currency.Digits()
	minor := amount.Minor
	for ; digits > 2; digits-- {
		minor /= 10
	}
	for ; digits < 2; digits++ {
		minor *= 10
	}
	return minor, ok
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
