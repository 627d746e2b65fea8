package gateway

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/attest"
	"florin/domain/attest/android"
	"florin/domain/attest/apple"
	"florin/domain/attest/attesttest"
	"florin/domain/attest/trust"
	"florin/domain/device"
	"florin/gateway/phone"
)

var androidSigner = bytes.Repeat([]byte{7}, 32)

const (
	androidApp = "com.example.bank"
	appleApp   = "TEAM.com.example.bank"
)

// believing is a bank that believes one maker of phones, and limits what others send.
func believing(t *testing.T) (*house, *attesttest.Maker) {
	t.Helper()
	h := newHouse(t)
	maker, err := attesttest.New(rand.Reader, h.now())
	require.NoError(t, err)
	roots, err := attest.ParseRoots(maker.Root())
	require.NoError(t, err)
	h.unproven = commands.Unproven{NoneUnits: 300, SoftwareUnits: 600}
	h.believes = trust.Trust{
		Apple: []apple.App{{ID: appleApp, Environment: apple.Production}}, AppleRoots: apple.Trust{Chains: roots, Receipts: roots},
		Android: []android.App{{Package: androidApp, Signers: [][]byte{androidSigner}}}, Chains: android.Trust{Roots: roots},
	}
	h.reopen()
	return h, maker
}

// made is a phone of that maker's.
func (h *house) made(maker *attesttest.Maker, format string, say ...func(string, []byte) any) *phone.Phone {
	h.t.Helper()
	platform := &phone.Platform{Maker: maker, Format: format, App: androidApp, Signer: androidSigner}
	if format == phone.FormatApple {
		platform.App = appleApp
	}
	if len(say) > 0 {
		platform.Say = say[0]
	}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	h.clients = append(h.clients, client)
	p, err := phone.New(phone.Settings{Base: h.issuer, Now: h.now, Random: rand.Reader, Client: client,
		Wait: func(d time.Duration) error { h.pass(d); return nil }, Platform: platform})
	require.NoError(h.t, err)
	return p
}

// registers sends a phone's registration once.
func (h *house) registers(p *phone.Phone) phone.Answer {
	h.t.Helper()
	challenge, err := p.Send(h.t.Context(), phone.Request{Method: http.MethodPost, Path: "/v1/devices/challenge"})
	require.NoError(h.t, err)
	body, err := p.Registration(field[string](h.t, challenge, "nonce"))
	require.NoError(h.t, err)
	return h.ask(p, Route{Method: http.MethodPost}, "/v1/devices", string(body), nil)
}

// owns enrols a person with that phone, logs in, and then by its SCA key.
func (h *house) owns(p *phone.Phone, name string) map[string]any {
	h.t.Helper()
	require.NoError(h.t, p.Enrol(h.t.Context(), phone.Person{UserName: name, Phone: "+4930" + strings.Repeat("1", 6) + string(rune('0'+len(name))),
		Email: name + "@example.test", Name: "Anna " + name, Password: password}))
	require.NoError(h.t, p.Register(h.t.Context()))
	h.login(p)
	h.pass(30 * time.Second)
	require.NoError(h.t, p.LoginBySCAKey(h.t.Context()))
	return claimsOf(h.t, p.Tokens().Access)
}

// attested is what a bank shows of the device that asks.
type attestedDevice struct {
	Level  string `json:"attestation_level"`
	Format string `json:"attestation_format"`
	SCA    string `json:"sca_level"`
	At     string `json:"attested_at"`
}

func (h *house) ownDevice(p *phone.Phone) attestedDevice {
	h.t.Helper()
	devices := field[[]attestedDevice](h.t, h.get(p, "/v1/devices"), "devices")
	require.Len(h.t, devices, 1)
	return devices[0]
}

// TestAttestedHardwareEarnsMore: what a phone has shown of its keys decides how strong
// its owner's confirmations are, and how much it sends.
func TestAttestedHardwareEarnsMore(t *testing.T) {
	t.Parallel()
	h, maker := believing(t)
	discovered, err := h.phone().Send(t.Context(), phone.Request{Method: http.MethodGet, Path: "/.well-known/openid-configuration"})
	require.NoError(t, err)
	require.Contains(t, field[[]string](t, discovered, "acr_values_supported"), "urn:florin:acr:sca-hw")

	pixel, iphone, simulator := h.made(maker, phone.FormatAndroid), h.made(maker, phone.FormatApple), h.phone()
	for _, tc := range []struct {
		phone              *phone.Phone
		name, acr          string
		level, format, sca string
		amount, refused    string
	}{
		{pixel, "ada", "urn:florin:acr:sca-hw", "hardware", "android-key", "sca-hw", "900.00", ""},
		{iphone, "grace", "urn:florin:acr:sca", "hardware", "apple-appattest", "sca", "900.00", ""},
		{simulator, "barbara", "urn:florin:acr:sca", "none", "", "sca", "300.01", "device-unattested"},
	} {
		claims := h.owns(tc.phone, tc.name)
		require.Equal(t, tc.acr, claims["acr"], tc.name)
		shown := h.ownDevice(tc.phone)
		require.Equal(t, []string{tc.level, tc.format, tc.sca}, []string{shown.Level, shown.Format, shown.SCA})
		require.Equal(t, tc.level != "none", shown.At != "", "since when")
		from, own, to := h.account(tc.phone, "2000.00"), h.account(tc.phone, ""), h.account(h.customer("bert"+tc.name), "")
		send := func(to, amount string) phone.Answer {
			return h.command(tc.phone, http.MethodPost, "/v1/transfers", order(from, to, amount), tc.phone.NewID())
		}
		sent := send(to, tc.amount)
		if tc.refused == "" {
			require.Equal(t, 201, sent.Status, "%s: %s", tc.name, sent.Body)
			continue
		}
		require.Equal(t, tc.refused, code(sent), "%s", sent.Body)
		require.Equal(t, 201, send(to, "200.00").Status)
		require.Equal(t, tc.refused, code(send(to, "100.01")), "many small ones are a large one")
		require.Equal(t, 201, send(to, "100.00").Status, "up to the limit of the day")
		require.Equal(t, 201, send(own, "900.00").Status, "between own accounts nothing is lost")
	}
	facts := h.facts(t, "device", pixel.Profile().Device)
	require.Equal(t, []string{"device.registered", "device.attested"}, []string{facts[0].Kind, facts[1].Kind})
}

// TestAcrValuesSayWhichPhoneMayAgree: what a client asks of the customer's yes is what
// it gets, or it gets none.
func TestAcrValuesSayWhichPhoneMayAgree(t *testing.T) {
	t.Parallel()
	h, maker := believing(t)
	pixel, simulator := h.made(maker, phone.FormatAndroid), h.phone()
	h.owns(pixel, "ada")
	h.owns(simulator, "barbara")
	till := h.teller("till", "openid", "accounts.read")
	for asked, want := range map[string][2]string{
		"urn:florin:acr:sca-hw":                    {"approved", "refused"},
		"urn:florin:acr:sca-hw phr":                {"approved", "refused"},
		"urn:florin:acr:sca-hw urn:florin:acr:sca": {"approved", "approved"},
		"urn:florin:acr:sca":                       {"approved", "approved"},
		"urn:florin:acr:device":                    {"approved", "approved"},
	} {
		for i, p := range []*phone.Phone{pixel, simulator} {
			h.pass(time.Hour)
			h.login(p)
			named := till.asked(p.Profile().UserName, "openid accounts.read", "acr_values", asked)
			waiting := h.waiting(p)
			answer := h.decideOn(p, waiting, "approve", "", nil)
			if want[i] == "refused" {
				require.Equal(t, "approval-device", code(answer), "%s: %s", asked, answer.Body)
				require.Equal(t, "authorization_pending", code(till.poll(named)), "no answer is none")
				require.Equal(t, 200, h.decideOn(p, waiting, "deny", "", nil).Status, "a no needs no such key")
				require.Equal(t, "access_denied", code(till.poll(named)))
				continue
			}
			require.Equal(t, 200, answer.Status, "%s: %s", asked, answer.Body)
			acr := "urn:florin:acr:sca"
			if p == pixel {
				acr = "urn:florin:acr:sca-hw"
			}
			require.Equal(t, acr, claimsOf(t, tokensOf(t, till.poll(named)).ID)["acr"], asked)
		}
	}
}

// TestWhoBelievesNobodyPromisesNothing: without an app of Android's no SCA key can be
// proven, so that class is not offered.
func TestWhoBelievesNobodyPromisesNothing(t *testing.T) {
	t.Parallel()
	h, maker := believing(t)
	h.believes = trust.Trust{}
	discovered, err := h.phone().Send(t.Context(), phone.Request{Method: http.MethodGet, Path: "/.well-known/openid-configuration"})
	require.NoError(t, err)
	require.NotContains(t, field[[]string](t, discovered, "acr_values_supported"), "urn:florin:acr:sca-hw")
	require.ErrorContains(t, h.made(maker, phone.FormatAndroid).Register(t.Context()), "attestation-unsupported")
}

// TestAttestationsOverHTTP: what does not stand is refused with its code and leaves no
// device; what does is taken later, too; and an assertion's counter only rises.
func TestAttestationsOverHTTP(t *testing.T) {
	t.Parallel()
	h, maker := believing(t)
	strangers, err := attesttest.New(rand.Reader, h.now())
	require.NoError(t, err)
	require.ErrorContains(t, h.made(strangers, phone.FormatAndroid).Register(t.Context()), "attestation-root-unknown")
	require.ErrorContains(t, h.made(strangers, phone.FormatApple).Register(t.Context()), "attestation-root-unknown")

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	var say func(nonce string, challenge []byte) any
	p := h.made(maker, phone.FormatApple, func(nonce string, challenge []byte) any { return say(nonce, challenge) })
	before := h.written()
	for name, tc := range map[string]struct {
		attestation string
		code        string
	}{
		"no format":          {`{}`, "attestation-unsupported"},
		"an unknown format":  {`{"format":"safetynet","data":{"x":1}}`, "attestation-unsupported"},
		"none with data":     {`{"format":"none","data":{}}`, "attestation-malformed"},
		"no data":            {`{"format":"android-key"}`, "attestation-malformed"},
		"data of another":    {`{"format":"android-key","data":{"token":"x"}}`, "attestation-malformed"},
		"not base64":         {`{"format":"apple-appattest","data":{"key_id":"!","attestation":"!"}}`, "attestation-malformed"},
		"not CBOR":           {`{"format":"apple-appattest","data":{"key_id":"AAAA","attestation":"/w=="}}`, "attestation-cbor-invalid"},
		"no chain":           {`{"format":"android-key","data":{"device":[]}}`, "attestation-chain-length"},
		"no app of Play":     {`{"format":"play-integrity","data":{"token":"a.b.c.d.e"}}`, "attestation-unsupported"},
		"no relying party":   {`{"format":"webauthn","data":{"attestation_object":"oA==","client_data":"e30="}}`, "attestation-unsupported"},
		"asserting too soon": {`{"format":"apple-assertion","data":{"assertion":"oA=="}}`, "attestation-malformed"},
	} {
		say = func(string, []byte) any { return json.RawMessage(tc.attestation) }
		answer := h.registers(p)
		require.Equal(t, tc.code, code(answer), "%s: %s", name, answer.Body)
	}
	require.Equal(t, before, h.written(), "nothing was written")

	says := func(format string, members func(challenge []byte) map[string]any) phone.Answer {
		say = func(_ string, challenge []byte) any {
			return map[string]any{"format": format, "data": members(challenge)}
		}
		return h.registers(p)
	}
	attestation := func(challenge []byte) map[string]any {
		raw, id, err := maker.AppleKey(&key.PublicKey, attesttest.Apple{At: h.now(), ClientData: challenge, App: appleApp})
		require.NoError(t, err)
		return map[string]any{"key_id": id, "attestation": raw}
	}
	assert := func(counter uint32) phone.Answer {
		return says("apple-assertion", func(challenge []byte) map[string]any {
			raw, err := maker.Assert(key, appleApp, challenge, counter)
			require.NoError(t, err)
			return map[string]any{"assertion": raw}
		})
	}
	say = func(string, []byte) any { return map[string]any{"format": "none"} }
	none := h.registers(p)
	require.Equal(t, 201, none.Status, "%s", none.Body)
	require.Equal(t, "none", field[string](t, none, "attestation_level"))
	require.Equal(t, "attestation-assertion-without-key", code(assert(1)))
	other := says("apple-appattest", func([]byte) map[string]any { return attestation([]byte("another challenge")) })
	require.Equal(t, "attestation-challenge-wrong", code(other))
	later := says("apple-appattest", attestation)
	require.Equal(t, 200, later.Status, "%s", later.Body)
	require.Equal(t, []string{"hardware", "sca"}, []string{field[string](t, later, "attestation_level"), field[string](t, later, "sca_level")})
	require.Equal(t, 200, assert(3).Status)
	require.Equal(t, "attestation-counter-replayed", code(assert(3)))
	require.Equal(t, "attestation-counter-replayed", code(assert(2)))
	require.Equal(t, 200, assert(4).Status)
	kinds := []string{}
	for _, fact := range h.facts(t, "device", field[string](t, none, "device_id")) {
		kinds = append(kinds, fact.Kind)
	}
	require.Equal(t, []string{"device.registered", device.Attested{}.Kind(), device.Asserted{}.Kind(), device.Asserted{}.Kind()}, kinds)
}
