package payment

import (
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one payment. The set is sealed by paymentEvent.
type Event interface {
	domain.Event
	paymentEvent()
}

type (
	// Initiated: a customer asked for money to go to an account at another bank.
	Initiated struct {
		Payment      id.Payment      `json:"payment"`
		Customer     id.Customer     `json:"customer"`
		From         id.Account      `json:"from"`
		Creditor     domain.Evidence `json:"creditor"` // IBAN
		CreditorName domain.Evidence `json:"creditor_name"`
		Amount       money.Amount    `json:"amount"`
		Reference    domain.Evidence `json:"reference,omitzero"`
		Rail         string          `json:"rail"`
		Device       id.Device       `json:"device,omitzero"`
		Session      id.Session      `json:"session,omitzero"`
		Evidence     Signed          `json:"evidence,omitzero"`
		TokenID      string          `json:"jti,omitempty"`
		At           time.Time       `json:"at"`
	}
	// Filed: it is the payment of a file (Item-th, the first being 0), which tells of it.
	Filed struct {
		File id.PaymentFile `json:"payment_file"`
		Item int64          `json:"item"`
		At   time.Time      `json:"at"`
	}
	// Ordered: it is of a standing order (Occurrence-th, the first being 0), whose customer
	// confirmed the series.
	Ordered struct {
		Order      id.StandingOrder `json:"standing_order"`
		Occurrence int64            `json:"occurrence"`
		At         time.Time        `json:"at"`
	}
	// PayeeVerified: the creditor's bank was asked whose the account is (Regulation
	// (EU) 2024/886, verification of payee).
	PayeeVerified struct {
		Result Match           `json:"result"`
		Name   domain.Evidence `json:"name,omitzero"` // of the holder, where the name given was nearly it
		At     time.Time       `json:"at"`
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
	// Authorised: it may be submitted. Either the customer has confirmed the statement
	// that was displayed, or it needs no confirmation: then there is no method.
	Authorised struct {
		Method    string          `json:"method,omitempty"`
		Challenge id.Challenge    `json:"challenge,omitzero"`
		Evidence  domain.Evidence `json:"evidence,omitzero"` // the signed answer
		At        time.Time       `json:"at"`
	}
	// Submitted: the money has left the account and is in transit; the rail is told
	// what this says, under these names, until it answers.
	Submitted struct {
		Message  string     `json:"message"` // MsgId of the pacs.008, and TxId
		EndToEnd string     `json:"end_to_end"`
		Journal  id.Journal `json:"journal"`
		At       time.Time  `json:"at"`
	}
	// Accepted: the rail has taken it on.
	Accepted struct {
		At time.Time `json:"at"`
	}
	// InvestigationOpened: the rail has owed an answer since Since, which is too long.
	InvestigationOpened struct {
		Since time.Time `json:"since"`
		At    time.Time `json:"at"`
	}
	// Settled: the creditor's bank has the money.
	Settled struct {
		Journal id.Journal `json:"journal"`
		At      time.Time  `json:"at"`
	}
	// Rejected: a rule of the bank's said no, or the rail did. By the rail it has a
	// reason, and a journal entry that gives the money back.
	Rejected struct {
		Code    string     `json:"code"`
		Reason  string     `json:"reason,omitempty"` // ISO 20022 ExternalStatusReason1Code
		Journal id.Journal `json:"journal,omitzero"`
		At      time.Time  `json:"at"`
	}
	// Returned: the creditor's bank gave it back, perhaps less a charge.
	Returned struct {
		Return  string       `json:"return"` // the rail's name for the return
		Amount  money.Amount `json:"amount"`
		Reason  string       `json:"reason"` // ISO 20022 ExternalReturnReason1Code
		Journal id.Journal   `json:"journal"`
		At      time.Time    `json:"at"`
	}
	// Expired: nobody confirmed in time.
	Expired struct {
		At time.Time `json:"at"`
	}
	// Cancelled: the customer withdrew it before it was submitted.
	Cancelled struct {
		At time.Time `json:"at"`
	}
)

// Signed is what the customer's device signed, kept as evidence.
type Signed struct {
	Proof domain.Evidence `json:"proof,omitzero"` // the DPoP proof that covers the body
	Body  domain.Evidence `json:"body,omitzero"`  // the exact bytes
}

// Outcome is what risk decides.
type Outcome string

const (
	Allow     Outcome = "allow"
	Challenge Outcome = "challenge"
	Hold      Outcome = "hold" // for a person's look
	Block     Outcome = "block"
)

// Match is what the creditor's bank says of a name.
type Match string

const (
	Matches     Match = "match"
	AlmostMatch Match = "close-match"
	NoMatch     Match = "no-match"
	NotVerified Match = "unavailable" // nobody could say
)

func (Initiated) Kind() string           { return "payment.initiated" }
func (Filed) Kind() string               { return "payment.filed" }
func (Ordered) Kind() string             { return "payment.ordered" }
func (PayeeVerified) Kind() string       { return "payment.payee_verified" }
func (Assessed) Kind() string            { return "payment.assessed" }
func (Challenged) Kind() string          { return "payment.challenged" }
func (AuthorisationFailed) Kind() string { return "payment.authorisation_failed" }
func (Authorised) Kind() string          { return "payment.authorised" }
func (Submitted) Kind() string           { return "payment.submitted" }
func (Accepted) Kind() string            { return "payment.accepted" }
func (InvestigationOpened) Kind() string { return "payment.investigation_opened" }
func (Settled) Kind() string             { return "payment.settled" }
func (Rejected) Kind() string            { return "payment.rejected" }
func (Returned) Kind() string            { return "payment.returned" }
func (Expired) Kind() string             { return "payment.expired" }
func (Cancelled) Kind() string           { return "payment.cancelled" }

func (Initiated) paymentEvent()           {}
func (Filed) paymentEvent()               {}
func (Ordered) paymentEvent()             {}
func (PayeeVerified) paymentEvent()       {}
func (Assessed) paymentEvent()            {}
func (Challenged) paymentEvent()          {}
func (AuthorisationFailed) paymentEvent() {}
func (Authorised) paymentEvent()          {}
func (Submitted) paymentEvent()           {}
func (Accepted) paymentEvent()            {}
func (InvestigationOpened) paymentEvent() {}
func (Settled) paymentEvent()             {}
func (Rejected) paymentEvent()            {}
func (Returned) paymentEvent()            {}
func (Expired) paymentEvent()             {}
func (Cancelled) paymentEvent()           {}
