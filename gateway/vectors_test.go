package gateway

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/gateway/phone"
)

// wrongRequest is a case of schemas/vectors/refused-requests.json: how it differs from
// a request that is signed as it should be, and its answer.
type wrongRequest struct {
	Name    string
	Differs struct {
		Header, Claims map[string]any
		Key            string
		SignedBy       string `json:"signed_by"`
		Signature      string
		Body           []string
		IdempotencyKey string `json:"idempotency_key"`
		Times          int
	}
	Status int
	Code   string
}

type wrongRequests struct {
	Now    int64
	Claims map[string]any
	Cases  []wrongRequest
}

// onto takes the members of one set into another; nil takes one away.
func onto(members, by map[string]any) map[string]any {
	made := maps.Clone(members)
	for name, value := range by {
		if made[name] = value; value == nil {
			delete(made, name)
		}
	}
	return made
}

// spoilt is the phone's request with its proof made anew, wrong as the case says.
func (v wrongRequest) spoilt(t *testing.T, h *house, all wrongRequests, device *ecdsa.PrivateKey, request phone.Request) phone.Request {
	t.Helper()
	parts := strings.Split(request.Header.Get("DPoP"), ".")
	var header, claims map[string]any
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	other, signer := key(t), device
	if v.Differs.Key == "other" {
		jwk, err := domain.ECKey(&other.PublicKey)
		require.NoError(t, err)
		jwk.Algorithm, signer, header["jwk"] = "", other, jwk
	}
	if v.Differs.SignedBy == "other" {
		signer = other
	}
	changes := maps.Clone(v.Differs.Claims)
	if at, ok := changes["iat"].(float64); ok {
		changes["iat"] = h.now().Unix() + int64(at) - all.Now
	}
	if url, ok := changes["htu"].(string); ok {
		changes["htu"] = strings.Replace(url, "https://bank.example", h.issuer, 1)
	}
	request.Header.Set("DPoP", compactOf(t, onto(header, v.Differs.Header), onto(claims, changes), signer, v.Differs.Signature))
	if v.Differs.Body != nil {
		changed := strings.Replace(string(request.Body), v.Differs.Body[0], v.Differs.Body[1], 1)
		require.NotEqual(t, string(request.Body), changed)
		request.Body = []byte(changed)
	}
	if v.Differs.IdempotencyKey != "" {
		request.Header.Set("Idempotency-Key", v.Differs.IdempotencyKey)
	}
	return request
}

// compactOf is a JWS, its signature spelled as JWS has it ("") or as it should not be.
func compactOf(t *testing.T, header, claims map[string]any, by *ecdsa.PrivateKey, spelling string) string {
	t.Helper()
	head, err := json.Marshal(header)
	require.NoError(t, err)
	body, err := json.Marshal(claims)
	require.NoError(t, err)
	input := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(input))
	der, err := ecdsa.SignASN1(rand.Reader, by, digest[:])
	require.NoError(t, err)
	if spelling == "der" {
		return input + "." + base64.RawURLEncoding.EncodeToString(der)
	}
	r, s, err := ecdsa.Sign(rand.Reader, by, digest[:])
	require.NoError(t, err)
	raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	switch spelling {
	case "padded":
		return input + "." + base64.URLEncoding.EncodeToString(raw)
	case "cut":
		return input + "."
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(raw)
}

// The vectors that every client can be held against are what a running bank says.
func TestVectorsThatAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	anna := h.customer("anna")
	from, to := h.account(anna, "5000.00"), h.account(anna, "")
	saved, err := anna.Save()
	require.NoError(t, err)
	var kept struct {
		Device []byte `json:"device_key"`
	}
	require.NoError(t, json.Unmarshal(saved, &kept))
	parsed, err := x509.ParsePKCS8PrivateKey(kept.Device)
	require.NoError(t, err)
	text, err := os.ReadFile("../schemas/vectors/refused-requests.json")
	require.NoError(t, err)
	all := wrongRequests{}
	require.NoError(t, json.Unmarshal(text, &all))
	require.NotEmpty(t, all.Cases)
	accepted := 0
	for _, v := range all.Cases {
		request, err := anna.Prepare(http.MethodPost, "/v1/transfers", order(from, to, "100.00"), anna.NewID())
		require.NoError(t, err)
		request = v.spoilt(t, h, all, parsed.(*ecdsa.PrivateKey), request)
		for range v.Differs.Times - 1 {
			answer, err := anna.Send(t.Context(), request)
			require.NoError(t, err)
			require.Equal(t, 201, answer.Status, "%s: %s", v.Name, answer.Body)
			accepted++
		}
		answer, err := anna.Send(t.Context(), request)
		require.NoError(t, err)
		require.Equal(t, v.Status, answer.Status, "%s: %s", v.Name, answer.Body)
		require.Equal(t, v.Code, code(answer), v.Name)
	}
	require.Equal(t, 1, accepted)
	require.Equal(t, "4900.00", h.balance(anna, from))
}
