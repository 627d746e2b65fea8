package gateway

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// Group 12: a budget belongs to a customer. Counted by what was typed, there are as
// many budgets as spellings (CVE-2025-24806: name and mail; CVE-2026-47203: case).
func TestGroup12EverySpellingSpendsOneBudget(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	stranger := h.stranger()
	hashes := h.bank.PasswordHashes()
	spellings := []string{"anna", "ANNA", "anna@example.test", "Anna@Example.Test", "aNNa", "anna@EXAMPLE.test", "anna"}
	refused := 0
	for _, name := range spellings {
		answer := h.form(stranger, "/oauth2/challenge", begin(name, "wrong password entirely"))
		if answer.Status == http.StatusTooManyRequests {
			refused++
			require.NotEmpty(t, answer.Header.Get("Retry-After"), name)
			continue
		}
		require.Equal(t, "insufficient_authorization", code(answer), "%s: %s", name, answer.Body)
	}
	require.Equal(t, 2, refused, "five tries, however the name is written")
	require.EqualValues(t, 5, h.bank.PasswordHashes()-hashes, "and no password is looked at beyond them")
}

// Group 12: no other way in asks for the password once the budget is used up
// (CVE-2026-9798: a lock that one grant type did not look at).
func TestGroup12EveryWayInKeepsTheLock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.customer("anna")
	shop := h.thirdParty("shop", "openid", "accounts.read")
	page, own := h.browser().visit("shop", shop.push(wish("openid accounts.read"))), h.browser()
	own.send(http.MethodGet, accountPage, "")
	stranger := h.stranger()
	for range 6 {
		h.form(stranger, "/oauth2/challenge", begin("anna", "wrong password entirely"))
	}
	hashes := h.bank.PasswordHashes()
	page.submit("username", "anna", "password", password)
	own.act("username", "anna", "password", password)
	for name, b := range map[string]*browser{"a third party's page": page, "the bank's page": own} {
		require.Equal(t, http.StatusTooManyRequests, b.answer.StatusCode, "%s: %s", name, b.page)
		require.NotEmpty(t, b.answer.Header.Get("Retry-After"), name)
	}
	again := h.form(h.stranger(), "/oauth2/challenge", begin("anna", password))
	require.Equal(t, http.StatusTooManyRequests, again.Status, "another phone at the same place: %s", again.Body)
	require.Equal(t, hashes, h.bank.PasswordHashes(), "the right password is not looked at either")
}
