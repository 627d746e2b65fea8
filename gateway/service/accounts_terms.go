package service

import (
	"net/http"
	"time"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/wire"
	"florin/schemas"
)

// TermsAnswer is the version of its product that an account will be kept on: from the
// first of a month on, which is the next one, or the third one for worse terms.
type TermsAnswer struct {
	Account  id.Account        `json:"account"`
	Version  int64             `json:"version"`        // announced, or withdrawn
	From     string            `json:"from,omitzero"`  // 2026-04-01; none: it was withdrawn
	Worse    bool              `json:"worse,omitzero"` // in some respect than what holds now
	Position eventbus.Position `json:"position"`
	At       time.Time         `json:"at"`
}

// NextTerms are those that an account will be kept on.
type NextTerms struct {
	Version int64  `json:"product_version"`
	From    string `json:"from"` // 2026-04-01
}

// firstOf is the first day of a month.
func firstOf(month string) string {
	if month == "" {
		return ""
	}
	return month + "-01"
}

// AnnounceTerms moves an account to a newer version of its product.
func (s Accounts) AnnounceTerms(w http.ResponseWriter, r *http.Request) error {
	of, call, body, err := commandOn[schemas.AnnounceTerms](r)
	if err != nil {
		return err
	}
	order, err := s.reasoned(r, call, body.Reason)
	if err != nil {
		return err
	}
	announced, outcome, err := s.Bank.Accounts().AnnounceTerms(r.Context(), order, of, body.Version)
	if err != nil {
		return refused(w, outcome, err)
	}
	answered(w, outcome)
	return wire.OK(w, TermsAnswer{Account: announced.Account, Version: announced.Version, From: firstOf(announced.Month), Worse: announced.Worse,
		Position: outcome.Receipt.Last, At: announced.At})
}
