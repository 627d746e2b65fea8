package directdebit

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one collection. The set is sealed by directDebitEvent.
type Event interface {
	domain.Event
	directDebitEvent()
}

type (
	// Received: a rail says that another bank collects.
	Received struct {
		DirectDebit  id.DirectDebit  `json:"direct_debit"`
		Rail         string          `json:"rail"`
		Reference    string          `json:"reference"`     // the rail's own name for it
		EndToEnd     domain.Evidence `json:"end_to_end"`    // the creditor's name for it
		Debtor       domain.Evidence `json:"debtor"`        // IBAN
		Creditor     domain.Evidence `json:"creditor"`      // IBAN
		CreditorName domain.Evidence `json:"creditor_name"` // and identifier:
		CreditorID   domain.Evidence `json:"creditor_id"`
		Mandate      domain.Evidence `json:"mandate_reference"`
		Sequence     string          `json:"sequence"` // FRST, RCUR, FNAL or OOFF
		Amount       money.Amount    `json:"amount"`
		Text         domain.Evidence `json:"text,omitzero"` // remittance
		At           time.Time       `json:"at"`
	}
	// Collected: the money has left the account.
	Collected struct {
		Account  id.Account  `json:"account"`
		Customer id.Customer `json:"customer"`
		Mandate  id.Mandate  `json:"mandate"`
		Journal  id.Journal  `json:"journal"`
		At       time.Time   `json:"at"`
	}
	// Refused: nothing was booked. Account is there if the number is one of the bank's.
	Refused struct {
		Account  id.Account  `json:"account,omitzero"`
		Customer id.Customer `json:"customer,omitzero"`
		Reason   string      `json:"reason"` // ISO 20022 ExternalReturnReason1Code
		At       time.Time   `json:"at"`
	}
	// Refunded: the customer has the money back, and the other bank owes it.
	Refunded struct {
		Refund  string          `json:"refund"` // our name for it on the rail
		Grounds Grounds         `json:"grounds"`
		By      id.Customer     `json:"by"`
		Proof   domain.Evidence `json:"proof,omitzero"`
		Body    domain.Evidence `json:"body,omitzero"`
		TokenID string          `json:"jti,omitempty"`
		Journal id.Journal      `json:"journal"`
		At      time.Time       `json:"at"`
	}
	// ClaimSettled: the other bank has given it back.
	ClaimSettled struct {
		Journal id.Journal `json:"journal"`
		At      time.Time  `json:"at"`
	}
	// ClaimDenied: it will not. The bank has lost the money.
	ClaimDenied struct {
		Reason  string     `json:"reason"`
		Journal id.Journal `json:"journal"`
		At      time.Time  `json:"at"`
	}
)

func (Received) Kind() string     { return "directdebit.received" }
func (Collected) Kind() string    { return "directdebit.collected" }
func (Refused) Kind() string      { return "directdebit.refused" }
func (Refunded) Kind() string     { return "directdebit.refunded" }
func (ClaimSettled) Kind() string { return "directdebit.claim_settled" }
func (ClaimDenied) Kind() string  { return "directdebit.claim_denied" }

func (Received) directDebitEvent()     {}
func (Collected) directDebitEvent()    {}
func (Refused) directDebitEvent()      {}
func (Refunded) directDebitEvent()     {}
func (ClaimSettled) directDebitEvent() {}
func (ClaimDenied) directDebitEvent()  {}
