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

// fuzzed sends one request to the whole bank, anew if a nonce is wanted. However it
// is answered, it is no failure of ours, and it fits the schema of its command.
func (h *house) fuzzed(t *testing.T, p *phone.Phone, prepare func() (phone.Request, error)) {
	h.pass(5 * time.Millisecond) // proofs are forgotten, and budgets fill up again
	for {
		request, err := prepare()
		require.NoError(t, err)
		answer, err := p.Send(context.Background(), request)
		require.NoError(t, err)
		if strings.HasPrefix(strings.ReplaceAll(code(answer), "_", "-"), "use-dpop-nonce") {
			continue
		}
		require.Less(t, answer.Status, 500, "%s: %s", request.Path, answer.Body)
		require.False(t, answer.Status >= 300 && answer.Status < 400, "%s", request.Path)
		require.Empty(t, h.truth.told())
		return
	}
}

// FuzzBodies sends any body to any route that takes one, signed and proven by who
// may: what is refused behind the door is refused as a fault of the caller's.
func FuzzBodies(f *testing.F) {
	s := newScene(f)
	rows, tries := map[string]Route{}, s.tries()
	names := map[string]string{"FROM": s.from, "TO": s.to, "BERT": s.berts, "DORA": s.annas["customers"], "NUMBER": s.iban(s.anna, s.from)}
	for _, row := range s.routes {
		name := row.Method + " " + row.Path
		if row.Request == nil || row.Request.NumField() == 0 && row.Takes == "" || tries[name].by == "form" {
			continue
		}
		rows[name] = row
		seed := tries[name].body
		for placeholder, value := range names {
			seed = strings.ReplaceAll(seed, value, placeholder)
		}
		f.Add(name, seed)
	}
	f.Add("POST /v1/transfers", `{"from":"FROM","to":"BERT","amount":"1500.00","currency":"EUR","reference":"\u0000"}`)
	f.Add("POST /v1/transfers", `{"from":"FROM","to":"FROM","amount":"99999999999999999999999999.99","currency":"JPY"}`)
	f.Add("POST /v1/accounts", `{"currency":"BHD","name":"\u202e","product":"savings"}`)
	f.Add("POST /v1/customers", `{"user_name":"ß\u0000","phone":"+1","email":"a@b.c","name":"\ud83d\ude00","password":"\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"}`)
	f.Fuzz(func(t *testing.T, name, body string) {
		row, known := rows[name]
		if !known {
			return
		}
		for placeholder, value := range names {
			body = strings.ReplaceAll(body, placeholder, value)
		}
		try := tries[name]
		path := try.path
		if path == "" {
			path = strings.Replace(row.Path, "{id}", s.annas[segment(row.Path)], 1)
		}
		p := s.caller(try.by)
		s.fuzzed(t, p, func() (phone.Request, error) {
			request, err := p.Prepare(row.Method, path, []byte(body), p.NewID())
			if row.Takes != "" {
				request.Header.Set("Content-Type", row.Takes)
			}
			return request, err
		})
	})
}

// FuzzForms sends any form to every endpoint of the provider, with the proof of a
// registered device.
func FuzzForms(f *testing.F) {
	h := newHouse(f)
	anna := h.customer("anna")
	shop := h.thirdParty("shop", "openid", "accounts.read", "payments.transfer")
	challenge := begin("", "").Get("code_challenge")
	for path, seeds := range map[string][]string{
		"/oauth2/challenge": {
			begin("anna", password).Encode(), begin("nobody", "x").Encode(), "auth_session=AAAA&otp=123456", begin("anna", password).Encode() + "&webauthn=options",
			begin("anna", password).Encode() + "&webauthn=%7B%7D&sca_assertion=a.b.c&recovery_code=AAAA&otp_send=email&max_age=0",
		},
		"/oauth2/token": {
			"grant_type=authorization_code&client_id=florin-app&code=AAAA&code_verifier=" + challenge, "grant_type=refresh_token&client_id=florin-app&refresh_token=AAAA",
			"grant_type=client_credentials&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&scope=openid",
		},
		"/oauth2/par": {
			wish("openid accounts.read").Encode() + "&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
			wish("openid").Encode() + "&authorization_details=%5B%5D&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
		},
		"/oauth2/bc-authorize": {
			"scope=openid&login_hint=anna&binding_message=M&requested_expiry=60&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
			"scope=openid&id_token_hint=a.b.c&authorization_details=%5B%5D&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
		},
		"/oauth2/revoke":     {"token=AAAA&client_id=florin-app", "token=a.b.c&token_type_hint=access_token&client_id=florin-app"},
		"/oauth2/introspect": {"token=a.b.c&client_assertion=ASSERTION&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"},
	} {
		for _, seed := range seeds {
			f.Add(path, seed)
		}
	}
	paths := map[string]bool{}
	for _, row := range h.routes {
		paths[row.Path] = row.OAuth && row.Method == http.MethodPost
	}
	f.Fuzz(func(t *testing.T, path, body string) {
		if !paths[path] {
			return
		}
		h.fuzzed(t, anna, func() (phone.Request, error) {
			request, err := anna.PrepareForm(path, nil)
			if err != nil {
				return request, err
			}
			assertion, err := shop.p.Assertion(shop.name, shop.key, nil)
			request.Body = []byte(strings.ReplaceAll(body, "ASSERTION", assertion))
			return request, err
		})
	})
}
