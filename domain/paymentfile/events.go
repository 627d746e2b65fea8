package paymentfile

import (
	"encoding/json"
	"time"

	"florin/domain"
	"florin/domain/id"
	"florin/domain/money"
)

// Event is a fact about one file. The set is sealed by fileEvent.
type Event interface {
	domain.Event
	fileEvent()
}

// Item is one payment of a file. The payments are streams of their own, named by the
// file and their place in it.
type Item struct {
	EndToEnd     domain.Evidence // the customer's name for it
	Creditor     domain.Evidence // IBAN
	CreditorName domain.Evidence
	Amount       money.Amount
	Reference    domain.Evidence
	Payee        string          // what the creditor's bank said of the name; "": nobody asked
	PayeeName    domain.Evidence // that it has, if it said so
	Refused      string          // the code of what is wrong with it as it was sent; "": nothing
}

// line is an item as the list has it. Why the list is one sealed text: its payments
// are read together or not at all, and one seal costs less than four hundred.
type line struct {
	EndToEnd     string       `json:"end_to_end"`
	Creditor     string       `json:"creditor"`
	CreditorName string       `json:"creditor_name"`
	Amount       money.Amount `json:"amount"`
	Reference    string       `json:"reference,omitempty"`
	Payee        string       `json:"payee,omitempty"`
	PayeeName    string       `json:"payee_name,omitempty"`
	Refused      string       `json:"refused,omitempty"`
}

// List is what an event keeps of the items.
func List(items []Item) domain.Evidence {
	lines := make([]line, len(items))
	for i, item := range items {
		lines[i] = line{item.EndToEnd.Reveal(), item.Creditor.Reveal(), item.CreditorName.Reveal(), item.Amount, item.Reference.Reveal(), item.Payee, item.PayeeName.Reveal(), item.Refused}
	}
	text, err := json.Marshal(lines)
	if err != nil {
		panic("paymentfile: a list of strings always marshals: " + err.Error())
	}
	return domain.NewEvidence(string(text))
}

// Items are the payments of the file; of one that is erased there are none.
func (s Submitted) Items() (items []Item) {
	var lines []line
	if err := json.Unmarshal([]byte(s.List.Reveal()), &lines); err != nil {
		return nil
	}
	for _, l := range lines {
		item := Item{EndToEnd: domain.NewEvidence(l.EndToEnd), Creditor: domain.NewEvidence(l.Creditor), CreditorName: domain.NewEvidence(l.CreditorName), Amount: l.Amount, Payee: l.Payee, Refused: l.Refused}
		if l.Reference != "" {
			item.Reference = domain.NewEvidence(l.Reference)
		}
		if l.PayeeName != "" {
			item.PayeeName = domain.NewEvidence(l.PayeeName)
		}
		items = append(items, item)
	}
	return items
}

type (
	// Submitted: a customer has sent a file.
	Submitted struct {
		File     id.PaymentFile  `json:"payment_file"`
		Customer id.Customer     `json:"customer"`
		From     id.Account      `json:"from"`
		Message  domain.Evidence `json:"message"` // the customer's name for it (MsgId)
		Group    domain.Evidence `json:"group"`   // and for what it holds (PmtInfId)
		Total    money.Amount    `json:"total"`
		Digest   string          `json:"digest"` // SHA-256 of its bytes, hex
		Count    int64           `json:"count"`
		List     domain.Evidence `json:"list"` // of its payments, see Items
		Device   id.Device       `json:"device,omitzero"`
		Session  id.Session      `json:"session,omitzero"`
		Proof    domain.Evidence `json:"proof,omitzero"`
		Body     domain.Evidence `json:"body,omitzero"` // the exact bytes
		TokenID  string          `json:"jti,omitempty"`
		At       time.Time       `json:"at"`
	}
	// Challenged: the customer has to confirm what Display says.
	Challenged struct {
		Challenge id.Challenge    `json:"challenge"`
		Nonce     string          `json:"nonce"`
		Methods   []string        `json:"methods"`
		Display   domain.Evidence `json:"display,omitzero"`
		ExpiresAt time.Time       `json:"expires_at"`
		At        time.Time       `json:"at"`
	}
	// AuthorisationFailed: an answer was no confirmation.
	AuthorisationFailed struct {
		Challenge id.Challenge `json:"challenge"`
		Method    string       `json:"method"`
		At        time.Time    `json:"at"`
	}
	// Authorised: the bank now makes each payment, whatever becomes of the others.
	Authorised struct {
		Challenge id.Challenge    `json:"challenge"`
		Method    string          `json:"method"`
		Evidence  domain.Evidence `json:"evidence,omitzero"`
		At        time.Time       `json:"at"`
	}
	// Completed: each payment has come to its end, Settled of them to that which was
	// wanted, and Failed not: refused, rejected by the rail, returned or withdrawn.
	Completed struct {
		Settled int64     `json:"settled"`
		Failed  int64     `json:"failed"`
		At      time.Time `json:"at"`
	}
	// Rejected: no payment is made, for ever.
	Rejected struct {
		Code string    `json:"code"`
		At   time.Time `json:"at"`
	}
	// Expired: nobody confirmed in time.
	Expired struct {
		At time.Time `json:"at"`
	}
	// Cancelled: the customer withdrew it.
	Cancelled struct {
		At time.Time `json:"at"`
	}
)

func (Submitted) Kind() string           { return "paymentfile.submitted" }
func (Challenged) Kind() string          { return "paymentfile.challenged" }
func (AuthorisationFailed) Kind() string { return "paymentfile.authorisation_failed" }
func (Authorised) Kind() string          { return "paymentfile.authorised" }
func (Completed) Kind() string           { return "paymentfile.completed" }
func (Rejected) Kind() string            { return "paymentfile.rejected" }
func (Expired) Kind() string             { return "paymentfile.expired" }
func (Cancelled) Kind() string           { return "paymentfile.cancelled" }

func (Submitted) fileEvent()           {}
func (Challenged) fileEvent()          {}
func (AuthorisationFailed) fileEvent() {}
func (Authorised) fileEvent()          {}
func (Completed) fileEvent()           {}
func (Rejected) fileEvent()            {}
func (Expired) fileEvent()             {}
func (Cancelled) fileEvent()           {}
