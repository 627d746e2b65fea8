package transfer

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one transfer. The set is sealed by transferEvent.
type Event interface {
	domain.Event
	transferEvent()
}

type (
	// Initiated: somebody asked for money to move. Original is set on a reversal,
	// which is a transfer of its own, asked by an operator.
	Initiated struct {
		Transfer  id.Transfer     `json:"transfer"`
		Customer  id.Customer     `json:"customer,omitzero"` // whose money it is asked of
		From      id.Account      `json:"from"`
		To        id.Account      `json:"to"`
		Amount    money.Amount    `json:"amount"`
		Reference domain.Evidence `json:"reference,omitzero"`
		Original  id.Transfer     `json:"original,omitzero"`
		Device    id.Device       `json:"device,omitzero"`
		Session   id.Session      `json:"session,omitzero"`
		Evidence  Signed          `json:"evidence,omitzero"`
		TokenID   string          `json:"jti,omitempty"`
		At        time.Time       `json:"at"`
	}
	// Assessed: risk has said what may happen.
	Assessed struct {
		Outcome   Outcome   `json:"outcome"`
		Score     int64     `json:"score"`               // milli-log-odds
		Policy    string    `json:"policy"`              // its name or digest
		Exemption string    `json:"exemption,omitempty"` // from strong authentication, when it is allowed without
		Reasons   []string  `json:"reasons,omitempty"`   // codes
		At        time.Time `json:"at"`
	}
	// Batched: it is one of a batch's, and posted or rejected with all of them.
	Batched struct {
		Batch id.Batch  `json:"batch"`
		At    time.Time `json:"at"`
	}
	// PayeeNamed: the creditor is one of the customer's payees. Trusted: for so long
	// that a payment may be spared the challenge (PSD2 RTS art. 13).
	PayeeNamed struct {
		Payee   id.Payee  `json:"payee"`
		Trusted bool      `json:"trusted,omitempty"`
		SavedAt time.Time `json:"saved_at"`
		At      time.Time `json:"at"`
	}
	// Consented: a third party asked, and the customer had agreed to this payment on
	// a page of the bank's own, which named amount and payee. With a Basis that yes is
	// the payment's strong authentication, as a challenge answered would be.
	Consented struct {
		Consent  id.Consent `json:"consent"`
		Client   id.Client  `json:"client"`
		Basis    string     `json:"basis,omitempty"` // ByConsent; "": the customer still has to confirm
		ACR      string     `json:"acr"`             // of the login in which it was agreed
		AMR      []string   `json:"amr"`
		AuthTime time.Time  `json:"auth_time"`
		At       time.Time  `json:"at"`
	}
	// Challenged: the funds are held until the customer confirms what Display says.
	Challenged struct {
		Challenge id.Challenge    `json:"challenge"`
		Nonce     string          `json:"nonce"`
		Methods   []string        `json:"methods"`
		Display   domain.Evidence `json:"display,omitzero"` // Statement.Text, verbatim
		ExpiresAt time.Time       `json:"expires_at"`
		At        time.Time       `json:"at"`
	}
	// AuthorisationFailed: an answer to the challenge did not prove consent.
	AuthorisationFailed struct {
		Challenge id.Challenge `json:"challenge"`
		Method    string       `json:"method"`
		At        time.Time    `json:"at"`
	}
	// Authorised: the customer has confirmed the statement that was displayed.
	Authorised struct {
		Method    string          `json:"method"`
		Challenge id.Challenge    `json:"challenge"`
		Evidence  domain.Evidence `json:"evidence"` // the signed answer
		At        time.Time       `json:"at"`
	}
	// Posted: the money has moved along the legs.
	Posted struct {
		Legs money.Posting `json:"legs"`
		At   time.Time     `json:"at"`
	}
	// Rejected: a rule of money, limit, risk or authentication said no, for ever.
	Rejected struct {
		Code string    `json:"code"`
		At   time.Time `json:"at"`
	}
	// Expired: nobody confirmed in time.
	Expired struct {
		At time.Time `json:"at"`
	}
	// Cancelled: the customer withdrew it before it was executed.
	Cancelled struct {
		At time.Time `json:"at"`
	}
	// Reversed: another transfer has given Amount back.
	Reversed struct {
		Reversal id.Transfer  `json:"reversal"`
		Amount   money.Amount `json:"amount"`
		At       time.Time    `json:"at"`
	}
)

// Signed is what the customer's device signed, kept as evidence.
type Signed struct {
	Proof domain.Evidence `json:"proof,omitzero"` // the DPoP proof that covers the body
	Body  domain.Evidence `json:"body,omitzero"`  // the exact bytes
}

// ByConsent is the basis of a payment that the customer has confirmed on the
// bank's consent page: strong authentication with dynamic linking (PSD2 RTS art. 5).
const ByConsent = "consent"

// Outcome is what risk decides.
type Outcome string

const (
	Allow     Outcome = "allow"
	Challenge Outcome = "challenge"
	Hold      Outcome = "hold" // for a person's look
	Block     Outcome = "block"
)

func (Initiated) Kind() string           { return "transfer.initiated" }
func (Assessed) Kind() string            { return "transfer.assessed" }
func (Batched) Kind() string             { return "transfer.batched" }
func (PayeeNamed) Kind() string          { return "transfer.payee_named" }
func (Consented) Kind() string           { return "transfer.consented" }
func (Challenged) Kind() string          { return "transfer.challenged" }
func (AuthorisationFailed) Kind() string { return "transfer.authorisation_failed" }
func (Authorised) Kind() string          { return "transfer.authorised" }
func (Posted) Kind() string              { return "transfer.posted" }
func (Rejected) Kind() string            { return "transfer.rejected" }
func (Expired) Kind() string             { return "transfer.expired" }
func (Cancelled) Kind() string           { return "transfer.cancelled" }
func (Reversed) Kind() string            { return "transfer.reversed" }

func (Initiated) transferEvent()           {}
func (Assessed) transferEvent()            {}
func (Batched) transferEvent()             {}
func (PayeeNamed) transferEvent()          {}
func (Consented) transferEvent()           {}
func (Challenged) transferEvent()          {}
func (AuthorisationFailed) transferEvent() {}
func (Authorised) transferEvent()          {}
func (Posted) transferEvent()              {}
func (Rejected) transferEvent()            {}
func (Expired) transferEvent()             {}
func (Cancelled) transferEvent()           {}
func (Reversed) transferEvent()            {}
