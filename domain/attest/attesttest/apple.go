package attesttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// Apple is an app that has a key attested.
type Apple struct {
	At          time.Time // the leaf was made then, and lives for three days
	ClientData  []byte    // what follows the authenticator data
	App         string    // team and bundle
	Development bool
	Counter     uint32
	Extensions  map[string]any // of iOS 27
	DataKey     *ecdsa.PublicKey
	Silent      bool // no extension in the leaf
	EditData    func([]byte) []byte
	EditNonce   func([]byte) []byte // the leaf's extension
	EditReceipt func(*Receipt)
}

// Apple attests a new key, and gives the object, the key's id, and the key.
func (m *Maker) Apple(a Apple) (object, id []byte, key *ecdsa.PrivateKey, err error) {
	key, err = ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return nil, nil, nil, err
	}
	object, id, err = m.AppleKey(&key.PublicKey, a)
	return object, id, key, err
}

// AppleKey attests a key that is there already.
func (m *Maker) AppleKey(key *ecdsa.PublicKey, a Apple) (object, id []byte, err error) {
	data, id, err := a.data(key)
	if err != nil {
		return nil, nil, err
	}
	nonce := sha256.Sum256(append(append([]byte{}, data...), a.ClientData...))
	said := append([]byte{0x30, 0x24, 0xa1, 0x22, 0x04, 0x20}, nonce[:]...)
	if a.EditNonce != nil {
		said = a.EditNonce(said)
	}
	leaf := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Simulated App Attest key"}, SerialNumber: big.NewInt(2), NotBefore: a.At, NotAfter: a.At.Add(72 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if !a.Silent {
		leaf.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}, Value: said}}
	}
	chain, _, err := m.issue(authority("Simulated App Attestation CA", a.At), leaf, key)
	if err != nil {
		return nil, nil, err
	}
	bill := Receipt{App: a.App, Certificate: chain[0], ClientData: a.ClientData, Kind: "ATTEST", At: a.At}
	if a.EditReceipt != nil {
		a.EditReceipt(&bill)
	}
	receipt, err := m.receipt(bill)
	if err != nil {
		return nil, nil, err
	}
	object, err = cbor.Marshal(map[string]any{
		"fmt": "apple-appattest", "authData": data, "attStmt": map[string]any{"x5c": chain[:2], "receipt": receipt},
	})
	return object, id, err
}

func (a Apple) data(key *ecdsa.PublicKey) (data, id []byte, err error) {
	point, err := key.Bytes()
	if err != nil {
		return nil, nil, err
	}
	digest := sha256.Sum256(point)
	app := sha256.Sum256([]byte(a.App))
	data = binary.BigEndian.AppendUint32(append(app[:], 0x40), a.Counter)
	if a.Development {
		data = append(data, "appattestdevelop"...)
	} else {
		data = append(data, "appattest\x00\x00\x00\x00\x00\x00\x00"...)
	}
	data = append(append(data, 0, byte(len(digest))), digest[:]...)
	if a.DataKey != nil {
		if point, err = a.DataKey.Bytes(); err != nil {
			return nil, nil, err
		}
	}
	cose, err := cbor.Marshal(coseKey{2, -7, 1, point[1:33], point[33:]})
	if err != nil {
		return nil, nil, err
	}
	data = append(data, cose...)
	if a.Extensions != nil {
		more, err := cbor.Marshal(a.Extensions)
		if err != nil {
			return nil, nil, err
		}
		data = append(data, more...)
	}
	if a.EditData != nil {
		data = a.EditData(data)
	}
	return data, digest[:], nil
}

type coseKey struct {
	Type      int    `cbor:"1,keyasint"`
	Algorithm int    `cbor:"3,keyasint"`
	Curve     int    `cbor:"-1,keyasint"`
	X         []byte `cbor:"-2,keyasint"`
	Y         []byte `cbor:"-3,keyasint"`
}

// Assert signs the hash of what an app says, with the counter that the chip is at.
func (m *Maker) Assert(key *ecdsa.PrivateKey, app string, clientDataHash []byte, counter uint32, more ...byte) ([]byte, error) {
	of := sha256.Sum256([]byte(app))
	data := append(binary.BigEndian.AppendUint32(append(of[:], 0x40), counter), more...)
	nonce := sha256.Sum256(append(append([]byte{}, data...), clientDataHash...))
	digest := sha256.Sum256(nonce[:])
	signature, err := ecdsa.SignASN1(m.random, key, digest[:])
	if err != nil {
		return nil, err
	}
	return cbor.Marshal(map[string]any{"signature": signature, "authenticatorData": data})
}
