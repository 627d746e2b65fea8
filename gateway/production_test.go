package gateway

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// enrolledBy has an operator enrol a person, who then registers a phone of their own.
func (h *house) enrolledBy(desk *phone.Phone, name string) *phone.Phone {
	h.t.Helper()
	p, ctx := h.phone(), context.Background()
	made := h.command(desk, http.MethodPost, "/v1/customers", phone.Person{UserName: name, Phone: fmt.Sprintf("+4930%08d", h.clock.Add(1)%1e8),
		Email: name + "@example.test", Name: "Mrs " + name, Password: password}, desk.NewID())
	require.Equal(h.t, 201, made.Status, "%s", made.Body)
	require.Equal(h.t, "pending", field[string](h.t, made, "status"))
	secret := field[struct {
		Secret string `json:"secret"`
	}](h.t, made, "totp").Secret
	p.Remember(phone.Profile{Customer: field[string](h.t, made, "customer_id"), UserName: name, Password: password, TOTPSecret: secret})
	require.NoError(h.t, p.Register(ctx))
	h.login(p)
	return p
}

func (h *house) stand(desk, of *phone.Phone, act, body string) phone.Answer {
	h.t.Helper()
	return h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/customers/"+of.Profile().Customer+"/"+act, body, nil)
}

// TestAProductionBankMovesMoney: operators enrol, activate, pay in and reverse, by
// keys alone; customers do the rest; and nobody does what is not theirs to do.
func TestAProductionBankMovesMoney(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	ctx := context.Background()
	desk, teller := h.operator("customers.manage").login(), h.operator("ledger.post", "ledger.reverse").login()
	require.Error(t, h.phone().Enrol(ctx, phone.Person{UserName: "eve", Phone: "+491701234500", Email: "e@example.test", Name: "Eve", Password: password}))

	anna, bert := h.enrolledBy(desk, "anna"), h.enrolledBy(desk, "bert")
	_, err := anna.OpenAccount(ctx, "EUR")
	require.True(t, phone.IsRefused(err, "customer-limited"), "pending customers look and do not act: %v", err)
	require.Equal(t, "insufficient-scope", code(h.stand(teller, anna, "activation", `{"reason":"identity-checked"}`)))
	require.Equal(t, "insufficient-scope", code(h.stand(anna, anna, "activation", `{"reason":"identity-checked"}`)), "nobody activates themselves")
	for _, p := range []*phone.Phone{anna, bert} {
		active := h.stand(desk, p, "activation", `{"reason":"identity-checked"}`)
		require.Equal(t, 200, active.Status, "%s", active.Body)
		require.Equal(t, "active", field[string](t, active, "status"))
	}

	from, to := h.account(anna, ""), h.account(bert, "")
	require.True(t, phone.IsRefused(anna.Deposit(ctx, from, "5.00", "EUR"), "insufficient-scope"), "no customer makes money")
	paidIn := h.command(teller, http.MethodPost, "/v1/deposits", map[string]string{"to": from, "amount": "100.00", "currency": "EUR", "reason": "cash-at-counter"}, teller.NewID())
	require.Equal(t, 201, paidIn.Status, "%s", paidIn.Body)
	paid := h.transfer(anna, from, to, "25.00")
	require.Equal(t, "75.00", h.balance(anna, from))
	require.Equal(t, "25.00", h.balance(bert, to))

	reversal := map[string]string{"reason": "sent-twice"}
	require.Equal(t, "insufficient-scope", code(h.command(desk, http.MethodPost, "/v1/transfers/"+paid+"/reversal", reversal, desk.NewID())))
	proposed := h.command(teller, http.MethodPost, "/v1/transfers/"+paid+"/reversal", reversal, teller.NewID())
	require.Equal(t, 202, proposed.Status, "%s", proposed.Body)
	require.Equal(t, "75.00", h.balance(anna, from), "one operator alone moves nothing back")
	back := h.approve(h.person("olga", "ledger"), field[string](t, proposed, "proposal"))
	require.Equal(t, 200, back.Status, "%s", back.Body)
	require.Equal(t, "100.00", h.balance(anna, from))
}

func TestOperatorsRestrictAndErase(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	desk, privacy := h.operator("customers.manage").login(), h.operator("privacy.manage").login()
	anna := h.enrolledBy(desk, "anna")
	require.Equal(t, 200, h.stand(desk, anna, "activation", `{"reason":"identity-checked"}`).Status)
	account := h.account(anna, "")
	require.Equal(t, 200, h.stand(desk, anna, "restriction", `{"reason":"sanctions-check"}`).Status)
	again := h.stand(desk, anna, "restriction", `{"reason":"sanctions-check"}`)
	require.Equal(t, 200, again.Status, "being there changes nothing: %s", again.Body)
	require.Equal(t, "customer-limited", code(h.command(anna, http.MethodPost, "/v1/accounts", map[string]string{"currency": "EUR"}, "k")), "at once")
	require.Equal(t, 200, h.get(anna, "/v1/accounts/"+account).Status)

	for _, reason := range []string{"", "Anna is a thief", "KYC", "a_b", string(make([]byte, 65))} {
		body := map[string]string{"reason": reason}
		answer := h.command(desk, http.MethodPost, "/v1/customers/"+anna.Profile().Customer+"/restriction", body, desk.NewID())
		require.Equal(t, "invalid-reason", code(answer), "what is free text has no place in the log: %q", reason)
	}
	require.Equal(t, "insufficient-scope", code(h.stand(desk, anna, "erasure", `{"legal_basis":"gdpr-17-1-b"}`)))
	require.Equal(t, "invalid-reason", code(h.stand(privacy, anna, "erasure", `{"legal_basis":"she asked"}`)))
	nobody := h.phone()
	nobody.Remember(phone.Profile{Customer: "cus_" + anna.NewID()})
	require.Equal(t, 404, h.stand(desk, nobody, "activation", `{"reason":"x"}`).Status)

	proposed := h.stand(privacy, anna, "erasure", `{"legal_basis":"gdpr-17-1-b"}`)
	require.Equal(t, 202, proposed.Status, "%s", proposed.Body)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "nobody is forgotten by one alone")
	erased := h.approve(h.person("olga", "privacy"), field[string](t, proposed, "proposal"))
	require.Equal(t, 200, erased.Status, "%s", erased.Body)
	require.Equal(t, 401, h.get(anna, "/v1/accounts").Status, "every session is over")
	h.told("nothing") // lets the processes follow
	require.Equal(t, "customer-ended", code(h.stand(desk, anna, "activation", `{"reason":"x"}`)))
}

// An operator's authentication is the assertion that its token was given for.
func TestRow30OperatorsAreFreshByTheirKey(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	eve := s.operator("ledger.reverse")
	p := eve.login()
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(p.Tokens().Access, claims)
	require.NoError(t, err)
	require.Equal(t, "urn:florin:acr:key", claims["acr"], "one factor, and it says so")
	require.Equal(t, []any{"pop"}, claims["amr"])
	require.EqualValues(t, s.now().Unix(), claims["auth_time"])
	require.Empty(t, p.Tokens().Refresh)
	reverse := func() phone.Answer {
		return s.command(p, http.MethodPost, "/v1/transfers/"+s.posted+"/reversal", map[string]string{"amount": "1.00", "currency": "EUR", "reason": "mistake"}, p.NewID())
	}
	done := reverse()
	require.Equal(t, 201, done.Status, "%s", done.Body)
	s.pass(5*time.Minute + time.Second)
	require.Equal(t, 401, reverse().Status, "the token is as old as its authentication may be")
	eve.login()
	require.Equal(t, 201, reverse().Status)
}
