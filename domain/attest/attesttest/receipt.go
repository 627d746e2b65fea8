package attesttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"
)

// Receipt is what a receipt says, and how it lies.
type Receipt struct {
	App         string
	Certificate []byte
	ClientData  []byte
	Kind        string // ATTEST
	At          time.Time
	Edit        func(cms []byte) []byte
}

// receipt writes a signed message as Apple does: in BER, its outer lengths indefinite,
// its content in pieces.
func (m *Maker) receipt(r Receipt) ([]byte, error) {
	field := func(kind int, value []byte) []byte {
		return sequence(asn1.TagSequence, number(kind), number(1), octets(value))
	}
	content := sequence(asn1.TagSet, field(2, []byte(r.App)), field(3, r.Certificate), field(4, r.ClientData), field(6, []byte(r.Kind)), field(7, []byte("sandbox")))
	key, err := ecdsa.GenerateKey(elliptic.P256(), m.random)
	if err != nil {
		return nil, err
	}
	serial := new(big.Int).Lsh(big.NewInt(0xfe), 64) // its first byte has the sign's bit
	signer := &x509.Certificate{
		Subject: pkix.Name{CommonName: "Simulated Receipt Signing"}, SerialNumber: serial, NotBefore: r.At.Add(-time.Hour), NotAfter: r.At.Add(lives / 2),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	chain, _, err := m.issue(authority("Simulated Application Integration", r.At), signer, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	issuer, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(content)
	signature, err := ecdsa.SignASN1(m.random, key, digest[:])
	if err != nil {
		return nil, err
	}
	hash := sequence(asn1.TagSequence, marshalled(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}), null)
	info := sequence(asn1.TagSequence, number(1), sequence(asn1.TagSequence, issuer.RawIssuer, marshalled(serial)), hash,
		sequence(asn1.TagSequence, marshalled(asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2})), octets(signature))
	half := len(content) / 2
	cms := endless(0x30, marshalled(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}), endless(0xa0, endless(0x30,
		number(1), sequence(asn1.TagSet, hash),
		endless(0x30, marshalled(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}), endless(0xa0, endless(0x24, octets(content[:half]), octets(content[half:])))),
		endless(0xa0, chain...), sequence(asn1.TagSet, info))))
	if r.Edit != nil {
		cms = r.Edit(cms)
	}
	return cms, nil
}

// endless is an element of indefinite length.
func endless(head byte, members ...[]byte) []byte {
	return slices.Concat([]byte{head, 0x80}, joined(members), []byte{0, 0})
}
