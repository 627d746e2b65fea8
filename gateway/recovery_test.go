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

const another = "seven wooden horses in a row"

// A forgotten password: the code that was sent and the customer's own phone, behind
// the fingerprint.
func TestAForgottenPasswordIsSetAnewOnTheOwnPhone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	tokens := anna.Tokens()
	begun := h.recover(anna, "Anna@Example.test", "password")
	require.Equal(t, 202, begun.Status, "%s", begun.Body)
	recovery := field[string](t, begun, "recovery_id")
	messages := h.told("recovery-code")
	require.Len(t, messages, 1, "the phone number was never verified")
	require.Equal(t, "anna@example.test", messages[0].To.Reveal())
	otp := sixDigits.FindString(messages[0].Text.Reveal())

	alone := h.complete(anna, phone.Proofs{Recovery: recovery, Code: otp, Password: another})
	require.Equal(t, "recovery-proofs-missing", code(alone), "a code that was sent is never enough")
	weak := h.complete(anna, phone.Proofs{Recovery: recovery, Code: otp, BySCAKey: true, Password: "short"})
	require.Equal(t, "password-weak", code(weak))
	none := h.complete(anna, phone.Proofs{Recovery: recovery, Code: otp, BySCAKey: true})
	require.Equal(t, "recovery-incomplete", code(none))

	sca, err := anna.SignRecovery(recovery)
	require.NoError(t, err)
	proofs := phone.Proofs{Recovery: recovery, Code: otp, SCAAssertion: sca, Password: another}
	done := h.strangely(anna, "/v1/recovery/completion", proofs, "k")
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.Equal(t, "completed", field[string](t, done, "status"))
	again := h.strangely(anna, "/v1/recovery/completion", proofs, "k")
	require.Equal(t, "true", again.Header.Get("Idempotency-Replayed"), "a lost answer is given again")
	require.Equal(t, string(done.Body), string(again.Body))
	require.Equal(t, 401, h.get(anna, "/v1/accounts").Status, "every session is over")
	anna.SetTokens(tokens)
	require.Error(t, anna.Refresh(context.Background()))
	require.Len(t, h.told("recovered"), 2, "everywhere")
	require.NotContains(t, h.logged(), otp)
	require.NotContains(t, h.logged(), another)

	require.Error(t, anna.Login(context.Background()), "with the old password")
	profile := anna.Profile()
	profile.Password = another
	anna.Remember(profile)
	h.login(anna)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status)
}

// Lost factors: a recovery code and the code that was sent, from a phone that the
// bank has never seen.
func TestLostFactorsAreReplacedFromANewPhone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, ctx := h.verified(h.customer("anna")), context.Background()
	codes := h.codes(anna)
	fresh := h.stranger()
	fresh.Remember(phone.Profile{UserName: "anna", Password: password})
	begun, err := fresh.Recover(ctx, "anna", "factors")
	require.NoError(t, err)
	proofs := phone.Proofs{Recovery: begun.ID, Code: h.sentCode("recovery-code"), RecoveryCode: strings.ToLower(codes[0])}
	done, err := fresh.CompleteRecovery(ctx, proofs)
	require.NoError(t, err)
	require.Equal(t, "completed", done.Status)
	require.NotEmpty(t, done.TOTP.Secret)
	require.Equal(t, h.now().Add(24*time.Hour), done.PaymentsFrom)
	require.Len(t, h.told("recovered"), 2, "both contacts, the one that was never verified too")

	h.login(fresh)
	list := string(h.get(fresh, "/v1/factors").Body)
	require.Equal(t, 1, strings.Count(list, `"totp"`), "%s", list)
	require.Contains(t, list, `"usable_from"`, "the new one authorises no payment for a day")
	require.NotContains(t, list, `"left":10`, "the code is spent")
	require.Error(t, anna.Refresh(ctx), "the lost phone's session is over")

	other := h.stranger()
	twice := h.complete(other, phone.Proofs{Recovery: h.begun(other, "anna", "factors"), Code: h.sentCode("recovery-code"), RecoveryCode: codes[0]})
	require.Equal(t, "recovery-refused", code(twice), "a recovery code is good once")
}

// A recovered account pays nobody for a day: not even with the right fingerprint.
func TestPaymentsPauseAfterARecovery(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.verified(h.customer("anna")), h.customer("bert")
	from, own, to := h.account(anna, "9000.00"), h.account(anna, ""), h.account(bert, "")
	before := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "2000.00"), anna.NewID())
	require.Equal(t, 202, before.Status, "%s", before.Body)
	challenged, err := phone.ReadTransfer(before)
	require.NoError(t, err)

	proofs := phone.Proofs{Recovery: h.begun(anna, "anna", "password"), Password: another, BySCAKey: true}
	proofs.Code = h.sentCode("recovery-code")
	_, err = anna.CompleteRecovery(context.Background(), proofs)
	require.NoError(t, err)
	h.login(anna)
	refused := h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "k")
	require.Equal(t, 403, refused.Status, "%s", refused.Body)
	require.Equal(t, "payments-paused", code(refused))
	require.Equal(t, 201, h.command(anna, http.MethodPost, "/v1/transfers", order(from, own, "1.00"), anna.NewID()).Status, "between own accounts it goes on")
	_, err = anna.AuthoriseBySCAKey(context.Background(), challenged)
	require.True(t, phone.IsRefused(err, "payments-paused"), "nor what was asked for before: %v", err)
	h.pass(24 * time.Hour)
	h.login(anna)
	require.Equal(t, 201, h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), anna.NewID()).Status)
	require.Equal(t, "payments-paused", code(h.command(anna, http.MethodPost, "/v1/transfers", order(from, to, "1.00"), "k")), "a refusal is the answer of its key for ever")
}

// Both contacts are out of reach: the own phone and a recovery code name another,
// which counts when the code that was sent there is shown.
func TestALostContactIsReplaced(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	codes := h.codes(anna)
	recovery := h.begun(anna, "anna", "contact")
	require.Empty(t, h.told("recovery-code"), "no contact was ever verified: there is nobody to send it to")
	proofs := phone.Proofs{Recovery: recovery, RecoveryCode: codes[0], BySCAKey: true, Email: "anna@new.example"}
	asked := h.complete(anna, proofs)
	require.Equal(t, 202, asked.Status, "%s", asked.Body)
	require.Equal(t, "code-sent", field[string](t, asked, "status"))
	sent := h.told("contact-code")
	require.Len(t, sent, 1)
	require.Equal(t, "anna@new.example", sent[0].To.Reveal())
	otp := sixDigits.FindString(sent[0].Text.Reveal())
	require.Equal(t, "anna@example.test", field[string](t, h.get(anna, "/v1/customers/me"), "email"), "not before it is verified (CVE-2026-27946)")
	wrong := h.complete(anna, phone.Proofs{Recovery: recovery, Email: "anna@third.example", ContactCode: otp})
	require.Equal(t, "recovery-refused", code(wrong), "the code of another address")
	done := h.complete(anna, phone.Proofs{Recovery: recovery, Email: "anna@new.example", ContactCode: otp})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	for _, m := range h.told("contact-changed") {
		require.NotEqual(t, "anna@new.example", m.To.Reveal(), "the former contacts are told")
	}
	h.login(anna)
	me := h.get(anna, "/v1/customers/me")
	require.Equal(t, "anna@new.example", field[string](t, me, "email"))
	require.True(t, field[bool](t, me, "email_verified"))
	require.False(t, field[bool](t, me, "phone_verified"))
}

// What a thief has let others do ends too.
func TestARecoveryEndsWhatThirdPartiesMaySee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, shop := h.verified(h.customer("anna")), h.thirdParty("shop", "openid", "accounts.read")
	tokens := h.agreed(anna, shop)
	under := h.consented(anna, shop)
	tokens = tokensOf(t, shop.refresh(tokens.Refresh))
	h.told("nothing")
	proofs := phone.Proofs{Recovery: h.begun(anna, "anna", "password"), Password: another, BySCAKey: true}
	proofs.Code = h.sentCode("recovery-code")
	h.pass(time.Second)
	require.Equal(t, 200, h.complete(anna, proofs).Status)
	require.Equal(t, "invalid_grant", code(shop.refresh(tokens.Refresh)))
	require.Equal(t, "invalid_grant", code(shop.redeem(under, nil)), "nor is a code that was under way")
}

// Group 11: what was said at enrolment is not verified: a recovery's code never goes to
// an address that somebody else may have been enrolled under (CVE-2026-27946).
func TestGroup11AnEnrolledContactIsNotVerified(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	me := h.get(anna, "/v1/customers/me")
	require.False(t, field[bool](t, me, "email_verified"))
	require.False(t, field[bool](t, me, "phone_verified"))
	h.begun(anna, "anna", "password")
	require.Empty(t, h.told("recovery-code"))
	h.verify(anna, "phone", field[string](t, me, "phone"))
	me = h.get(anna, "/v1/customers/me")
	require.False(t, field[bool](t, me, "email_verified"))
	require.True(t, field[bool](t, me, "phone_verified"))
	h.begun(anna, "anna", "password")
	sent := h.told("recovery-code")
	require.Len(t, sent, 1)
	require.Equal(t, field[string](t, me, "phone"), sent[0].To.Reveal())
}

// Locked out by somebody's guesses.
func TestALockedAccountIsUnlocked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	for range 5 {
		h.form(anna, "/oauth2/challenge", begin("anna", "wrong password entirely"))
	}
	require.Equal(t, 429, h.form(anna, "/oauth2/challenge", begin("anna", password)).Status)
	recovery := h.begun(anna, "anna", "unlock")
	done := h.complete(anna, phone.Proofs{Recovery: recovery, Code: h.sentCode("recovery-code"), BySCAKey: true})
	require.Equal(t, 200, done.Status, "%s", done.Body)
	require.NotContains(t, string(done.Body), "payments_from", "nothing was set anew")
	require.Len(t, h.told("unlocked"), 2)
	require.Equal(t, 200, h.get(anna, "/v1/accounts").Status, "and no session ends")
	require.Equal(t, 200, h.form(anna, "/oauth2/challenge", begin("anna", password)).Status)
}
