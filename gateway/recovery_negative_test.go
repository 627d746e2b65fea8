package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// Group 14: the state of a reset is checked (CVE-2026-18963).
func TestGroup14ARecoveryIsHeldAgainstItsState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna, bert := h.verified(h.customer("anna")), h.verified(h.customer("bert"))
	codes, berts := h.codes(anna), h.codes(bert)
	fresh := h.stranger()
	begin := func(p *phone.Phone, name, what string) (string, string) {
		id := h.begun(p, name, what)
		return id, h.sentCode("recovery-code")
	}
	refused := func(why string, answer phone.Answer) {
		t.Helper()
		require.Equal(t, 403, answer.Status, "%s: %s", why, answer.Body)
		require.Equal(t, "recovery-refused", code(answer), why)
	}
	id, otp := begin(fresh, "anna", "password")
	good := phone.Proofs{Recovery: id, Code: otp, RecoveryCode: codes[0], Password: another}
	with := func(change func(*phone.Proofs)) phone.Proofs { p := good; change(&p); return p }

	refused("a recovery that nobody began", h.complete(fresh, with(func(p *phone.Proofs) { p.Recovery = "rec_" + fresh.NewID() })))
	refused("on another device", h.complete(h.stranger(), good))
	refused("with another customer's recovery code", h.complete(fresh, with(func(p *phone.Proofs) { p.RecoveryCode = berts[0] })))
	refused("with a stranger's fingerprint", h.complete(fresh, with(func(p *phone.Proofs) { p.RecoveryCode, p.BySCAKey = "", true })))
	berts1, bertsOTP := begin(bert, "bert", "password")
	refused("another customer's recovery", h.complete(fresh, with(func(p *phone.Proofs) { p.Recovery = berts1 })))
	refused("with the code of another recovery", h.complete(fresh, with(func(p *phone.Proofs) { p.Code = bertsOTP })))
	require.Equal(t, "recovery-incomplete", code(h.complete(fresh, with(func(p *phone.Proofs) { p.Email, p.Password = "eve@evil.example", "" }))), "for something else than it began for")
	require.Equal(t, "recovery-proofs-missing", code(h.complete(fresh, with(func(p *phone.Proofs) { p.RecoveryCode = "" }))), "by the mailbox alone")
	require.Equal(t, "recovery-incomplete", code(h.complete(fresh, phone.Proofs{Recovery: id, ContactCode: otp, Password: another})), "as if it was a contact's")
	require.Equal(t, 200, h.complete(fresh, good).Status, "after all that the right one stands")
	refused("once", h.complete(fresh, with(func(p *phone.Proofs) { p.RecoveryCode = codes[1] })))

	id, otp = begin(fresh, "anna", "password")
	for range 5 {
		refused("a guess", h.complete(fresh, phone.Proofs{Recovery: id, Code: "x" + otp[1:], RecoveryCode: codes[2], Password: another}))
	}
	refused("after five guesses", h.complete(fresh, phone.Proofs{Recovery: id, Code: otp, RecoveryCode: codes[2], Password: another}))
	id, otp = begin(h.verified(bert), "bert", "password")
	h.pass(10 * time.Minute)
	refused("ten minutes later", h.complete(bert, phone.Proofs{Recovery: id, Code: otp, BySCAKey: true, Password: another}))
}

// Group 14: a code that was sent works once, and for its own recovery (CVE-2026-4325).
func TestGroup14ACodeIsNotReplayed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	old := h.begun(anna, "anna", "password")
	stale := h.sentCode("recovery-code")
	id := h.begun(anna, "anna", "password")
	otp := h.sentCode("recovery-code")
	require.NotEqual(t, stale, otp)
	require.Equal(t, "recovery-refused", code(h.complete(anna, phone.Proofs{Recovery: id, Code: stale, BySCAKey: true, Password: another})), "of the one before")
	sca, err := anna.SignRecovery(old)
	require.NoError(t, err)
	require.Equal(t, "recovery-refused", code(h.complete(anna, phone.Proofs{Recovery: id, Code: otp, SCAAssertion: sca, Password: another})), "nor the fingerprint for another")
	sca, err = anna.SignRecovery(id)
	require.NoError(t, err)
	right := phone.Proofs{Recovery: id, Code: otp, SCAAssertion: sca, Password: another}
	require.Equal(t, 200, h.strangely(anna, "/v1/recovery/completion", right, "k").Status)
	right.Password = "a password of the thief's own"
	require.Equal(t, "idempotency-key-reused", code(h.strangely(anna, "/v1/recovery/completion", right, "k")))
	require.Equal(t, "recovery-refused", code(h.strangely(anna, "/v1/recovery/completion", right, "k2")))
	h.reopen()
	require.Equal(t, "recovery-refused", code(h.strangely(anna, "/v1/recovery/completion", right, "k3")), "after a restart")
	profile := anna.Profile()
	profile.Password = another
	anna.Remember(profile)
	h.login(anna)
}

// Group 14: no message of a recovery has an address in it, so none can be bent by a
// forged Host.
func TestGroup14AForgedHostBendsNoMessage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	require.Equal(t, 202, h.recover(anna, "anna", "password").Status)
	h.told("nothing")
	send := func(name, value string) phone.Answer {
		request, err := anna.PrepareStranger("/v1/recovery", []byte(`{"username":"anna","for":"password"}`), anna.NewID())
		require.NoError(t, err)
		bare, err := http.NewRequest(http.MethodPost, h.issuer+request.Path, strings.NewReader(string(request.Body)))
		require.NoError(t, err)
		bare.Header = request.Header.Clone()
		if name == "Host" {
			bare.Host = value
		} else {
			bare.Header.Set(name, value)
		}
		response, err := http.DefaultClient.Do(bare)
		require.NoError(t, err)
		defer response.Body.Close()
		var doc struct{ Code string }
		_ = json.NewDecoder(response.Body).Decode(&doc)
		return phone.Answer{Status: response.StatusCode, Body: []byte(`{"code":"` + doc.Code + `"}`)}
	}
	require.Equal(t, 421, send("Host", "evil.example").Status)
	require.Empty(t, h.told("recovery-code"))
	for _, header := range []string{"X-Forwarded-Host", "Forwarded", "X-Original-Host", "X-Host"} {
		require.Equal(t, 202, send(header, "host=evil.example").Status)
		for _, m := range h.told("recovery-code") {
			require.NotContains(t, m.Text.Reveal(), "evil")
			require.NotContains(t, m.Text.Reveal(), "http")
		}
		h.pass(2 * time.Hour)
		h.strangely(anna, "/v1/recovery/objection", map[string]string{"objection": "x"}, anna.NewID()) // brings the present nonce
	}
}

// Group 13: nothing of a reset tells whose name it was: neither status nor body nor
// headers nor how much work it was.
func TestGroup13ARecoveryTellsNobodyApart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.verified(h.customer("anna"))
	gone := h.verified(h.customer("gone"))
	privacy := h.machine("privacy", "privacy.manage", "customers.manage").login()
	require.Equal(t, 200, h.stand(privacy, gone, "erasure", `{"legal_basis":"gdpr-17-1-b"}`).Status)
	limited := h.verified(h.customer("limited"))
	require.Equal(t, 200, h.stand(privacy, limited, "restriction", `{"reason":"sanctions-check"}`).Status)
	h.told("nothing")
	type seen struct {
		status, size    int
		code, headers   string
		hashes, commits uint64
	}
	try := func(name, what string) (all []seen) {
		p := h.stranger()
		hashes, head := h.bank.PasswordHashes(), h.written()
		look := func(answer phone.Answer) phone.Answer {
			var names []string
			for header := range answer.Header {
				names = append(names, header)
			}
			slices.Sort(names)
			size := len(answer.Body)
			if answer.Status == 202 { // an instant has as many digits as it needs
				size = len(field[string](t, answer, "recovery_id"))
			}
			all = append(all, seen{answer.Status, size, code(answer), strings.Join(names, " "), h.bank.PasswordHashes() - hashes, h.written() - head})
			hashes, head = h.bank.PasswordHashes(), h.written()
			return answer
		}
		begun := look(h.recover(p, name, what))
		id := field[string](t, begun, "recovery_id")
		proofs := phone.Proofs{Recovery: id, Code: "000000", RecoveryCode: "AAAA-AAAA-AAAA-AAAA"}
		switch what {
		case "password":
			proofs.Password = another
		case "contact":
			proofs.Email = "eve@evil.example"
		}
		for range 6 {
			look(h.complete(p, proofs))
		}
		h.pass(25 * time.Hour) // the budget is whole again
		return all
	}
	for _, what := range []string{"password", "factors", "contact", "unlock"} {
		known := try("anna", what)
		require.EqualValues(t, 2, known[0].commits)
		require.Equal(t, "recovery-refused", known[1].code)
		if what == "password" {
			require.EqualValues(t, []uint64{0, 1, 1, 1, 1, 1, 0}, []uint64{known[0].hashes, known[1].hashes, known[2].hashes, known[3].hashes, known[4].hashes, known[5].hashes, known[6].hashes})
		}
		require.Equal(t, known, try("nobody", what), "a name that is nobody's")
		require.Equal(t, known, try("? what cannot be a name \x00", what))
		require.Equal(t, known, try("gone", what), "a customer who is being erased")
		require.Equal(t, known, try("limited", what), "one who may look and not touch")
	}
}

// Group 12 and 13: a recovery has a budget of its own, the same for every name, and
// strangers cannot use up the owner's.
func TestGroup12RecoveriesHaveALaneOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	exhaust := func(name string) (passed int, retry string) {
		p := h.stranger()
		for range 20 {
			answer := h.recover(p, name, "password")
			if answer.Status == 429 {
				require.Equal(t, "too-many-attempts", code(answer))
				return passed, answer.Header.Get("Retry-After")
			}
			passed++
		}
		return passed, ""
	}
	passed, retry := exhaust("anna")
	require.Equal(t, 4, passed)
	nobody, after := exhaust("nobody at all")
	require.Equal(t, passed, nobody)
	require.Equal(t, retry, after)
	require.Equal(t, 202, h.recover(anna, "anna", "password").Status, "the owner's phone is in another lane")
	require.Equal(t, "insufficient_authorization", code(h.form(h.stranger(), "/oauth2/challenge", begin("anna", password))), "and so are logins")
	require.Equal(t, 202, h.recover(h.stranger(), "bert", "password").Status, "and everybody else")
}

// What is not a recovery costs nothing and changes nothing.
func TestRecoveriesTakeNothingElse(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.verified(h.customer("anna"))
	id, head := h.begun(anna, "anna", "contact"), uint64(0)
	h.told("nothing")
	head = h.written()
	for name, try := range map[string]struct {
		answer phone.Answer
		want   string
	}{
		"a purpose nobody has":          {h.recover(anna, "anna", "money"), "recovery-purpose-invalid"},
		"a name like a novel":           {h.recover(anna, strings.Repeat("x", 321), "password"), "bad-request"},
		"a phone that is not known":     {h.recover(h.phone(), "anna", "password"), "device-unknown"},
		"an id that is none":            {h.complete(anna, phone.Proofs{Recovery: "rec_1", Code: "123456", BySCAKey: true}), "bad-json"},
		"two contacts":                  {h.complete(anna, phone.Proofs{Recovery: id, RecoveryCode: "x", BySCAKey: true, Email: "a@b.example", Phone: "+491511234567"}), "contact-invalid"},
		"an address that is none":       {h.complete(anna, phone.Proofs{Recovery: id, RecoveryCode: "x", BySCAKey: true, Email: "a@b.example\r\nBcc: x@y.example"}), "contact-invalid"},
		"no contact where one is asked": {h.complete(anna, phone.Proofs{Recovery: id, RecoveryCode: "x", BySCAKey: true}), "recovery-incomplete"},
		"a code like a novel":           {h.complete(anna, phone.Proofs{Recovery: id, Code: strings.Repeat("1", 17), BySCAKey: true}), "bad-request"},
		"an objection that is none":     {h.strangely(anna, "/v1/recovery/objection", map[string]string{"objection": "AAAA"}, "k"), "not-found"},
	} {
		require.Equal(t, try.want, code(try.answer), "%s: %s", name, try.answer.Body)
	}
	require.Equal(t, head, h.written())

	request, err := anna.PrepareStranger("/v1/recovery", []byte(`{"username":"anna","for":"password"}`), "k")
	require.NoError(t, err)
	request.Body = []byte(`{"username":"bert","for":"password"}`)
	answer, err := anna.Send(context.Background(), request)
	require.NoError(t, err)
	require.Equal(t, "invalid-dpop-proof", code(answer), "another body than was signed")
	unsigned, err := anna.PrepareForm("/v1/recovery", nil)
	require.NoError(t, err)
	unsigned.Header.Set("Content-Type", "application/json")
	unsigned.Header.Set("Idempotency-Key", "k")
	unsigned.Body = []byte(`{"username":"anna","for":"password"}`)
	answer, err = anna.Send(context.Background(), unsigned)
	require.NoError(t, err)
	require.Equal(t, "signature-required", code(answer))
	require.Equal(t, head, h.written())
}
