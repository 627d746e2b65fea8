package gateway

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/iban"
	"florin/gateway/phone"
)

// shownAccount is what the tests read of an account.
type shownAccount struct {
	Account, IBAN, BIC, Currency, Product, Status, Balance, Available, Held string
}

func read[T any](t testing.TB, a phone.Answer) (value T) {
	t.Helper()
	require.NoError(t, json.Unmarshal(a.Body, &value), "%s", a.Body)
	return value
}

func TestAnAccountHasAnIBAN(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	made := h.command(anna, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR"}`), "k")
	require.Equal(t, 201, made.Status, "%s", made.Body)
	opened := read[shownAccount](t, made)
	number, err := iban.Parse(opened.IBAN)
	require.NoError(t, err)
	require.Equal(t, "DE", number.Country())
	require.NoError(t, iban.BIC(opened.BIC))
	again := h.command(anna, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR"}`), "k")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, string(made.Body), string(again.Body))

	require.Equal(t, opened.IBAN, read[shownAccount](t, h.get(anna, "/v1/accounts/"+opened.Account)).IBAN)
	list := read[struct{ Accounts []shownAccount }](t, h.get(anna, "/v1/accounts"))
	require.Equal(t, opened.IBAN, list.Accounts[0].IBAN)
	require.Equal(t, 404, h.get(bert, "/v1/accounts/"+opened.Account).Status)
	other := read[shownAccount](t, h.command(bert, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR"}`), "k"))
	require.NotEqual(t, opened.IBAN, other.IBAN)
	require.NotContains(t, h.logged(), opened.IBAN)
	h.reopen()
	require.Equal(t, opened.IBAN, read[shownAccount](t, h.get(anna, "/v1/accounts/"+opened.Account)).IBAN)
}
