package gateway

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

func (h *house) permit(desk, of *phone.Phone, body string) phone.Answer {
	h.t.Helper()
	return h.stand(desk, of, "recovery", body)
}

// Phone, codes and mailbox are gone. The person comes to the bank; an operator looks
// at their papers, writes down where they are reached now, and gives them a code,
// which is good after a day in which everybody could object.
func TestAPersonWithNothingLeftIsRecoveredByAnOperator(t *testing.T) {
	t.Parallel()
	h := newHouseIn(t, false)
	clerk := h.operator("customers.manage")
	desk := clerk.login()
	anna := h.enrolledBy(desk, "anna")
	require.Equal(t, 200, h.stand(desk, anna, "activation", `{"reason":"identity-checked"}`).Status)
	h.codes(anna)
	require.Equal(t, "recovery-contact-needed", code(h.permit(desk, anna, `{"for":"factors","reason":"identified-at-desk"}`)), "no contact was ever verified")
	require.Equal(t, "invalid-reason", code(h.permit(desk, anna, `{"for":"factors","reason":"Anna was here","email":"anna@new.example"}`)))
	require.Equal(t, "recovery-purpose-invalid", code(h.permit(desk, anna, `{"for":"money","reason":"x","email":"anna@new.example"}`)))
	require.Equal(t, "contact-invalid", code(h.permit(desk, anna, `{"for":"factors","reason":"x","email":"anna"}`)))
	require.Equal(t, "insufficient-scope", code(h.permit(anna, anna, `{"for":"factors","reason":"x","email":"anna@new.example"}`)), "nobody permits it to themselves")
	ghost := h.phone()
	ghost.Remember(phone.Profile{Customer: "cus_" + anna.NewID()})
	require.Equal(t, 404, h.permit(desk, ghost, `{"for":"factors","reason":"x","email":"anna@new.example"}`).Status)
	h.told("nothing")

	key := desk.NewID()
	path, body := "/v1/customers/"+anna.Profile().Customer+"/recovery", map[string]string{"for": "factors", "reason": "identified-at-desk", "email": "anna@new.example"}
	permitted := h.command(desk, http.MethodPost, path, body, key)
	require.Equal(t, 201, permitted.Status, "%s", permitted.Body)
	require.Equal(t, string(permitted.Body), string(h.command(desk, http.MethodPost, path, body, key).Body), "a repeat shows the same code")
	slip := field[string](t, permitted, "recovery_code")
	told := h.told("recovery-permitted")
	require.Len(t, told, 2)
	for _, m := range told {
		require.NotEqual(t, "anna@new.example", m.To.Reveal(), "those who could object")
		require.NotContains(t, m.Text.Reveal(), slip)
	}
	require.Contains(t, string(h.get(anna, "/v1/recovery").Body), `"status":"waiting"`, "and every device sees it")

	ctx, fresh := context.Background(), h.stranger()
	early, err := fresh.Recover(ctx, "anna", "factors")
	require.NoError(t, err)
	require.Empty(t, h.told("recovery-code"), "nothing goes to the new address before its time")
	require.Equal(t, "recovery-refused", code(h.complete(fresh, phone.Proofs{Recovery: early.ID, Code: "123456", RecoveryCode: slip, Password: another})), "nor does the slip count")
	h.pass(24 * time.Hour)
	begun, err := fresh.Recover(ctx, "anna", "factors")
	require.NoError(t, err)
	sent := h.told("recovery-code")
	require.Len(t, sent, 1)
	require.Equal(t, "anna@new.example", sent[0].To.Reveal())
	otp := sixDigits.FindString(sent[0].Text.Reveal())
	require.Equal(t, "recovery-refused", code(h.complete(fresh, phone.Proofs{Recovery: begun.ID, Code: "x" + otp[1:], RecoveryCode: slip, Password: another})))
	require.Equal(t, "recovery-refused", code(h.complete(fresh, phone.Proofs{Recovery: begun.ID, RecoveryCode: slip, BySCAKey: true, Password: another})), "a new address is verified by its code")
	require.Equal(t, "recovery-refused", code(h.complete(fresh, phone.Proofs{Recovery: begun.ID, Code: otp, RecoveryCode: "AAAA-AAAA-AAAA-AAAA", Password: another})), "who reads the mail has not the slip")
	fresh.Remember(phone.Profile{UserName: "anna"})
	done, err := fresh.CompleteRecovery(ctx, phone.Proofs{Recovery: begun.ID, Code: otp, RecoveryCode: strings.ToLower(slip), Password: another})
	require.NoError(t, err)
	require.Equal(t, "completed", done.Status)

	h.login(fresh)
	require.Equal(t, "anna@new.example", field[string](t, h.get(fresh, "/v1/customers/me"), "email"))
	require.NotContains(t, string(h.get(fresh, "/v1/factors").Body), "recovery_codes", "the old list is lost as well")
	require.Error(t, anna.Login(ctx), "the lost phone is nobody's")
	require.Equal(t, 403, h.recover(anna, "anna", "password").Status)
	h.told("nothing")
	again, err := fresh.Recover(ctx, "anna", "factors")
	require.NoError(t, err)
	require.Equal(t, "recovery-refused", code(h.complete(fresh, phone.Proofs{Recovery: again.ID, Code: h.sentCode("recovery-code"), RecoveryCode: slip})), "a slip is good once")
	require.NotContains(t, h.logged(), slip)

	h.pass(6 * time.Minute)
	require.Equal(t, 401, h.permit(desk, anna, `{"for":"password","reason":"identified-at-desk"}`).Status, "the operator's authentication is too old")
}

// A clerk is deceived, or is the thief. The owner says no.
func TestTheOwnerObjectsToARecovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "customers.manage").login()
	anna, bert := h.verified(h.customer("anna")), h.customer("bert")
	body := `{"for":"factors","reason":"identified-at-desk","email":"eve@evil.example"}`
	object := func(p *phone.Phone, id string) phone.Answer {
		return h.command(p, http.MethodDelete, "/v1/recovery/"+id, nil, p.NewID())
	}
	permitted := h.permit(desk, anna, body)
	require.Equal(t, 201, permitted.Status, "%s", permitted.Body)
	id := field[string](t, permitted, "recovery_id")
	require.Equal(t, 404, object(bert, id).Status, "nobody objects for another")
	require.Contains(t, string(h.get(anna, "/v1/recovery").Body), id)
	stopped := object(anna, id)
	require.Equal(t, 200, stopped.Status, "%s", stopped.Body)
	require.Len(t, h.told("recovery-objected"), 2)
	require.Equal(t, `{"recoveries":[]}`, string(h.get(anna, "/v1/recovery").Body))
	require.Equal(t, 404, object(anna, id).Status)

	h.pass(time.Minute)
	desk = h.machine("desk2", "customers.manage").login()
	permitted = h.permit(desk, anna, body)
	require.Equal(t, 201, permitted.Status, "%s", permitted.Body)
	notices := h.told("recovery-permitted")
	require.Len(t, notices, 2)
	words := strings.Fields(notices[0].Text.Reveal())
	token := words[len(words)-1]
	stop := func(token string) phone.Answer {
		return h.strangely(h.phone(), "/v1/recovery/objection", map[string]string{"objection": token}, "k")
	}
	altered := "A" + token[1:]
	if altered == token {
		altered = "B" + token[1:]
	}
	require.Equal(t, 404, stop(altered).Status)
	require.Equal(t, 404, stop(token[:len(token)-1]).Status)
	require.Equal(t, 200, stop(token).Status, "whoever has the letter can say no")
	require.Equal(t, 404, stop(token).Status)
	h.pass(25 * time.Hour)
	eve := h.stranger()
	recovery := h.begun(eve, "anna", "factors")
	sent := h.told("recovery-code")
	require.Len(t, sent, 1)
	require.Equal(t, "anna@example.test", sent[0].To.Reveal(), "nothing goes to the thief")
	slip := field[string](t, permitted, "recovery_code")
	require.Equal(t, "recovery-refused", code(h.complete(eve, phone.Proofs{Recovery: recovery, Code: sixDigits.FindString(sent[0].Text.Reveal()), RecoveryCode: slip})))
}

// The notice says "call us": an operator stops it.
func TestAnOperatorStopsARecoveryForWhoCalls(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "customers.manage").login()
	anna := h.verified(h.customer("anna"))
	stop := func(body string) phone.Answer { return h.stand(desk, anna, "recovery/objection", body) }
	require.Equal(t, 404, stop(`{"reason":"customer-called"}`).Status, "there is nothing to stop")
	require.Equal(t, 201, h.permit(desk, anna, `{"for":"factors","reason":"identified-at-desk"}`).Status)
	require.Equal(t, "invalid-reason", code(stop(`{"reason":"She called"}`)))
	stopped := stop(`{"reason":"customer-called"}`)
	require.Equal(t, 200, stopped.Status, "%s", stopped.Body)
	require.Equal(t, `{"recoveries":[]}`, string(h.get(anna, "/v1/recovery").Body))
	require.Len(t, h.told("recovery-objected"), 2)
}

// Between code and completion somebody objects: the completion fails, and the permit's
// contact never becomes the customer's.
func TestAnObjectionBeatsARecoveryUnderWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	desk := h.machine("desk", "customers.manage").login()
	anna := h.verified(h.customer("anna"))
	permitted := h.permit(desk, anna, `{"for":"contact","reason":"identified-at-desk","phone":"+491709999999"}`)
	require.Equal(t, 201, permitted.Status, "%s", permitted.Body)
	h.told("nothing")
	h.pass(24 * time.Hour)
	fresh := h.stranger()
	recovery := h.begun(fresh, "anna", "contact")
	sent := h.told("recovery-code")
	require.Len(t, sent, 1)
	require.Equal(t, "+491709999999", sent[0].To.Reveal())
	h.login(anna)
	require.Equal(t, 200, h.command(anna, http.MethodDelete, "/v1/recovery/"+field[string](t, permitted, "recovery_id"), nil, "k").Status)
	proofs := phone.Proofs{Recovery: recovery, Code: sixDigits.FindString(sent[0].Text.Reveal()), RecoveryCode: field[string](t, permitted, "recovery_code")}
	require.Equal(t, "recovery-refused", code(h.complete(fresh, proofs)))
	require.NotEqual(t, "+491709999999", field[string](t, h.get(anna, "/v1/customers/me"), "phone"))
}

func TestAPasswordIsChangedByWhoeverIsIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	change := func(p *phone.Phone, password, key string) phone.Answer {
		return h.command(p, http.MethodPost, "/v1/customers/me/password", map[string]string{"password": password}, key)
	}
	tablet := h.stranger()
	tablet.Remember(anna.Profile())
	h.login(tablet)
	require.Equal(t, "password-weak", code(change(anna, "short", "k1")))
	done := change(anna, another, "k2")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, string(done.Body), string(change(anna, another, "k2").Body))
	require.Equal(t, "idempotency-key-reused", code(change(anna, password, "k2")))
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "the own session goes on")
	require.Equal(t, 401, h.get(tablet, "/v1/accounts").Status, "the others are over, at once")
	require.Len(t, h.told("password-changed"), 2)
	require.Error(t, tablet.Login(context.Background()), "the old password")
	require.NotContains(t, h.logged(), another)
	h.pass(6 * time.Minute)
	require.NoError(t, anna.Refresh(context.Background()))
	require.Equal(t, "insufficient-user-authentication", code(change(anna, password, "k3")), "not on a session that was left open")
}
