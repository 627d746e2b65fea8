// Package risk says what a payment may do: go ahead, be confirmed by the customer,
// or not happen.
//
//	facts --> Scorer (a policy) --> Assess --> allow | challenge | block
//
// And it scores by policies that are data: a History of what was tried gives each
// attempt a Vector of features; an Engine, made of a Policy, adds up the weights of
// their bins, and rules and thresholds say what follows. Payments are still decided
// by Fixed; Engines judge labelled transactions (package study).
//
//	attempts --> History --Look--> Vector --> Engine --> score, outcome, reasons
//
// It is a pure function of the policy and the facts: no clock, no map order, no
// floats, so a past decision can be recomputed from the log.
//
// Possession of the device's key is not strong authentication: a payment that goes
// ahead on it alone names the exemption it used (PSD2 RTS art. 13 to 18), and one
// that has none is confirmed. It must never allow because something failed.
package risk

import (
	"time"

	"florin/domain/id"
	"florin/domain/money"
)

// Outcome of an assessment.
type Outcome string

const (
	Allow     Outcome = "allow"
	Challenge Outcome = "challenge"
	Block     Outcome = "block"
)

// Exemptions from strong authentication.
const (
	OwnAccounts  = "own-accounts"              // RTS art. 15
	LowValue     = "low-value"                 // RTS art. 16
	LowRisk      = "transaction-risk-analysis" // RTS art. 18
	TrustedPayee = "trusted-payee"             // RTS art. 13
	Recurring    = "recurring"                 // RTS art. 14: of a series that was confirmed as a whole
)

// Reasons, as codes.
const (
	ReasonScorerFailed = "scorer-failed"
	ReasonAmount       = "amount-over-limit"
	ReasonWeakSession  = "weak-session"
	ReasonNewPayee     = "payee-new"
)

// Facts is all that a policy may look at.
type Facts struct {
	Customer id.Customer
	From, To id.Account
	Own      bool // both accounts are the customer's
	Amount   money.Amount
	ACR      string // of the session that asks; "" is the weakest
	Payee    Payee
}

// Payee is what the creditor is to the customer.
type Payee struct {
	Known   bool          // saved as a payee
	Trusted bool          // and past its cooling-off, under a name that was not another's
	Age     time.Duration // since it was saved
}

// Assessment is what a policy says, and why.
type Assessment struct {
	Outcome   Outcome
	Score     int64    // milli-log-odds
	Policy    string   // name or digest
	Exemption string   // set if and only if Outcome is Allow
	Reasons   []string // codes, in the order they were found
}

// Scorer is a policy at work. An error or a panic of it never lets a payment pass.
type Scorer func(Facts) (Assessment, error)

// Assess asks the scorer and distrusts it: a failure, an unknown outcome or a yes
// without a named exemption is a challenge.
func Assess(scorer Scorer, facts Facts) (assessment Assessment) {
	defer func() {
		if recover() != nil {
			assessment = distrust("")
		}
	}()
	assessment, err := scorer(facts)
	switch {
	case err != nil:
		return distrust(assessment.Policy)
	case assessment.Outcome == Allow && assessment.Exemption != "",
		assessment.Outcome == Challenge, assessment.Outcome == Block:
		return assessment
	}
	return distrust(assessment.Policy)
}

func distrust(policy string) Assessment {
	return Assessment{Outcome: Challenge, Policy: policy, Reasons: []string{ReasonScorerFailed}}
}
