package token

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"florin/domain"
)

// ProofAge is how far a proof's iat may be from the server's clock.
const ProofAge = 60 * time.Second

// idBytesMax bounds a jti.
const idBytesMax = 128

// proofClaims are those of a DPoP proof (RFC 9449 section 4.2), and the two that
// make it the signature of a request (http-api.md).
type proofClaims struct {
	ID             string `json:"jti"`
	Method         string `json:"htm"`
	URL            string `json:"htu"`
	IssuedAt       int64  `json:"iat"`
	TokenHash      string `json:"ath,omitzero"`
	Nonce          string `json:"nonce,omitzero"`
	ContentDigest  string `json:"content_digest,omitzero"`
	IdempotencyKey string `json:"idempotency_key,omitzero"`
}

// Proof is a verified DPoP proof: this key was there, for this request.
type Proof struct {
	JKT            string // RFC 7638 thumbprint
	Key            domain.PublicKey
	ID             string // jti
	IssuedAt       time.Time
	Nonce          string
	ContentDigest  string // as claimed; SignedFor checks it
	IdempotencyKey string
	Raw            string // the proof itself: evidence
}

// SignedFor tells whether the proof is also the signature of a request with this
// body and key: nil, ErrUnsigned if it makes no such claim, ErrProof (a *Mismatch) if
// another.
func (p *Proof) SignedFor(body []byte, idempotencyKey string) error {
	if p.ContentDigest == "" || p.IdempotencyKey == "" {
		return ErrUnsigned
	}
	sameBody := subtle.ConstantTimeCompare([]byte(p.ContentDigest), []byte(ContentDigest(body)))
	sameKey := subtle.ConstantTimeCompare([]byte(p.IdempotencyKey), []byte(idempotencyKey))
	switch {
	case sameBody != 1:
		return errBody
	case sameKey != 1:
		return errIdempotencyKey
	}
	return nil
}

// ContentDigest is the value of RFC 9530's header over the body.
func ContentDigest(body []byte) string {
	digest := sha256.Sum256(body)
	return "sha-256=:" + base64.StdEncoding.EncodeToString(digest[:]) + ":"
}

// Want is what a proof has to be made for.
type Want struct {
	Method string
	URL    string  // of the request, without query and fragment
	Access *Access // nil where no token is shown: then there must be no ath
}

// Proofs checks DPoP proofs. One per process: it holds who has been seen.
type Proofs struct {
	now     func() time.Time
	random  io.Reader
	nonces  nonces
	seen    *Once
	signers kept[string, *signer] // by the proof's first segment, which names the key
}

// signer is whose key a proof's header says it is.
type signer struct {
	key   domain.PublicKey
	point *ecdsa.PublicKey
	jkt   string // RFC 7638 thumbprint
}

func readSigner(segment string) (*signer, error) {
	head, err := decodeHeader(segment, "dpop+jwt", "ES256")
	if err != nil {
		return nil, err
	}
	key, point, err := head.key()
	if err != nil {
		return nil, err
	}
	return &signer{key, point, key.Thumbprint()}, nil
}

// signerBytesMax bounds the headers that are kept; that of a plain proof has some 270.
const signerBytesMax = 512

// NewProofs makes a checker with fresh nonce keys: no proof made for a former
// process passes.
func NewProofs(now func() time.Time, random io.Reader) (*Proofs, error) {
	p := &Proofs{now: now, random: random, seen: NewOnce(2*ProofAge, seenMax)}
	return p, p.Turn()
}

// Turn makes the nonce key anew once an hour; who calls it about once a second
// lets no nonce live under an old one.
func (p *Proofs) Turn() error { return p.nonces.turn(p.now(), p.random) }

// NonceKeys are for the gateways of this core, and for nobody else.
func (p *Proofs) NonceKeys() NonceKeys { return *p.nonces.keys.Load() }

// Share takes over the core's keys: a proof with its nonce is good at every gateway.
func (p *Proofs) Share(keys NonceKeys) { p.nonces.keys.Store(&keys) }

// Nonce is what the next proof should carry; it stands for five to ten minutes.
func (p *Proofs) Nonce() string { return p.nonces.at(p.now()).stands[0] }

// Claim uses up a proof that a gateway has verified: what Check says of the nonce
// and of a second use, for all gateways of this core.
func (p *Proofs) Claim(jkt, id, nonce string) error {
	now := p.now()
	if !p.nonces.stand(nonce, now) {
		return ErrNonce
	}
	return p.use(jkt, id, now)
}

func (p *Proofs) use(jkt, id string, now time.Time) error {
	err := p.seen.Claim(jkt, id, now)
	if errors.Is(err, ErrProof) {
		return errReplayed
	}
	return err
}

// Check reads the request's one DPoP header. ErrNonce: make it anew with Nonce.
// ErrProof (a *Mismatch): do not try again. ErrFull: try later. A proof that passes
// is used up.
func (p *Proofs) Check(h http.Header, want Want) (*Proof, error) {
	raw, err := onlyProof(h)
	if err != nil {
		return nil, err
	}
	by, segment, known, err := p.signer(raw)
	if err != nil {
		return nil, err
	}
	now := p.now()
	claims, err := peek[proofClaims](raw)
	if err != nil {
		return nil, errMalformed
	}
	if err := fits(claims, by.jkt, want, now); err != nil {
		return nil, err
	}
	if !p.nonces.stand(claims.Nonce, now) {
		return nil, ErrNonce
	}
	if err := verify(raw, by.point); err != nil { // last, for it costs more than all the rest
		return nil, errSignature
	}
	if err := p.use(by.jkt, claims.ID, now); err != nil {
		return nil, err
	}
	if !known && want.Access != nil && len(segment) <= signerBytesMax { // strangers' keys are not kept
		p.signers.put(strings.Clone(segment), by)
	}
	return &Proof{
		JKT: by.jkt, Key: by.key, ID: claims.ID, IssuedAt: time.Unix(claims.IssuedAt, 0).UTC(), Nonce: claims.Nonce,
		ContentDigest: claims.ContentDigest, IdempotencyKey: claims.IdempotencyKey, Raw: raw,
	}, nil
}

// Presenter is the thumbprint of the key that truly made the request's one proof,
// whatever the proof was made for; "" if none did. It uses nothing up. It costs a
// verification, so it is for what is worth one.
func (p *Proofs) Presenter(h http.Header) string {
	raw, err := onlyProof(h)
	if err != nil {
		return ""
	}
	by, _, _, err := p.signer(raw)
	if err != nil || verify(raw, by.point) != nil {
		return ""
	}
	return by.jkt
}

func onlyProof(h http.Header) (string, error) {
	values := h.Values("DPoP")
	if len(values) != 1 {
		return "", errNoProof
	}
	return values[0], nil
}

// signer is whose proof this says it is.
func (p *Proofs) signer(raw string) (by *signer, segment string, known bool, err error) {
	if segment, err = framed(raw, ProofBytesMax); err != nil {
		return nil, "", false, errMalformed
	}
	if by, known = p.signers.get(segment); !known {
		if by, err = readSigner(segment); err != nil {
			return nil, "", false, errMalformed
		}
	}
	return by, segment, known, nil
}

// fits tells what speaks against a proof on the face of it, nil if nothing does.
func fits(claims proofClaims, jkt string, want Want, now time.Time) error {
	switch {
	case claims.ID == "", len(claims.ID) > idBytesMax:
		return errMalformed
	case !within(claims.IssuedAt, now, ProofAge):
		return errStale
	case claims.Method != want.Method, claims.URL != want.URL:
		return errRequest
	case want.Access == nil && claims.TokenHash == "":
		return nil
	case want.Access == nil:
		return errTokenHash
	}
	switch {
	case jkt != want.Access.Confirmation.JKT:
		return errKey
	case claims.TokenHash != want.Access.Hash():
		return errTokenHash
	}
	return nil
}
