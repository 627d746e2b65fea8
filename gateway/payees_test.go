package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
	"florin/gateway/rail/simulated"
)

// payeeTries are those of payees.
func (s *scene) payeeTries() map[string]try {
	return map[string]try{
		"POST /v1/payees":        {by: "customer", body: fmt.Sprintf(`{"account":%q,"name":"Anna bert"}`, s.berts)},
		"GET /v1/payees":         {by: "customer", list: true},
		"DELETE /v1/payees/{id}": {by: "customer"},
	}
}

func (h *house) savePayee(p *phone.Phone, account, name string) phone.Answer {
	h.t.Helper()
	return h.command(p, http.MethodPost, "/v1/payees", map[string]string{"account": account, "name": name}, p.NewID())
}

// payee saves two and gives the second, so that a list has a next page.
func (h *house) payee(p, whose *phone.Phone) string {
	h.t.Helper()
	saved := phone.Answer{}
	for range 2 {
		saved = h.savePayee(p, h.account(whose, ""), "Somebody")
		require.Equal(h.t, 201, saved.Status, "%s", saved.Body)
	}
	return field[string](h.t, saved, "payee")
}

func TestANamesCheckIsShownAndATrustedPayeeIsSparedTheChallenge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert") // whose name is Anna bert
	from, first, second, third := h.account(anna, "9000.00"), h.account(bert, ""), h.account(bert, ""), h.account(bert, "")
	match := h.savePayee(anna, first, "ANNA  BÉRT")
	require.Equal(t, 201, match.Status, "%s", match.Body)
	require.Equal(t, "match", field[string](t, match, "check"))
	require.NotContains(t, string(match.Body), "holder_name")
	near := h.savePayee(anna, second, "Bert Anna")
	require.Equal(t, []string{"close-match", "Anna bert"}, []string{field[string](t, near, "check"), field[string](t, near, "holder_name")})
	none := h.savePayee(anna, third, "Carl Zeiss")
	require.Equal(t, "no-match", field[string](t, none, "check"))
	require.NotContains(t, string(none.Body), "bert", "nobody is told whose account it is")
	require.NotContains(t, string(none.Body), "trusted_from")

	pay := func(to, amount string) phone.Answer {
		answer := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, amount), anna.NewID())
		require.NoError(t, answer.OK(), "%s", answer.Body)
		return answer
	}
	cooling := pay(first, "500.00")
	require.Equal(t, "challenged", field[string](t, cooling, "status"), "a new payee is a risk")
	require.Equal(t, field[string](t, match, "payee"), field[string](t, cooling, "payee"), "and the transfer names it")
	require.Equal(t, "posted", field[string](t, pay(first, "200.00"), "status"), "up to a limit")
	h.pass(25 * time.Hour)
	h.login(anna)
	trusted := pay(first, "500.00")
	require.Equal(t, []string{"posted", "trusted-payee"}, []string{field[string](t, trusted, "status"), field[string](t, trusted, "exemption")})
	require.Equal(t, "challenged", field[string](t, pay(third, "500.00"), "status"), "a name that did not match is never trusted")
	read := h.get(anna, "/v1/transfers/"+field[string](t, trusted, "transfer"))
	require.Equal(t, field[string](t, match, "payee"), field[string](t, read, "payee"))

	var list struct {
		Payees []struct{ Payee, Name, Check string }
	}
	require.NoError(t, json.Unmarshal(h.get(anna, "/v1/payees").Body, &list))
	require.Len(t, list.Payees, 3)
	h.login(bert)
	require.NoError(t, json.Unmarshal(h.get(bert, "/v1/payees").Body, &list))
	require.Empty(t, list.Payees, "another's")

	removed := h.command(anna, http.MethodDelete, "/v1/payees/"+field[string](t, match, "payee"), nil, "r")
	require.Equal(t, 200, removed.Status, "%s", removed.Body)
	require.Equal(t, 404, h.command(anna, http.MethodDelete, "/v1/payees/"+field[string](t, match, "payee"), nil, "r2").Status)
	require.NotContains(t, string(pay(first, "1.00").Body), "payee", "a payee no more")
}

func TestPayeesAreSavedOnceAndUnderFreshAuthentication(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.customer("anna"), h.customer("bert")
	to := h.account(bert, "")
	body := map[string]string{"account": to, "name": "Anna bert"}
	first := h.command(anna, http.MethodPost, "/v1/payees", body, "same")
	again := h.command(anna, http.MethodPost, "/v1/payees", body, "same")
	require.Equal(t, string(first.Body), string(again.Body))
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, "idempotency-key-reused", code(h.command(anna, http.MethodPost, "/v1/payees", map[string]string{"account": to, "name": "Eve"}, "same")))
	require.Equal(t, "payee-exists", code(h.savePayee(anna, to, "Anna bert")))
	for body, says := range map[string]string{
		`{"account":"` + to + `","iban":"DE89370400440532013000","name":"x"}`: "bad-request", `{"name":"x"}`: "missing-field",
		`{"iban":"DE00370400440532013000","name":"x"}`: "invalid-iban", `{"iban":"DE89 3704 0044 0532 0130 0O","name":"x"}`: "invalid-iban",
		`{"account":"acc_00000000-0000-4000-8000-000000000001","name":"x"}`: "not-found", `{"account":"` + h.account(bert, "") + `","name":"Anna\u202ebert"}`: "invalid-payee-name",
	} {
		answer := h.command(anna, http.MethodPost, "/v1/payees", []byte(body), anna.NewID())
		require.Equal(t, says, code(answer), "%s: %s", body, answer.Body)
	}
	named := func(iban, name string) (check, holder string) {
		answer := h.command(anna, http.MethodPost, "/v1/payees", []byte(`{"iban":"`+iban+`","name":"`+name+`"}`), anna.NewID())
		require.Equal(t, 201, answer.Status, "%s", answer.Body)
		var shown struct {
			Check  string `json:"check"`
			Holder string `json:"holder_name"`
		}
		require.NoError(t, json.Unmarshal(answer.Body, &shown))
		return shown.Check, shown.Holder
	}
	check, holder := named("GB33BUKB20201555555555", "Close Bob Builder")
	require.Equal(t, []string{"close-match", "Bob Builder"}, []string{check, holder}, "another bank says what it knows")
	check, holder = named("FR1420041010050500013M02606", "Wrong Bob")
	require.Equal(t, []string{"no-match", ""}, []string{check, holder})
	check, _ = named("AT611904300234573201", "Bob")
	require.Equal(t, "match", check)
	h.rail.Fail(simulated.Down)
	elsewhere := h.command(anna, http.MethodPost, "/v1/payees", []byte(`{"iban":"DE89370400440532013000","name":"Carl"}`), anna.NewID())
	require.Equal(t, []string{"unavailable", "DE89370400440532013000"}, []string{field[string](t, elsewhere, "check"), field[string](t, elsewhere, "iban")}, "%s", elsewhere.Body)
	require.Equal(t, "payee-exists", code(h.command(anna, http.MethodPost, "/v1/payees", []byte(`{"iban":"DE89370400440532013000","name":"Carl"}`), anna.NewID())))
	for record, err := range h.log.ReadAll(t.Context(), 0) {
		require.NoError(t, err)
		for _, event := range record.Events {
			require.NotContains(t, string(event.Data), "DE89370400440532013000", "sealed")
		}
	}
	another := h.account(bert, "")
	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(t.Context()))
	stale := h.savePayee(anna, another, "Anna bert")
	require.Equal(t, "insufficient-user-authentication", code(stale), "%s", stale.Body)
}
