package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/stretchr/testify/require"

	"florin/domain/customer"
)

const issuer = "https://bank.example"

var challenge = []byte("a challenge of thirty-two bytes.")

// authenticator makes, byte by byte, what the specification says; its key and its
// credential are the same in every process, so that what a fuzzer has found once is
// found again.
type authenticator struct {
	party      Party
	key        *ecdsa.PrivateKey
	credential []byte
}

func newAuthenticator(t testing.TB) authenticator {
	t.Helper()
	party, err := New(issuer)
	require.NoError(t, err)
	scalar := sha256.Sum256([]byte("the key of an authenticator in a test"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	require.NoError(t, err)
	return authenticator{party, key, slices.Repeat([]byte{7}, 32)}
}

func (a authenticator) cose(t testing.TB) []byte {
	t.Helper()
	point, err := a.key.PublicKey.Bytes()
	require.NoError(t, err)
	return cose(point[1:33], point[33:])
}

func clientData(kind string, challenge []byte) []byte {
	return fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":false}`, kind, encoding.EncodeToString(challenge), issuer)
}

// data is authenticator data (section 6.1): present and verified, counted to 5.
func (a authenticator) data(flags byte, attested ...byte) []byte {
	party := sha256.Sum256([]byte("bank.example"))
	return slices.Concat(party[:], []byte{flags, 0, 0, 0, 5}, attested)
}

const (
	present, verified, attests = 0x01, 0x04, 0x40
	aaguidBytes                = 16
)

// object is an attestation object of format none (section 8.7).
func (a authenticator) object(t testing.TB) []byte {
	t.Helper()
	data := a.data(present|verified|attests, slices.Concat(make([]byte, aaguidBytes), []byte{0, byte(len(a.credential))}, a.credential, a.cose(t))...)
	return slices.Concat([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), []byte{byte(len(data))}, data)
}

func (a authenticator) creation(clientData, object []byte) string {
	return fmt.Sprintf(`{"id":%[1]q,"rawId":%[1]q,"type":"public-key","response":{"clientDataJSON":%[2]q,"attestationObject":%[3]q}}`,
		encoding.EncodeToString(a.credential), base64.RawURLEncoding.EncodeToString(clientData), base64.RawURLEncoding.EncodeToString(object))
}

func (a authenticator) assertion(clientData, data, signature []byte) string {
	return fmt.Sprintf(`{"id":%[1]q,"rawId":%[1]q,"type":"public-key","response":{"clientDataJSON":%[2]q,"authenticatorData":%[3]q,"signature":%[4]q,"userHandle":"dXNlcg"}}`,
		encoding.EncodeToString(a.credential), encoding.EncodeToString(clientData), encoding.EncodeToString(data), encoding.EncodeToString(signature))
}

func (a authenticator) signs(t testing.TB, clientData, data []byte) []byte {
	t.Helper()
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(slices.Concat(data, hash[:]))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	require.NoError(t, err)
	return signature
}

func TestAPasskeyIsMadeAndUsed(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t)
	made, err := a.party.Attested(a.creation(clientData("webauthn.create", challenge), a.object(t)), challenge)
	require.NoError(t, err)
	require.Equal(t, customer.Credential{ID: encoding.EncodeToString(a.credential), PublicKey: encoding.EncodeToString(a.cose(t)), SignCount: 5, UserVerified: true}, made)
	have := []customer.Factor{{Credential: made}}
	said, data := clientData("webauthn.get", challenge), a.data(present|verified)
	got, err := a.party.Asserted(a.assertion(said, data, a.signs(t, said, data)), challenge, have)
	require.NoError(t, err)
	require.Equal(t, Assertion{Factor: have[0], SignCount: 5, UserVerified: true}, got)

	other := clientData("webauthn.get", []byte("another"))
	unseen := a.data(present)
	for name, response := range map[string]string{
		"another challenge":   a.assertion(other, data, a.signs(t, other, data)),
		"signed another":      a.assertion(said, data, a.signs(t, other, data)),
		"nobody was verified": a.assertion(said, unseen, a.signs(t, said, unseen)),
		"a creation":          a.creation(said, a.object(t)),
		"too long":            strings.Repeat(" ", ResponseBytesMax) + a.assertion(said, data, a.signs(t, said, data)),
	} {
		_, err := a.party.Asserted(response, challenge, have)
		require.ErrorIs(t, err, ErrResponse, name)
	}
}

// FuzzAttested reads whatever may come back from navigator.credentials.create: any
// JSON, or good JSON around any client data and object. What is taken answers this
// challenge, from this origin, and can be used from then on.
func FuzzAttested(f *testing.F) {
	a := newAuthenticator(f)
	good, object := clientData("webauthn.create", challenge), a.object(f)
	f.Add("", good, object)
	f.Add("", clientData("webauthn.get", challenge), slices.Concat([]byte("\xa3\x63fmt\x66packed\x67attStmt\xa0"), object[21:]))
	f.Add("", []byte(`{"type":"webauthn.create","challenge":"","origin":"`+issuer+`","topOrigin":"x","tokenBinding":{"status":"present"}}`), []byte("\xbf\xff"))
	f.Add(a.creation(good, object), []byte{}, []byte{})
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA","transports":["usb"]}}`, []byte{}, []byte{})
	f.Add("\xff", []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, response string, clientData, object []byte) {
		if response == "" {
			response = a.creation(clientData, object)
		}
		made, err := a.party.Attested(response, challenge)
		if err != nil {
			require.ErrorIs(t, err, ErrResponse)
			require.Zero(t, made)
			return
		}
		require.True(t, made.UserVerified)
		public, err := encoding.DecodeString(made.PublicKey)
		require.NoError(t, err)
		_, err = webauthncose.ParsePublicKey(public)
		require.NoError(t, err)
		answers(t, response, "webauthn.create")
		have := []customer.Factor{{Credential: made}}
		_, err = a.party.Request(challenge, have)
		require.NoError(t, err)
		_, _ = a.party.Asserted(a.assertion(good, a.data(present|verified), []byte{}), challenge, have)
	})
}

// FuzzAsserted reads whatever may come back from navigator.credentials.get: any
// JSON, or good JSON around anything, which without a signature is signed by the
// passkey itself. What is taken answers this challenge and says what the
// authenticator has said; for a passkey that was made up nothing ever is.
func FuzzAsserted(f *testing.F) {
	a := newAuthenticator(f)
	good, data := clientData("webauthn.get", challenge), a.data(present|verified)
	f.Add("", good, data, []byte{})
	f.Add("", good, a.data(present|verified|0x80, []byte("\xa1\x63key\x01")...), []byte{})
	f.Add("", good, a.data(present|verified|0x18), []byte{})
	f.Add("", clientData("webauthn.get", []byte("another")), data, []byte{})
	f.Add("", good, data, a.signs(f, good, data))
	f.Add("", good, data, []byte("\x30\x06\x02\x01\x01\x02\x01\x01"))
	f.Add(a.assertion(good, data, a.signs(f, good, data)), []byte{}, []byte{}, []byte{})
	f.Add(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"","signature":"","userHandle":null}}`, []byte{}, []byte{}, []byte{})
	factor := func(public string) []customer.Factor {
		return []customer.Factor{{Credential: customer.Credential{ID: encoding.EncodeToString(a.credential), PublicKey: public}}}
	}
	have := factor(encoding.EncodeToString(a.cose(f)))
	f.Fuzz(func(t *testing.T, response string, clientData, data, signature []byte) {
		if response == "" {
			if len(signature) == 0 {
				signature = a.signs(t, clientData, data)
			}
			response = a.assertion(clientData, data, signature)
		}
		said, err := a.party.Asserted(response, challenge, have)
		if err == nil {
			raw := answers(t, response, "webauthn.get")
			require.Equal(t, Assertion{
				Factor: have[0], SignCount: int64(binary.BigEndian.Uint32(raw[33:37])), UserVerified: true,
				BackupEligible: raw[32]&0x08 != 0, BackedUp: raw[32]&0x10 != 0,
			}, said)
			require.NotZero(t, raw[32]&verified)
			require.NotZero(t, raw[32]&present)
		}
		for _, public := range []string{"", "AAAA"} {
			_, err = a.party.Asserted(response, challenge, factor(public))
			require.ErrorIs(t, err, ErrResponse)
		}
	})
}

// answers reads the client data once more, by another way, and gives the
// authenticator's.
func answers(t *testing.T, response, kind string) []byte {
	t.Helper()
	var outer struct {
		Response struct{ ClientDataJSON, AuthenticatorData string }
	}
	require.NoError(t, json.NewDecoder(strings.NewReader(response)).Decode(&outer))
	decoded := func(text string) []byte {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
		require.NoError(t, err)
		return raw
	}
	var said struct{ Type, Challenge, Origin string }
	require.NoError(t, json.Unmarshal(decoded(outer.Response.ClientDataJSON), &said))
	require.Equal(t, kind, said.Type)
	require.Equal(t, encoding.EncodeToString(challenge), said.Challenge)
	require.Equal(t, issuer, said.Origin)
	return decoded(outer.Response.AuthenticatorData)
}
