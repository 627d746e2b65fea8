package notification

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"florin/domain/money"
)

// Category groups what customers are told by what they may choose about it.
type Category string

const (
	Security Category = "security" // who gets in, and by what: cannot be switched off
	Account  Category = "account"  // what the bank does with accounts, or for the customer
	Payments Category = "payments" // money that came or went
	Cards    Category = "cards"
)

// Categories lists them all, sorted.
func Categories() []Category { return []Category{Account, Cards, Payments, Security} }

// Languages lists those that there are texts in. The first one is told to whoever
// has chosen none.
func Languages() []string { return []string{"en", "de", "fr"} }

// categories says of each template what it belongs to. Those of codes and of what
// waits for an answer this minute belong nowhere: they are sent to whoever asked, and
// have no place in an inbox.
var categories = map[string]Category{
	"activated": Account, "restricted": Account, "transfer-reversed": Account,
	"account-frozen": Account, "account-unfrozen": Account, "account-closed": Account, "account-overdrawn": Account,

	"transfer-received": Payments, "transfer-sent": Payments, "transfer-challenged": Payments, "transfer-scheduled": Payments, "transfer-rejected": Payments, "transfer-expired": Payments, "transfer-dropped": Payments, "transfer-held": Payments, "transfer-stopped": Payments,
	"account-credited": Payments, "account-debited": Payments,
	"mandate-granted": Payments, "mandate-registered": Payments, "direct-debit-refused": Payments,

	"account-invited": Account, "holder-added": Account, "holder-removed": Account, "account-left": Account,
	"direct-debits-blocked": Account, "direct-debits-allowed": Account,
	"account-limits-changed": Account, "account-terms-announced": Account, "account-terms-withdrawn": Account, "hold-placed": Account, "hold-lifted": Account,

	"payment-sent": Payments, "payment-challenged": Payments, "payment-scheduled": Payments, "payment-delayed": Payments, "payment-rejected": Payments,
	"payment-returned": Payments, "payment-expired": Payments, "payment-dropped": Payments, "payment-held": Payments, "payment-stopped": Payments,
	"payment-recalled": Payments, "payment-recall-denied": Payments, "payment-recall-delayed": Payments,
	"payment-file-challenged": Payments, "payment-file-done": Payments, "payment-file-part": Payments, "payment-file-rejected": Payments, "payment-file-expired": Payments, "payment-file-dropped": Payments, "payment-file-stopped": Payments,
	"batch-challenged": Payments, "batch-executed": Payments, "batch-rejected": Payments, "batch-expired": Payments, "batch-dropped": Payments, "batch-held": Payments, "batch-stopped": Payments,
	"standing-order-challenged": Payments, "standing-order-rejected": Payments, "standing-order-expired": Payments, "standing-order-placed": Payments,
	"standing-order-failed": Payments, "standing-order-skipped": Payments, "standing-order-cancelled": Payments, "standing-order-ended": Payments,

	"card-ordered": Cards, "card-made": Cards, "card-frozen": Cards, "card-unfrozen": Cards, "card-limits-changed": Cards, "card-replaced": Cards,
	"card-closed": Cards, "card-used": Cards, "card-declined": Cards, "card-refunded": Cards, "payee-saved": Security,

	"device-bound": Security, "device-removed": Security, "device-lost": Security, "factor-added": Security, "factor-approved": Security,
	"factor-removed": Security, "password-changed": Security, "login-denied": Security, "contact-changed": Security, "contact-removed": Security,
	"attempts-own-device": Security, "attempts-elsewhere": Security, "attempts-recovery": Security, "session-misused": Security,
	"sending-limited": Security, "recovery-permitted": Security, "recovery-objected": Security, "recovered": Security, "unlocked": Security,
	"recovery-codes-made": Security, "recovery-code-used": Security,

	"approval-requested": "", "contact-code": "", "login-code": "", "recovery-code": "",

	"webhook-disabled": "", // of partners, who have no inbox
}

// CategoryOf is where a template belongs; "" of one that no inbox takes.
func CategoryOf(template string) Category { return categories[template] }

// Templates lists all that can be said, sorted.
func Templates() []string { return slices.Sorted(maps.Keys(categories)) }

// Text is what a template says in one language. None says who is told: a telephone
// lies on a table. Detail takes the place of Body in an inbox, which only its owner
// opens: it may hold amounts.
type Text struct {
	Title  string `json:"title"`
	Body   string `json:"body"`
	Detail string `json:"detail,omitempty"`
}

//go:embed texts/*.json
var files embed.FS

var texts = readTexts()

// readTexts panics for what a test has missed: a file of the binary's own.
func readTexts() map[string]map[string]Text {
	all := map[string]map[string]Text{}
	for _, language := range Languages() {
		data, err := files.ReadFile("texts/" + language + ".json")
		if err != nil {
			panic(fmt.Sprintf("notification: %v", err))
		}
		of := map[string]Text{}
		if err := json.Unmarshal(data, &of); err != nil {
			panic(fmt.Sprintf("notification: texts/%s.json: %v", language, err))
		}
		all[language] = of
	}
	return all
}

// Say gives a template's text in a language, in the first of Languages where there is
// none in that; not ok: there is no such template.
func Say(language, template string) (text Text, ok bool) {
	if text, ok = texts[language][template]; !ok {
		text, ok = texts[Languages()[0]][template]
	}
	return text, ok
}

// Message is the text of a message; code is the one-time password of one that has one.
func (t Text) Message(code string) string { return strings.ReplaceAll(t.Body, "{code}", code) }

// Entry is the text of an entry in an inbox, with the amount as people of the language
// write it; of one without an amount the Body.
func (t Text) Entry(language string, amount money.Amount) string {
	if t.Detail == "" || strings.Contains(t.Detail, "{amount}") && amount.Currency == "" {
		return t.Body
	}
	return strings.ReplaceAll(t.Detail, "{amount}", amount.Local(language))
}
