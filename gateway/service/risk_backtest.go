package service

import (
	"net/http"
	"time"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/wire"
	"florin/projections"
)

// backtestQuestion is POST /v1/risk/backtests. It is no command: nothing comes of it.
// A policy is given by its file or by the digest of one that the bank knows.
type backtestQuestion struct {
	Policy string    `json:"policy,omitzero"`
	Digest string    `json:"digest,omitzero"`
	From   time.Time `json:"from,omitzero"` // by the decisions' own time; not said: from the first
	To     time.Time `json:"to,omitzero"`   // exclusive; not said: to the last
}

// RiskBacktestAnswer is how well a policy and the live one tell fraud among the decisions
// of a time.
type RiskBacktestAnswer struct {
	Policy  string `json:"policy_digest"`
	Against string `json:"against_digest"`
	commands.RiskBacktested
}

// Bounds of a back-test that is waited for. Longer ones are run on the host.
const (
	backtestDecisionsMax = 50_000
	backtestEventsMax    = 1_000_000
	backtestExamples     = 5
)

// errBacktest: too much to wait for.
var errBacktest = &domain.Refusal{Class: domain.Refused, Code: "backtest-too-large",
	Detail: "A back-test over HTTP takes in 50,000 decisions within a million events at most; ask for a shorter time."}

// Backtest has the decisions of a time made again by a policy and by the live one, each
// of what was known then.
func (s RiskDecisions) Backtest(w http.ResponseWriter, r *http.Request) error {
	call := CallOf(r.Context())
	body, err := wire.Decode[backtestQuestion](call.Body)
	if err != nil {
		return err
	}
	tried, err := s.tried(r, body)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "risk"); err != nil {
		return err
	}
	if err := s.look(r, "risk-backtest", id.Customer{}); err != nil {
		return err
	}
	judges, err := s.Bank.Judges(r.Context())
	if err != nil {
		return err
	}
	answer := RiskBacktestAnswer{Policy: tried.Digest, Against: judges.Live.Digest}
	span, err := s.Reads.RiskSpan(r.Context(), projections.RiskFilter{From: body.From, To: body.To})
	if err != nil {
		return err
	}
	if span.Decisions > backtestDecisionsMax || span.Last-span.First > backtestEventsMax {
		return errBacktest
	}
	ask := commands.RiskBacktest{Log: s.Log, Treaty: s.Treaty, Policy: tried.Engine, Live: judges.Live.Engine, From: body.From, To: body.To,
		After: max(span.First, 1) - 1, Until: max(span.Last, 1), Examples: backtestExamples}
	if ask.Labels, err = commands.FraudsFound(r.Context(), s.Log, s.Treaty, 0); err != nil {
		return err
	}
	if answer.RiskBacktested, err = ask.Run(r.Context()); err != nil {
		return err
	}
	return wire.OK(w, answer)
}

func (s RiskDecisions) tried(r *http.Request, body backtestQuestion) (commands.Judge, error) {
	if (body.Policy == "") == (body.Digest == "") {
		return commands.Judge{}, commands.ErrOnePolicy
	}
	if body.Digest != "" {
		return s.Bank.Judge(r.Context(), body.Digest)
	}
	file, err := s.Bank.RiskPolicies().Read(body.Policy)
	return commands.Judge{Digest: file.Digest(), Engine: file.Engine()}, err
}
