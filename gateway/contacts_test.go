package gateway

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func TestAContactIsChangedByACodeThatWasSentThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	patch := func(body map[string]string, key string) phone.Answer {
		return h.command(anna, http.MethodPatch, "/v1/customers/me", body, key)
	}
	asked := patch(map[string]string{"email": "anna@new.example"}, "c1")
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	require.Equal(t, "code-sent", field[string](t, asked, "status"))
	again := patch(map[string]string{"email": "anna@new.example"}, "c1")
	require.Equal(t, string(asked.Body), string(again.Body))
	otp := h.sentCode("contact-code")
	require.Equal(t, "anna@example.test", field[string](t, h.get(anna, "/v1/customers/me"), "email"), "not before it is verified")
	wrong := patch(map[string]string{"email": "anna@new.example", "code": "x" + otp[1:]}, "c2")
	require.Equal(t, 422, wrong.Status)
	require.Equal(t, "contact-code-invalid", code(wrong))
	done := patch(map[string]string{"email": "anna@new.example", "code": otp}, "c3")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "changed", field[string](t, done, "status"))
	require.Equal(t, "true", patch(map[string]string{"email": "anna@new.example", "code": otp}, "c3").Header.Get("Idempotency-Replayed"))
	require.Equal(t, "idempotency-key-reused", code(patch(map[string]string{"email": "anna@new.example", "code": "000000"}, "c3")))
	require.Equal(t, "anna@new.example", field[string](t, h.get(anna, "/v1/customers/me"), "email"))
	warned := h.told("contact-changed")
	require.Len(t, warned, 2)
	for _, m := range warned {
		require.NotEqual(t, "anna@new.example", m.To.Reveal(), "the former contact is told")
	}
	require.Equal(t, "contact-invalid", code(patch(map[string]string{"email": "a@b.example", "phone": "+491711234567"}, "c4")))
	require.Equal(t, "missing-field", code(patch(map[string]string{}, "c5")))
	require.NotContains(t, h.logged(), otp)
	require.NotContains(t, h.logged(), "new.example")

	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(context.Background()))
	weak := patch(map[string]string{"email": "anna@third.example"}, "c6")
	require.Equal(t, 401, weak.Status)
	require.Equal(t, "insufficient-user-authentication", code(weak))
}

func TestAContactIsRemovedWhenAnotherIsVerified(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	number := field[string](t, h.get(anna, "/v1/customers/me"), "phone")
	remove := func(kind, key string) phone.Answer {
		return h.command(anna, http.MethodDelete, "/v1/customers/me/contacts/"+kind, nil, key)
	}
	require.Equal(t, "contact-last", code(remove("phone", "k1")), "the other one was never verified")
	h.verify(anna, "email", "anna@example.test")
	require.Equal(t, "contact-last", code(remove("email", "k2")), "nor is this one")
	require.Equal(t, 404, remove("pigeon", "k3").Status)
	done := remove("phone", "k4")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, string(done.Body), string(remove("phone", "k4").Body))
	require.Equal(t, 404, remove("phone", "k5").Status)
	told := h.told("contact-removed")
	require.Len(t, told, 2)
	require.Contains(t, []string{told[0].To.Reveal(), told[1].To.Reveal()}, number, "once more")
	me := h.get(anna, "/v1/customers/me")
	require.Empty(t, field[string](t, me, "phone"))
	require.False(t, field[bool](t, me, "phone_verified"))

	bert := h.customer("bert")
	h.verify(bert, "phone", number)
	require.Equal(t, number, field[string](t, h.get(bert, "/v1/customers/me"), "phone"), "the number is free for others")
	h.reopen()
	h.login(anna)
	require.Empty(t, field[string](t, h.get(anna, "/v1/customers/me"), "phone"))
	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(context.Background()))
	require.Equal(t, "insufficient-user-authentication", code(remove("email", "k6")))
}
