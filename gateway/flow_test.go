package gateway

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func TestFromEnrolmentToATransfer(t *testing.T) {
	t.Parallel()
	inBothWirings(t, fromEnrolmentToATransfer)
}

func fromEnrolmentToATransfer(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "100.00"), h.account(bert, "")

	ctx := context.Background()
	done, err := anna.Transfer(ctx, phone.Order{From: from, To: to, Amount: "12.50", Currency: "EUR", Reference: "rent"}, "k1")
	require.NoError(t, err)
	require.Equal(t, "posted", done.Status)
	require.NotZero(t, done.Position)
	require.Equal(t, "87.50", h.balance(anna, from))
	require.Equal(t, "12.50", h.balance(bert, to))

	read := h.get(anna, "/v1/transfers/"+done.ID)
	require.Equal(t, 200, read.Status, "%s", read.Body)
	require.Equal(t, "posted", field[string](t, read, "status"))
	me := h.get(anna, "/v1/customers/me")
	require.Equal(t, "anna", field[string](t, me, "user_name"))
	for _, list := range []string{"/v1/accounts", "/v1/devices", "/v1/sessions", "/v1/accounts/" + from + "/transactions", "/v1/accounts/" + from + "/balance"} {
		require.Equal(t, 200, h.get(anna, list).Status, list)
	}
}

func TestAChallengeIsAnsweredByEitherKey(t *testing.T) {
	t.Parallel()
	inBothWirings(t, aChallengeIsAnsweredByEitherKey)
}

func aChallengeIsAnsweredByEitherKey(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "9000.00"), h.account(bert, "")
	ctx := context.Background()
	for i, answer := range []func(context.Context, phone.Transfer) (phone.Transfer, error){anna.AuthoriseBySCAKey, anna.AuthoriseByTOTP} {
		asked := h.command(anna, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: "2000.00", Currency: "EUR"}, fmt.Sprint("c", i))
		require.Equal(t, 202, asked.Status, "%s", asked.Body)
		transfer, err := phone.ReadTransfer(asked)
		require.NoError(t, err)
		require.NotEmpty(t, asked.Header.Get("Location"))
		h.clock.Add(30_000_000)
		done, err := answer(ctx, transfer)
		require.NoError(t, err)
		require.Equal(t, "posted", done.Status)
		again := h.command(anna, http.MethodPost, "/v1/transfers/"+transfer.ID+"/authorization", map[string]string{"authorization": "x.y.z"}, fmt.Sprint("again", i))
		require.Equal(t, 403, again.Status)
		require.Equal(t, "sca-failed", code(again), "a challenge is answered once")
	}
	require.Equal(t, "4000.00", h.balance(bert, to))

	withdrawn := h.command(anna, http.MethodPost, "/v1/transfers", phone.Order{From: from, To: to, Amount: "2000.00", Currency: "EUR"}, "w")
	require.Equal(t, 202, withdrawn.Status)
	require.Equal(t, "5000.00", h.balance(anna, from))
	cancelled := h.command(anna, http.MethodPost, "/v1/transfers/"+field[string](t, withdrawn, "transfer")+"/cancellation", nil, "w2")
	require.Equal(t, 200, cancelled.Status, "%s", cancelled.Body)
	require.Equal(t, "cancelled", field[string](t, cancelled, "status"))
}

func TestARestartForgetsNoProofAndNoPromise(t *testing.T) { // row 21
	t.Parallel()
	inBothWirings(t, aRestartForgetsNoProofAndNoPromise)
}

func aRestartForgetsNoProofAndNoPromise(t *testing.T, h *house) {
	anna, bert := h.customer("anna"), h.customer("bert")
	from, to := h.account(anna, "100.00"), h.account(bert, "")
	body := fmt.Appendf(nil, `{"from":%q,"to":%q,"amount":"10.00","currency":"EUR"}`, from, to)
	request, err := anna.Prepare(http.MethodPost, "/v1/transfers", body, "k1")
	require.NoError(t, err)
	ctx := context.Background()
	first, err := anna.Send(ctx, request)
	require.NoError(t, err)
	require.Equal(t, 201, first.Status, "%s", first.Body)
	replayed, err := anna.Send(ctx, request)
	require.NoError(t, err)
	require.Equal(t, "invalid-dpop-proof", code(replayed))

	h.reopen()
	afterwards, err := anna.Send(ctx, request)
	require.NoError(t, err)
	require.Equal(t, 401, afterwards.Status)
	require.Equal(t, "use-dpop-nonce", code(afterwards), "the proof of a former boot")
	again := h.command(anna, http.MethodPost, "/v1/transfers", body, "k1")
	require.Equal(t, 201, again.Status, "%s", again.Body)
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"))
	require.Equal(t, first.Body, again.Body, "the first answer, byte for byte")
	require.Equal(t, "90.00", h.balance(anna, from))
}

func TestOutsideASandboxOnlyRolesEnrol(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	person := `{"user_name":"carl","phone":"+491701234567","email":"c@example.test","name":"Carl","password":"` + password + `"}`
	enrol := Route{Method: http.MethodPost, Keyed: true}
	require.Equal(t, "invalid-token", code(h.ask(h.phone(), enrol, "/v1/customers", person, nil)))
	desk := h.machine("branch", "customers.manage", "audit.read").login()
	made := h.ask(desk, enrol, "/v1/customers", person, nil)
	require.Equal(t, 201, made.Status, "%s", made.Body)
	require.Equal(t, "pending", field[string](t, made, "status"))
	taken := h.ask(desk, enrol, "/v1/customers", person, nil)
	require.Equal(t, "name-taken", code(taken), "%s", taken.Body)
	require.Equal(t, "insufficient-scope", code(h.ask(desk, Route{Method: http.MethodPost, Keyed: true}, "/v1/deposits", `{}`, nil)))
}
