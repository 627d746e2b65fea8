package gateway

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An account says of every entry what it was booked for, and who was at its other end:
// the payee, the payer, the collector or the shop.
func TestAnAccountSaysWhoWasPaidAndWhoPays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "1000.00"), h.account(bert, "")
	outside := func(path, body, name string) string {
		answer := h.command(anna, http.MethodPost, "/v1/sandbox"+path, []byte(body), anna.NewID())
		require.NoError(t, answer.OK(), "%s", answer.Body)
		return field[string](t, answer, name)
	}
	sent := h.transfer(anna, from, to, "1.00")
	paid, _ := h.pays(anna, pay(from, "2.00").called("Bob Builder"))
	h.works()
	h.paymentIs(anna, paid, "settled")
	outside("/payments/"+paid+"/return", `{"amount":"2.00","currency":"EUR","return":"r1","reason":"AC04"}`, "status")
	came := outside("/incoming-payments", fmt.Sprintf(`{"reference":"R1","to":%q,"from":%q,"name":"=1+1","amount":"3.00","currency":"EUR","text":"wages"}`, h.iban(anna, from), foreign), "incoming")
	taken := outside("/direct-debits", collected(collectionOf("TX-1", h.iban(anna, from), "4.00")), "direct_debit")
	require.NoError(t, h.refund(anna, taken, "no-reason").OK())
	bought := outside("/card-authorisations", fmt.Sprintf(`{"card":%q,"amount":"9.00","currency":"EUR","merchant":"Books & Co"}`, h.card(anna, from)), "authorisation")
	outside("/card-authorisations/"+bought+"/capture", `{"amount":"5.00","currency":"EUR"}`, "status")

	type entry struct {
		Purpose, Status, About string
		Name                   string `json:"counterparty_name"`
		IBAN                   string `json:"counterparty_iban"`
	}
	want := []entry{ // the oldest first
		{"deposit", "booked", "", "", ""},
		{"transfer", "booked", sent, "", ""},
		{"payment", "booked", paid, "Bob Builder", foreign},
		{"payment_return", "booked", paid, "Bob Builder", foreign},
		{"incoming_payment", "booked", came, "=1+1", foreign},
		{"direct_debit", "booked", taken, "Gas & Co", foreign},
		{"direct_debit_refund", "booked", taken, "Gas & Co", foreign},
		{"authorisation", "pending", bought, "Books & Co", ""},
		{"card_purchase", "booked", bought, "Books & Co", ""},
	}
	shown := field[[]entry](t, h.fresh(anna, "/v1/accounts/"+from+"/transactions"), "transactions")
	slices.Reverse(shown)
	require.Equal(t, want, shown)

	booked := slices.DeleteFunc(want, func(e entry) bool { return e.Status == "pending" })
	today := h.now().Format(time.DateOnly)
	path := "/v1/accounts/" + from + "/statement?from=" + today + "&to=" + today
	require.Equal(t, booked, field[[]entry](t, h.as(anna, path, "application/json"), "entries"))
	rows, err := csv.NewReader(bytes.NewReader(h.as(anna, path, "text/csv").Body)).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{came, "'=1+1", foreign}, rows[2+4][9:], "a payer's name is no formula")
	message := h.as(anna, path, "application/xml").Body
	validCamt(t, message)
	for _, part := range []string{"Dbtr(Pty(Nm)) DbtrAcct(Id(IBAN))", "Cdtr(Pty(Nm)) CdtrAcct(Id(IBAN))", "RltdPties(Cdtr(Pty(Nm)))"} {
		require.Contains(t, outline(t, message), part)
	}
	require.NotContains(t, string(h.fresh(bert, "/v1/accounts/"+to+"/transactions").Body), foreign)
	h.sound()
}
