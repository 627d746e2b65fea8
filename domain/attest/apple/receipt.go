package apple

import (
	"bytes"
	"crypto/x509"
	_ "embed"
	"encoding/asn1"
	"time"

	"florin/domain/attest"
)

// receiptRootPEM is Apple Root CA - G3, P-384, good until 2039-04-30, SHA-256
// 63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179, as
// https://www.apple.com/certificateauthority/AppleRootCA-G3.cer has it.
//
//go:embed receipt_root.pem
var receiptRootPEM []byte

// DER of what receipts are made of, as CMS (RFC 5652) names it.
var (
	oidSignedData = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	oidData       = []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01}
	sha256Null    = []byte{0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00}
	ecdsaSHA256   = []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}
	versionOne    = []byte{0x02, 0x01, 0x01}
)

// Fields of a receipt's payload.
const (
	fieldApp         = 2
	fieldCertificate = 3
	fieldClientData  = 4
	fieldKind        = 6
)

// receipt is a CMS signed message of one signer, who has signed the content itself, with
// the chain of certificates that shows who it was.
type receipt struct {
	content   []byte
	chain     [][]byte
	issuer    []byte // of the signer's certificate
	serial    []byte
	signature []byte
}

// judgeReceipt holds that Apple has made the receipt for this very attestation: the same
// app, certificate and client data. Nothing else needs it, but so no byte of an
// attestation object can be anybody's but Apple's.
func judgeReceipt(raw []byte, leaf *x509.Certificate, clientData []byte, app string, roots attest.Roots, at time.Time) error {
	r, err := parseReceipt(raw)
	if err != nil {
		return err
	}
	chain, err := attest.ParseChain(r.chain, 2)
	if err != nil {
		return err
	}
	switch signer := chain[0]; {
	case !roots.Holds(chain[len(chain)-1]):
		return attest.ErrRoot
	case !bytes.Equal(r.issuer, signer.RawIssuer), !bytes.Equal(r.serial, signer.SerialNumber.Bytes()),
		signer.CheckSignature(x509.ECDSAWithSHA256, r.content, r.signature) != nil:
		return attest.ErrReceipt
	}
	for i, certificate := range chain {
		if i > 0 && chain[i-1].CheckSignatureFrom(certificate) != nil || i > 0 && !bytes.Equal(chain[i-1].RawIssuer, certificate.RawSubject) {
			return attest.ErrChain
		}
		if at.Before(certificate.NotBefore) || at.After(certificate.NotAfter) {
			return attest.ErrExpired
		}
	}
	return judgePayload(r.content, leaf, clientData, app)
}

func judgePayload(content []byte, leaf *x509.Certificate, clientData []byte, app string) error {
	var fields []struct {
		Type, Version int
		Value         []byte
	}
	if rest, err := asn1.UnmarshalWithParams(content, &fields, "set"); err != nil || len(rest) > 0 {
		return attest.ErrReceipt
	}
	want := map[int][]byte{fieldApp: []byte(app), fieldCertificate: leaf.Raw, fieldClientData: clientData, fieldKind: []byte("ATTEST")}
	for _, field := range fields {
		if value, judged := want[field.Type]; judged {
			if !bytes.Equal(value, field.Value) {
				return attest.ErrReceipt
			}
			delete(want, field.Type)
		}
	}
	if len(want) > 0 {
		return attest.ErrReceipt
	}
	return nil
}

// parseReceipt takes the one shape that receipts have, and no other.
func parseReceipt(raw []byte) (r receipt, err error) {
	outer, rest, err := parseBER(raw, berDepthMax)
	if err != nil || len(rest) > 0 || !outer.is(0x30, 2) || !bytes.Equal(outer.kids[0].raw, oidSignedData) || !outer.kids[1].is(0xa0, 1) {
		return r, attest.ErrReceipt
	}
	signed := outer.kids[1].kids[0]
	if !signed.is(0x30, 5) || !bytes.Equal(signed.kids[0].raw, versionOne) ||
		!signed.kids[1].is(0x31, 1) || !bytes.Equal(signed.kids[1].kids[0].raw, sha256Null) {
		return r, attest.ErrReceipt
	}
	content, certificates, signers := signed.kids[2], signed.kids[3], signed.kids[4]
	if !content.is(0x30, 2) || !bytes.Equal(content.kids[0].raw, oidData) || !content.kids[1].is(0xa0, 1) || certificates.head != 0xa0 || !signers.is(0x31, 1) {
		return r, attest.ErrReceipt
	}
	var whole bool
	if r.content, whole = content.kids[1].kids[0].octets(); !whole {
		return r, attest.ErrReceipt
	}
	for _, certificate := range certificates.kids {
		r.chain = append(r.chain, certificate.raw)
	}
	return r, r.signedBy(signers.kids[0])
}

// signedBy reads the signer: version, whose certificate, two algorithms, the signature.
func (r *receipt) signedBy(info node) error {
	if !info.is(0x30, 5) || !bytes.Equal(info.kids[0].raw, versionOne) || !info.kids[1].is(0x30, 2) ||
		!bytes.Equal(info.kids[2].raw, sha256Null) || !bytes.Equal(info.kids[3].raw, ecdsaSHA256) || info.kids[4].head != 0x04 {
		return attest.ErrReceipt
	}
	who := info.kids[1]
	if who.kids[1].head != 0x02 {
		return attest.ErrReceipt
	}
	r.issuer, r.serial, r.signature = who.kids[0].raw, bytes.TrimPrefix(who.kids[1].body, []byte{0}), info.kids[4].body
	return nil
}
