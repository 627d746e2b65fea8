// Package risk says what a customer may do: go ahead, be asked to confirm, wait for a
// person's look, or not go on.
//
//	the log --> History --Look--> Vector --> Engine (a policy) --> score, outcome, reasons
//	outcome, Facts, Exemptions --> Assess --> allow | challenge | limit | hold | block
//
// Policies are data: a History of what was tried gives each attempt a Vector of
// features; an Engine, made of a Policy, adds up the weights of their bins, and rules
// and thresholds say what follows. What was said is kept as risk.assessed.
//
// It is a pure function of the policy, the history at a position of the log, what is
// asked, and its time: no clock, no map order, no floats, so a past decision can be
// recomputed from the log to the bit.
//
// Possession of the device's key is not strong authentication: a payment that goes
// ahead on it alone names the exemption it used (PSD2 RTS art. 13 to 18), and one
// that has none is confirmed. It must never allow because something failed.
package risk

import (
	"time"

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
	ReasonWeakSession  = "weak-session"
	ReasonNewPayee     = "payee-new"
)

// Facts is what decides whether a payment that risk allows needs strong authentication.
type Facts struct {
	Own       bool // both accounts are the customer's
	Confirmed bool // by its customer some time ago, strongly: by itself, or as one of many
	Amount    money.Amount
	ACR       string // of the session that asks; "" is the weakest
	Payee     Payee
}

// Payee is what the creditor is to the customer.
type Payee struct {
	Known   bool          // saved as a payee
	Trusted bool          // and past its cooling-off, under a name that was not another's
	Age     time.Duration // since it was saved
}

// Assessment is what becomes of a payment, and why.
type Assessment struct {
	Outcome   Outcome
	Score     int64    // milli-log-odds
	Policy    string   // digest
	Exemption string   // set if and only if Outcome is Allow and the customer has not confirmed it
	Reasons   []string // codes, in the order they were found
	Limit     Rung     // of outcome Limit
}

// Assess is what an engine's word on a payment amounts to: a yes without a named
// exemption, and a word that nobody knows, are challenges. What was confirmed already
// risk may only hold or block.
func (e Exemptions) Assess(d Decision, policy string, facts Facts) Assessment {
	said := Assessment{Outcome: d.Outcome, Score: d.Score, Policy: policy, Reasons: d.Reasons, Limit: d.Limit}
	switch {
	case severity(d.Outcome) < 0:
		return Assessment{Outcome: Challenge, Policy: policy, Reasons: []string{ReasonScorerFailed}}
	case facts.Confirmed && d.Outcome != Block && d.Outcome != Hold:
		said.Outcome = Allow
	case d.Outcome == Allow:
		reason := ""
		if said.Exemption, reason = e.Of(facts); said.Exemption == "" {
			said.Outcome, said.Reasons = Challenge, []string{reason}
		}
	}
	return said
}

// Failed is the decision of a scorer that could not make one: the customer confirms.
func Failed() Decision {
	return Decision{Outcome: Challenge, Reasons: []string{ReasonScorerFailed}}
}
