package gateway

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/id"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// permitted is a recovery that an operator has permitted, on the bank's own counter.
func (h *house) permitted(of string, ask commands.PermitRecovery) commands.PermitAnswer {
	h.t.Helper()
	var err error
	ask.Customer, err = id.Parse[id.Customer](of)
	require.NoError(h.t, err)
	ask.Reason = "identified-at-desk"
	order := commands.SystemOrder("test", uuid.New(), "permit", h.now(), seal.Subject{})
	order.Intent = nil
	answer, _, err := h.bank.Recoveries().Permit(context.Background(), order, ask)
	require.NoError(h.t, err)
	return answer
}

// verified has a customer show the code that was sent to their e-mail.
func (h *house) verified(p *phone.Phone) *phone.Phone {
	h.t.Helper()
	h.verify(p, "email", p.Profile().UserName+"@example.test")
	return p
}

func (h *house) verify(p *phone.Phone, kind, address string) {
	h.t.Helper()
	h.told("nothing")
	asked := h.command(p, http.MethodPatch, "/v1/customers/me", map[string]string{kind: address}, p.NewID())
	require.Equal(h.t, 202, asked.Status, "%s", asked.Body)
	done := h.command(p, http.MethodPatch, "/v1/customers/me", map[string]string{kind: address, "code": h.sentCode("contact-code")}, p.NewID())
	require.Equal(h.t, 200, done.Status, "%s", done.Body)
	h.told("nothing")
}

// reached is a customer who has verified both contacts.
func (h *house) reached(name string) *phone.Phone {
	h.t.Helper()
	p := h.customer(name)
	me := h.get(p, "/v1/customers/me")
	h.verify(p, "email", field[string](h.t, me, "email"))
	h.verify(p, "phone", field[string](h.t, me, "phone"))
	return p
}

// codes makes a list of recovery codes.
func (h *house) codes(p *phone.Phone) []string {
	h.t.Helper()
	made := h.command(p, http.MethodPost, "/v1/factors/recovery-codes", nil, p.NewID())
	require.Equal(h.t, 201, made.Status, "%s", made.Body)
	h.told("nothing")
	return field[[]string](h.t, made, "codes")
}

// strangely sends a POST that only the phone's key signs.
func (h *house) strangely(p *phone.Phone, path string, body any, key string) phone.Answer {
	h.t.Helper()
	data, err := json.Marshal(body)
	require.NoError(h.t, err)
	for {
		request, err := p.PrepareStranger(path, data, key)
		require.NoError(h.t, err)
		answer, err := p.Send(context.Background(), request)
		require.NoError(h.t, err)
		if code(answer) != "use-dpop-nonce" {
			return answer
		}
	}
}

func (h *house) recover(p *phone.Phone, name, what string) phone.Answer {
	h.t.Helper()
	return h.strangely(p, "/v1/recovery", map[string]string{"username": name, "for": what}, p.NewID())
}

// begun is a recovery's id.
func (h *house) begun(p *phone.Phone, name, what string) string {
	h.t.Helper()
	answer := h.recover(p, name, what)
	require.Equal(h.t, 202, answer.Status, "%s", answer.Body)
	return field[string](h.t, answer, "recovery_id")
}

func (h *house) complete(p *phone.Phone, proofs phone.Proofs) phone.Answer {
	h.t.Helper()
	if proofs.BySCAKey {
		var err error
		proofs.SCAAssertion, err = p.SignRecovery(proofs.Recovery)
		require.NoError(h.t, err)
	}
	return h.strangely(p, "/v1/recovery/completion", proofs, p.NewID())
}
