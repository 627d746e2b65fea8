package gateway

import (
	"context"
	"crypto/ecdsa"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/gateway/phone"
	"florin/schemas/seal"
)

// machine is a confidential client: private_key_jwt, and a phone's DPoP key.
type machine struct {
	h    *house
	p    *phone.Phone
	key  *ecdsa.PrivateKey
	name string
}

// assertion is a client assertion; change may spoil it.
func (m *machine) assertion(change map[string]any) string {
	raw, err := m.p.Assertion(m.name, m.key, change)
	require.NoError(m.h.t, err)
	return raw
}

// form posts to an OAuth endpoint with a proof, anew if a nonce is wanted.
func (h *house) form(p *phone.Phone, path string, values url.Values, headers ...string) phone.Answer {
	h.t.Helper()
	for {
		request, err := p.PrepareForm(path, values)
		require.NoError(h.t, err)
		for _, header := range headers {
			name, value, _ := strings.Cut(header, ": ")
			request.Header.Add(name, value)
		}
		answer, err := p.Send(context.Background(), request)
		require.NoError(h.t, err)
		if code(answer) != "use_dpop_nonce" {
			return answer
		}
	}
}

func (m *machine) token(change map[string]any) phone.Answer {
	return m.h.form(m.p, "/oauth2/token", phone.MachineForm(m.assertion(change)))
}

// login gets a token and lets the machine's phone hold it.
func (m *machine) login() *phone.Phone {
	m.h.t.Helper()
	m.h.pass(time.Second) // an assertion of the second the process began in is refused
	require.NoError(m.h.t, m.p.LoginByKey(context.Background(), m.name, m.key))
	return m.p
}

// operator is made on the host, as 'florin operator create' does.
func (h *house) operator(scopes ...string) *machine {
	h.t.Helper()
	m := &machine{h: h, p: h.phone(), key: key(h.t)}
	jwk, err := domain.ECKey(&m.key.PublicKey)
	require.NoError(h.t, err)
	order := commands.SystemOrder("test", uuid.New(), "operator", h.now(), seal.Subject{})
	order.Intent = nil
	created, _, err := h.bank.Operators().Create(context.Background(), order, commands.CreateOperator{
		Name: domain.NewProfile("Eve"), Scopes: scopes, Key: jwk})
	require.NoError(h.t, err)
	m.name = created.ClientID
	return m
}
