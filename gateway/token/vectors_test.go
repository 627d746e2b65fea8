package token

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// signedVectors are those of schemas/vectors that a bank takes or refuses, byte for byte.
type signedVectors struct {
	Now    int64
	Nonce  string
	Access string `json:"access_token"`
	JKT    string
	Cases  []struct {
		Name    string
		Differs struct{ Times int }
		Request struct {
			Method, URL, Body string
			Key               string `json:"idempotency_key"`
		}
		Proof, Code, Why string
	}
}

func fromVectors[T any](t *testing.T, name string) (vector T) {
	t.Helper()
	text, err := os.ReadFile("../../schemas/vectors/" + name + ".json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &vector))
	return vector
}

// judged is what becomes of a request with this proof, at a bank that has given out
// the vectors' nonce and seen nothing before.
func (v signedVectors) judged(t *testing.T) func(proof, method, url, body, key string) error {
	now := time.Unix(v.Now, 0)
	proofs, err := NewProofs(func() time.Time { return now }, zeros{})
	require.NoError(t, err)
	proofs.nonces.made.Store(&slotted{proofs.nonces.keys.Load(), v.Now / int64(nonceLife/time.Second), [4]string{v.Nonce}})
	access := &Access{Claims: Claims{Confirmation: Binding{JKT: v.JKT}}, Digest: sha256.Sum256([]byte(v.Access))}
	return func(proof, method, url, body, key string) error {
		checked, err := proofs.Check(dpop(proof), Want{method, url, access})
		if err != nil {
			return err
		}
		return checked.SignedFor([]byte(body), key)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// What the answer to each of these is on the wire, the gateway's tests show.
func TestVectorsOfSignedRequests(t *testing.T) {
	t.Parallel()
	all := fromVectors[signedVectors](t, "refused-requests")
	good := fromVectors[struct{ JWS string }](t, "signed-request")
	body := fromVectors[[]struct{ Body string }](t, "content-digest")[0].Body
	require.NoError(t, all.judged(t)(good.JWS, "POST", "https://bank.example/v1/transfers", body, "key-1"), "as it should be, it is taken")
	require.NotEmpty(t, all.Cases)
	for _, v := range all.Cases {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			judge := all.judged(t)
			for range v.Differs.Times - 1 {
				require.NoError(t, judge(v.Proof, v.Request.Method, v.Request.URL, v.Request.Body, v.Request.Key))
			}
			err := judge(v.Proof, v.Request.Method, v.Request.URL, v.Request.Body, v.Request.Key)
			want, known := map[string]error{"invalid-dpop-proof": ErrProof, "signature-required": ErrUnsigned, "use-dpop-nonce": ErrNonce}[v.Code]
			require.True(t, known, v.Code)
			require.True(t, errors.Is(err, want), "%v", err)
			require.Equal(t, v.Why, Why(err))
		})
	}
}
