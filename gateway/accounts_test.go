package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

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

func acted(h *house, p *phone.Phone, account, act, body string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/accounts/"+account+"/"+act, []byte(body), p.NewID())
}

func TestAJointAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert, carl := h.customer("anna"), h.customer("bert"), h.customer("carl")
	joint, berts := h.account(anna, "1000.00"), h.account(bert, "")
	for _, p := range []*phone.Phone{anna, bert, carl} {
		h.login(p)
	}
	type invitation struct {
		Invitation, Account, Role, Status string
		UserName                          string `json:"user_name"`
		InvitedBy                         string `json:"invited_by"`
	}
	invite := func(by *phone.Phone, name, role string) phone.Answer {
		return acted(h, by, joint, "invitations", `{"user_name":"`+name+`","role":"`+role+`"}`)
	}
	made, ghost := invite(anna, "bert", "owner"), invite(anna, "nobody-at-all", "owner")
	require.Equal(t, 201, made.Status, "%s", made.Body)
	require.Equal(t, 201, ghost.Status, "a name that is nobody's gets the same answer")
	require.Len(t, ghost.Body, len(made.Body))
	waiting := read[struct{ Invitations []invitation }](t, h.get(bert, "/v1/invitations")).Invitations
	require.Len(t, waiting, 1)
	require.Equal(t, "Anna anna", waiting[0].InvitedBy)
	require.Empty(t, waiting[0].UserName)
	require.Equal(t, 404, h.get(bert, "/v1/accounts/"+joint).Status, "not yet")
	answer := `{"invitation":"` + waiting[0].Invitation + `"}`
	require.Equal(t, 404, acted(h, carl, joint, "holders", answer).Status, "another's invitation")
	joined := h.command(bert, http.MethodPost, "/v1/accounts/"+joint+"/holders", []byte(answer), "join")
	require.Equal(t, 201, joined.Status, "%s", joined.Body)
	again := h.command(bert, http.MethodPost, "/v1/accounts/"+joint+"/holders", []byte(answer), "join")
	require.Equal(t, string(joined.Body), string(again.Body))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))

	require.Equal(t, 201, invite(bert, "carl", "reader").Status)
	theirs := read[struct{ Invitations []invitation }](t, h.get(carl, "/v1/invitations")).Invitations
	require.Equal(t, 201, acted(h, carl, joint, "holders", `{"invitation":"`+theirs[0].Invitation+`"}`).Status)
	require.Empty(t, read[struct{ Invitations []invitation }](t, h.get(carl, "/v1/invitations")).Invitations)

	paid := h.command(bert, http.MethodPost, "/v1/transfers", order(joint, berts, "10.00"), bert.NewID())
	require.Equal(t, 201, paid.Status, "%s", paid.Body)
	refused := h.command(carl, http.MethodPost, "/v1/transfers", order(joint, berts, "10.00"), carl.NewID())
	require.Equal(t, 403, refused.Status)
	require.Equal(t, "account-read-only", code(refused))
	require.Equal(t, "account-read-only", code(invite(carl, "dora", "reader")))
	for path, body := range map[string]string{
		"/v1/cards":           fmt.Sprintf(`{"account":%q}`, joint),
		"/v1/standing-orders": fmt.Sprintf(`{"from":%q,"to":%q,"amount":"1.00","currency":"EUR","frequency":"monthly","first":"2099-01-01"}`, joint, berts),
		"/v1/batches":         fmt.Sprintf(`{"from":%q,"currency":"EUR","items":[{"to":%q,"amount":"1.00"},{"to":%q,"amount":"2.00"}]}`, joint, berts, berts),
		"/v1/payments":        fmt.Sprintf(`{"from":%q,"to":"DE89370400440532013000","name":"Shop","amount":"1.00","currency":"EUR"}`, joint),
	} {
		looks := h.command(carl, http.MethodPost, path, []byte(body), carl.NewID())
		require.Equal(t, []any{403, "account-read-only"}, []any{looks.Status, code(looks)}, "%s: %s", path, looks.Body)
	}
	for p, role := range map[*phone.Phone]string{anna: "owner", bert: "owner", carl: "reader"} {
		shown := h.get(p, "/v1/accounts/"+joint)
		require.Equal(t, role, field[string](t, shown, "role"))
		require.Equal(t, "990.00", field[string](t, shown, "balance"))
		require.Equal(t, 200, h.get(p, "/v1/accounts/"+joint+"/transactions").Status)
		require.Contains(t, string(h.get(p, "/v1/accounts").Body), joint)
		holders := read[struct {
			Holders []struct {
				Customer   string `json:"customer_id"`
				Name, Role string
			}
			Invitations []invitation
		}](t, h.get(p, "/v1/accounts/"+joint+"/holders"))
		require.Len(t, holders.Holders, 3)
		require.Equal(t, "Anna bert", holders.Holders[1].Name)
		if role == "owner" {
			require.Equal(t, "nobody-at-all", holders.Invitations[0].UserName, "an owner sees who was asked")
		} else {
			require.Empty(t, holders.Invitations)
		}
	}
	carls := `{"holder":"` + carl.Profile().Customer + `"}`
	require.Equal(t, "first-holder", code(acted(h, bert, joint, "holders/removal", `{"holder":"`+anna.Profile().Customer+`"}`)))
	require.Equal(t, "account-read-only", code(acted(h, carl, joint, "holders/removal", `{"holder":"`+bert.Profile().Customer+`"}`)))
	require.Equal(t, 200, acted(h, bert, joint, "holders/removal", carls).Status)
	gone, unknown := h.get(carl, "/v1/accounts/"+joint), h.get(carl, "/v1/accounts/acc_00000000-0000-4000-8000-000000000001")
	require.Equal(t, 404, gone.Status)
	require.Equal(t, string(unknown.Body), string(gone.Body), "byte for byte")
	require.NotContains(t, string(h.get(carl, "/v1/accounts").Body), joint)
	require.Equal(t, 404, h.command(carl, http.MethodPost, "/v1/transfers", order(joint, berts, "10.00"), carl.NewID()).Status)
}

func TestOperatorsFreezeHoldAndClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	desk := h.operator("customers.manage", "ledger.post").login()
	from, to := h.account(anna, "100.00"), h.account(bert, "")
	h.login(anna)
	pay := func(amount string) string {
		return code(h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, amount), anna.NewID()))
	}
	frozen := acted(h, desk, from, "freeze", `{"reason":"court-order"}`)
	require.Equal(t, 200, frozen.Status, "%s", frozen.Body)
	require.Equal(t, "account-frozen", pay("1.00"))
	shown := h.get(anna, "/v1/accounts/"+from)
	require.Equal(t, "frozen", field[string](t, shown, "status"))
	require.Equal(t, "court-order", field[string](t, shown, "status_reason"), "the customer is shown why")
	require.Equal(t, "account-frozen", code(acted(h, desk, from, "freeze", `{"reason":"court-order"}`)))
	require.Equal(t, "invalid-reason", code(acted(h, desk, from, "unfreeze", `{"reason":"Because I say so"}`)))
	require.Equal(t, "insufficient-scope", code(acted(h, anna, from, "unfreeze", `{"reason":"mine"}`)))
	require.Equal(t, 200, acted(h, desk, from, "unfreeze", `{"reason":"court-order"}`).Status)
	require.Equal(t, "account-not-frozen", code(acted(h, desk, from, "unfreeze", `{"reason":"court-order"}`)))

	held := acted(h, desk, from, "holds", `{"amount":"60.00","currency":"EUR","reason":"dispute"}`)
	require.Equal(t, 201, held.Status, "%s", held.Body)
	require.Equal(t, "insufficient-funds", pay("40.01"))
	require.Equal(t, "", pay("40.00"))
	type hold struct{ Hold, Amount, Reason, Status string }
	holds := read[struct{ Holds []hold }](t, h.get(anna, "/v1/accounts/"+from+"/holds")).Holds
	require.Equal(t, []hold{{field[string](t, held, "hold"), "60.00", "dispute", "held"}}, holds)
	require.Equal(t, 404, h.get(bert, "/v1/accounts/"+from+"/holds").Status)
	entries := read[struct {
		Transactions []struct{ Purpose, Status, Amount, Reason string }
	}](t, h.get(anna, "/v1/accounts/"+from+"/transactions"))
	require.Contains(t, entries.Transactions, struct{ Purpose, Status, Amount, Reason string }{"hold", "pending", "-60.00", "dispute"})
	release := `{"hold":"` + holds[0].Hold + `","reason":"settled"}`
	require.Equal(t, "not-found", code(acted(h, desk, to, "holds/release", release)))
	require.Equal(t, 200, acted(h, desk, from, "holds/release", release).Status)
	require.Equal(t, "not-found", code(acted(h, desk, from, "holds/release", release)))
	require.Empty(t, read[struct{ Holds []hold }](t, h.get(anna, "/v1/accounts/"+from+"/holds")).Holds)

	require.Equal(t, "account-not-empty", code(acted(h, anna, from, "closure", `{"reason":"asked-for"}`)))
	require.Equal(t, "not-found", code(acted(h, bert, from, "closure", `{"reason":"asked-for"}`)))
	require.Equal(t, "", pay("60.00"))
	closed := h.command(anna, http.MethodPost, "/v1/accounts/"+from+"/closure", []byte(`{"reason":"asked-for"}`), "end")
	require.Equal(t, 200, closed.Status, "%s", closed.Body)
	require.Equal(t, string(closed.Body), string(h.command(anna, http.MethodPost, "/v1/accounts/"+from+"/closure", []byte(`{"reason":"asked-for"}`), "end").Body))
	require.Equal(t, "account-closed", pay("1.00"))
	acts := string(h.get(anna, "/v1/customers/me/acts").Body)
	for _, kind := range []string{"account.frozen", "account.unfrozen", "account.hold_placed", "account.hold_lifted"} {
		require.Contains(t, acts, kind, "a customer is shown what operators did")
	}
}

// In production a freeze is lifted by two.
func TestUnfreezingTakesTwo(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	olga, otto := h.person("olga", "teller"), h.person("otto", "teller")
	anna := h.enrolledBy(olga, "anna")
	require.Equal(t, 200, h.stand(olga, anna, "activation", `{"reason":"identity-checked"}`).Status)
	account := h.account(anna, "")
	require.Equal(t, 200, acted(h, olga, account, "freeze", `{"reason":"court-order"}`).Status)
	require.Equal(t, "invalid-reason", code(acted(h, olga, account, "unfreeze", `{"reason":"no order"}`)))
	asked := acted(h, olga, account, "unfreeze", `{"reason":"court-order"}`)
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	require.Equal(t, "proposal-own", code(h.approve(olga, field[string](t, asked, "proposal"))))
	require.Equal(t, "frozen", field[string](t, h.get(anna, "/v1/accounts/"+account), "status"))
	require.Equal(t, 200, h.approve(otto, field[string](t, asked, "proposal")).Status)
	require.Equal(t, "open", field[string](t, h.get(anna, "/v1/accounts/"+account), "status"))
	require.Equal(t, "account-not-frozen", code(acted(h, otto, account, "unfreeze", `{"reason":"court-order"}`)), "nobody proposes what is done")
}

func TestLimitsOfAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	made := h.command(anna, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR","time_zone":"Pacific/Kiritimati"}`), "k")
	require.Equal(t, 201, made.Status, "%s", made.Body)
	from, to := field[string](t, made, "account"), h.account(bert, "")
	require.NoError(t, anna.Deposit(t.Context(), from, "900.00", "EUR"))
	require.Equal(t, "invalid-time-zone", code(h.command(anna, http.MethodPost, "/v1/accounts", []byte(`{"currency":"EUR","time_zone":"Mars/Olympus"}`), "z")))
	pay := func(amount string) string {
		return code(h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, amount), anna.NewID()))
	}
	h.pass(problemFresh) // the login is too old for what needs a fresh one
	require.NoError(t, anna.Refresh(t.Context()))
	require.Equal(t, 404, acted(h, bert, from, "limits", `{"currency":"EUR","daily":"1.00"}`).Status)
	narrow := acted(h, anna, from, "limits", `{"currency":"EUR","daily":"20.00","monthly":"30.00"}`)
	require.Equal(t, 200, narrow.Status, "at once, and without a fresh login: %s", narrow.Body)
	require.Equal(t, "limit-exceeded", pay("20.01"))
	wider := `{"currency":"EUR","daily":"21.00"}`
	refused := acted(h, anna, from, "limits", wider)
	require.Equal(t, 401, refused.Status, "%s", refused.Body)
	require.Contains(t, refused.Header.Get("WWW-Authenticate"), "insufficient_user_authentication")
	h.login(anna)
	require.Equal(t, 200, acted(h, anna, from, "limits", wider).Status)
	require.Equal(t, "limit-beyond-cap", code(acted(h, anna, from, "limits", `{"currency":"EUR","daily":"90000.00"}`)))
	require.Equal(t, "limits-unchanged", code(acted(h, anna, from, "limits", wider)))
	for body, want := range map[string]string{`{"currency":"EUR"}`: "missing-field", `{"currency":"EUR","daily":"0.00"}`: "invalid-limits",
		`{"currency":"USD","daily":"1.00"}`: "invalid-limits", `{"currency":"EUR","daily":"-1.00"}`: "invalid-amount", `{"currency":"EUR","daily":"1"}`: "invalid-amount"} {
		require.Contains(t, []string{want, "invalid-limits"}, code(acted(h, anna, from, "limits", body)), body)
	}
	require.Equal(t, "", pay("21.00"))
	require.Equal(t, "limit-exceeded", pay("0.01"))
	h.pass(22*time.Hour + time.Minute) // from 2026-01-02T12:.. UTC, early on the 3rd there, to the 4th
	h.login(anna)
	require.Equal(t, "", pay("9.00"), "another day where the account lives")
	require.Equal(t, "limit-exceeded", pay("0.01"), "and the same month")

	require.Equal(t, 403, acted(h, anna, from, "cap", `{"currency":"EUR","daily":"1.00","reason":"mine"}`).Status)
	desk := h.operator("customers.manage").login()
	capped := acted(h, desk, from, "cap", `{"currency":"EUR","daily":"5.00","reason":"fraud-watch"}`)
	require.Equal(t, 200, capped.Status, "%s", capped.Body)
	shown := field[map[string]string](t, h.get(anna, "/v1/accounts/"+from), "limits")
	require.Equal(t, map[string]string{"daily": "5.00", "monthly": "30.00", "daily_cap": "5.00", "monthly_cap": "500000.00", "time_zone": "Pacific/Kiritimati"}, shown)
}
