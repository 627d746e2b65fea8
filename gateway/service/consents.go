package service

import (
	"net/http"
	"strings"
	"time"

	"florin/domain/id"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/projections"
)

// Consents serves /v1/consents: what a customer has agreed to with third parties.
type Consents struct{ Desk }

// ConsentAnswer is a consent on the wire. Details are those of RFC 9396 as the
// customer was shown them; Transfer is the payment that was made of them.
type ConsentAnswer struct {
	Consent    id.Consent      `json:"consent_id"`
	Client     id.Client       `json:"client"`
	ClientName string          `json:"client_name"`
	Status     string          `json:"status"` // granted, active, expired or ended
	Scopes     []string        `json:"scopes"`
	Details    []token.Payment `json:"authorization_details,omitempty"`
	Transfer   id.Transfer     `json:"transfer,omitzero"`
	Session    id.Session      `json:"session_id,omitzero"`
	GrantedAt  time.Time       `json:"granted_at"`
	ExpiresAt  time.Time       `json:"expires_at,omitzero"`
	EndedAt    time.Time       `json:"ended_at,omitzero"`
	Reason     string          `json:"reason,omitzero"` // of the end
}

// ConsentList is a page of consents.
type ConsentList struct {
	Consents []ConsentAnswer `json:"consents"`
}

// List is the caller's own consents, ended ones too.
func (s Consents) List(w http.ResponseWriter, r *http.Request) error {
	page, err := s.page(r, "consents")
	if err != nil {
		return err
	}
	after, err := marked[id.Consent](page)
	if err != nil {
		return err
	}
	if err := s.fresh(r, "consents"); err != nil {
		return err
	}
	rows, err := s.Reads.ConsentsOf(r.Context(), CallOf(r.Context()).Caller.Customer, after, page.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, page.limit)
	if more {
		page.next(w, r, s.Cursors, last.Consent.String())
	}
	list := ConsentList{Consents: make([]ConsentAnswer, 0, len(rows))}
	for _, row := range rows {
		answer, err := s.consentOf(r, row)
		if err != nil {
			return err
		}
		list.Consents = append(list.Consents, answer)
	}
	return wire.OK(w, list)
}

func (s Consents) consentOf(r *http.Request, row projections.Consent) (ConsentAnswer, error) {
	name, err := s.Bank.Clients().Name(r.Context(), row.Client)
	answer := ConsentAnswer{
		Consent: row.Consent, Client: row.Client, ClientName: name, Status: row.Status, Scopes: strings.Fields(row.Scopes),
		Details: token.WritePayment(row.Payment, row.Debtor), Transfer: row.Transfer, Session: row.Session,
		GrantedAt: row.GrantedAt, ExpiresAt: row.ExpiresAt, EndedAt: row.EndedAt, Reason: row.Reason,
	}
	if row.Status == projections.ConsentActive && !s.Bank.Sources().Now().Before(row.ExpiresAt) {
		answer.Status = "expired"
	}
	return answer, err
}

// Revoke takes a consent of the caller's back; its tokens are refused when it answers.
func (s Consents) Revoke(w http.ResponseWriter, r *http.Request) error {
	asked, err := pathID[id.Consent](r)
	if err != nil {
		return err
	}
	outcome, err := s.Bank.Consents().Revoke(r.Context(), s.order(r, CallOf(r.Context())), asked, "revoked-by-customer")
	if err != nil {
		return refused(w, outcome, err)
	}
	if err := s.settled(r, outcome); err != nil {
		return err
	}
	answered(w, outcome)
	return wire.OK(w, EndedAnswer{Consent: asked, Status: "revoked"})
}
