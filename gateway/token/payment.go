package token

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json"

	"florin/domain"
	"florin/domain/consent"
	"florin/domain/id"
	"florin/domain/money"
)

// Payment is the one type of authorization_details (RFC 9396 section 2.2), with
// the member names of the RFC's own example.
type Payment struct {
	Type      string   `json:"type"` // payment_initiation
	Amount    Sum      `json:"instructedAmount"`
	Debtor    *Debtor  `json:"debtorAccount,omitzero"`
	Creditor  string   `json:"creditorName"`
	Account   Creditor `json:"creditorAccount"`
	Reference string   `json:"remittanceInformationUnstructured,omitzero"`
}

// Sum is an amount as http-api.md writes it.
type Sum struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Debtor names the account that pays, one of this bank's. Without it any account
// of the customer's may.
type Debtor struct {
	Account id.Account `json:"account"`
}

// Creditor names an account: an IBAN, or one of this bank's. One of the two.
type Creditor struct {
	IBAN    string `json:"iban,omitzero"`
	Account string `json:"account,omitzero"`
}

// PaymentType is the type member of a Payment.
const PaymentType = "payment_initiation"

var errPayment = errors.New("token: authorization_details are not one payment")

// ReadPayment reads authorization_details: exactly one payment, and not a member
// that is not understood (RFC 9396 section 5), for the customer could not have
// agreed on it.
func ReadPayment(text string) (payment consent.Payment, debtor id.Account, err error) {
	var list []Payment
	if err := json.Unmarshal([]byte(text), &list, json.RejectUnknownMembers(true)); err != nil || len(list) != 1 {
		return payment, debtor, errPayment
	}
	p := list[0]
	amount, err := money.Parse(p.Amount.Amount, money.Currency(p.Amount.Currency))
	account, named := p.Account.named()
	if err != nil || !named || p.Type != PaymentType || p.Creditor == "" || p.Debtor != nil && p.Debtor.Account.IsZero() {
		return payment, debtor, errPayment
	}
	payment = consent.Payment{Amount: amount, CreditorName: domain.NewEvidence(p.Creditor), CreditorAccount: domain.NewEvidence(account)}
	if p.Reference != "" {
		payment.Reference = domain.NewEvidence(p.Reference)
	}
	if p.Debtor != nil {
		debtor = p.Debtor.Account
	}
	return payment, debtor, nil
}

func (c Creditor) named() (string, bool) {
	if c.Account != "" {
		_, err := id.Parse[id.Account](c.Account)
		return c.Account, err == nil && c.IBAN == ""
	}
	return c.IBAN, validIBAN(c.IBAN)
}

// WritePayment is what ReadPayment has read; nil for none, and for one whose
// personal data has been erased.
func WritePayment(p consent.Payment, debtor id.Account) []Payment {
	if p.IsZero() || p.CreditorName.Erased() {
		return nil
	}
	account := Creditor{IBAN: p.CreditorAccount.Reveal()}
	if strings.HasPrefix(account.IBAN, "acc_") {
		account = Creditor{Account: account.IBAN}
	}
	var from *Debtor
	if !debtor.IsZero() {
		from = &Debtor{debtor}
	}
	return []Payment{{
		Type: PaymentType, Debtor: from, Amount: Sum{p.Amount.Decimal(), string(p.Amount.Currency)}, Creditor: p.CreditorName.Reveal(),
		Account: account, Reference: p.Reference.Reveal(),
	}}
}

// validIBAN: ISO 13616 in its electronic form, no spaces, upper case, and the
// remainder of ISO 7064 MOD 97-10 is 1.
func validIBAN(iban string) bool {
	if len(iban) < 15 || len(iban) > 34 || strings.Trim(iban[:2], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || strings.Trim(iban[2:4], "0123456789") != "" {
		return false
	}
	remainder := 0
	for _, c := range []byte(iban[4:] + iban[:4]) {
		switch {
		case c >= '0' && c <= '9':
			remainder = (remainder*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			remainder = (remainder*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return remainder == 1
}
