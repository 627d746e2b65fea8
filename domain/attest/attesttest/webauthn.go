package attesttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// WebAuthn is an authenticator that makes a credential in a browser.
type WebAuthn struct {
	At                time.Time
	Challenge         []byte
	Party, Origin     string
	Type              string // of the ceremony
	Flags             byte
	Format            string
	Algorithm         int
	Naked             bool // no certificates: self attestation
	Model, LeafModel  string
	CrossOrigin       bool
	EditData, EditSig func([]byte) []byte
}

// GoodWebAuthn has verified its owner, and its maker vouches for it.
func GoodWebAuthn(challenge []byte, party, origin string, at time.Time) WebAuthn {
	return WebAuthn{At: at, Challenge: challenge, Party: party, Origin: origin, Type: "webauthn.create", Flags: 0x45, Format: "packed",
		Algorithm: -7, Model: "a simulated one.", LeafModel: "a simulated one."}
}

// WebAuthn attests a new credential.
func (m *Maker) WebAuthn(w WebAuthn) (object, clientData []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return nil, nil, err
	}
	clientData, err = json.Marshal(map[string]any{
		"type": w.Type, "challenge": base64.RawURLEncoding.EncodeToString(w.Challenge), "origin": w.Origin, "crossOrigin": w.CrossOrigin})
	if err != nil {
		return nil, nil, err
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, nil, err
	}
	cose, err := cbor.Marshal(coseKey{2, -7, 1, point[1:33], point[33:]})
	if err != nil {
		return nil, nil, err
	}
	party := sha256.Sum256([]byte(w.Party))
	data := append(append(append(party[:], w.Flags, 0, 0, 0, 0), w.Model...), 0, 16)
	data = append(append(data, make([]byte, 16)...), cose...)
	if w.EditData != nil {
		data = w.EditData(data)
	}
	leaf := &x509.Certificate{
		Subject:      pkix.Name{Country: []string{"SE"}, Organization: []string{"Simulated"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Simulated"},
		SerialNumber: big.NewInt(3), NotBefore: w.At, NotAfter: w.At.Add(time.Hour), BasicConstraintsValid: true,
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: append([]byte{4, 16}, w.LeafModel...)}},
	}
	attesting, err := ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return nil, nil, err
	}
	chain, _, err := m.issue(authority("Simulated Authenticators", w.At), leaf, &attesting.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	hash := sha256.Sum256(clientData)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(m.random, attesting, digest[:])
	if err != nil {
		return nil, nil, err
	}
	if w.EditSig != nil {
		signature = w.EditSig(signature)
	}
	statement := map[string]any{"alg": w.Algorithm, "sig": signature}
	if !w.Naked {
		statement["x5c"] = chain[:2]
	}
	object, err = cbor.Marshal(map[string]any{"fmt": w.Format, "authData": data, "attStmt": statement})
	return object, clientData, err
}
