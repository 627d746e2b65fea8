package token

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/require"
)

const goodPayment = `[{"type":"payment_initiation","instructedAmount":{"amount":"123.50","currency":"EUR"},"creditorName":"Merchant A",` +
	`"creditorAccount":{"iban":"DE02100100109307118603"},"remittanceInformationUnstructured":"Ref 17"}]`

func TestPaymentsAreReadStrictlyAndWrittenBack(t *testing.T) {
	t.Parallel()
	payment, debtor, err := ReadPayment(goodPayment)
	require.NoError(t, err)
	again, err := json.Marshal(WritePayment(payment, debtor), json.Deterministic(true))
	require.NoError(t, err)
	require.JSONEq(t, goodPayment, string(again))

	change := func(old, new string) string { return strings.Replace(goodPayment, old, new, 1) }
	ours := change(`{"iban":"DE02100100109307118603"}`, `{"account":"acc_0198f2a0-0000-7000-8000-0000000000aa"}`)
	payment, debtor, err = ReadPayment(ours)
	require.NoError(t, err)
	require.Equal(t, "acc_0198f2a0-0000-7000-8000-0000000000aa", WritePayment(payment, debtor)[0].Account.Account)
	require.Nil(t, WritePayment(payment, debtor)[0].Debtor, "any account of the customer's")

	named := change(`"creditorName"`, `"debtorAccount":{"account":"acc_0198f2a0-0000-7000-8000-0000000000bb"},"creditorName"`)
	payment, debtor, err = ReadPayment(named)
	require.NoError(t, err)
	again, err = json.Marshal(WritePayment(payment, debtor), json.Deterministic(true))
	require.NoError(t, err)
	require.JSONEq(t, named, string(again))

	for name, bad := range map[string]string{
		"nothing":                 ``,
		"an empty list":           `[]`,
		"an object":               goodPayment[1 : len(goodPayment)-1],
		"two payments":            `[` + goodPayment[1:len(goodPayment)-1] + `,` + goodPayment[1:],
		"another type":            change("payment_initiation", "account_information"),
		"another case":            change("creditorName", "CreditorName"),
		"an unknown member":       change(`"type"`, `"priority":"high","type"`),
		"a duplicate member":      change(`"type"`, `"creditorName":"B","type"`),
		"one digit too few":       change("123.50", "123.5"),
		"an exponent":             change("123.50", "1e2"),
		"a number":                change(`"123.50"`, `123.50`),
		"an unknown currency":     change("EUR", "XXQ"),
		"a bad checksum":          change("DE02", "DE03"),
		"an IBAN with spaces":     change("DE02100", "DE02 100"),
		"a homoglyph in the IBAN": change("DE02", "DЕ02"),
		"two accounts":            change(`{"iban"`, `{"account":"acc_0198f2a0-0000-7000-8000-0000000000aa","iban"`),
		"no account":              change(`"iban":"DE02100100109307118603"`, ``),
		"another's id":            change(`"iban":"DE02100100109307118603"`, `"account":"cus_0198f2a0-0000-7000-8000-0000000000aa"`),
		"nobody":                  change("Merchant A", ""),
		"an empty debtor":         change(`"creditorName"`, `"debtorAccount":{},"creditorName"`),
		"a debtor elsewhere":      change(`"creditorName"`, `"debtorAccount":{"iban":"DE02100100109307118603"},"creditorName"`),
		"something behind":        goodPayment + "[]",
	} {
		_, _, err := ReadPayment(bad)
		require.ErrorIs(t, err, errPayment, name)
	}
}

func FuzzReadPayment(f *testing.F) {
	f.Add(goodPayment)
	f.Add(`[{"type":`)
	f.Fuzz(func(t *testing.T, text string) {
		payment, debtor, err := ReadPayment(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(WritePayment(payment, debtor))
		require.NoError(t, err)
		same, from, err := ReadPayment(string(again))
		require.NoError(t, err)
		require.Equal(t, payment, same)
		require.Equal(t, debtor, from)
	})
}
