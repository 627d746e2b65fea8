package risk

import (
	"florin/domain/money"
)

// Exemptions are the bounds of what may go ahead on a weak session, in whole units of
// the payment's currency (euros, yen). They are law and no policy: whatever an engine
// allows still needs one of them.
type Exemptions struct {
	LowValueMax int64 // up to this a payment is exempt as one of low value
	NewPayeeMax int64 // above this one to a payee who is still cooling off is confirmed
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
	case !over(facts.Amount, e.LowValueMax):
		return LowValue, ""
	case Strength(facts.ACR) < StrengthMFA:
		return "", ReasonWeakSession
	case facts.Payee.Known && over(facts.Amount, e.NewPayeeMax):
		return "", ReasonNewPayee
	}
	return LowRisk, ""
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

// MinorOf is so many hundredths of a unit in minor units of a currency: what is less is
// dropped. Of a currency that nobody knows it is nothing.
func MinorOf(hundredths int64, currency money.Currency) int64 {
	digits, ok := currency.Digits()
	if !ok {
		return 0
	}
	for ; digits < 2; digits++ {
		hundredths /= 10
	}
	for ; digits > 2; digits-- {
		if hundredths > money.MinorMax/10 {
			return money.MinorMax
		}
		hundredths *= 10
	}
	return hundredths
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
