// Package webauthn judges the attestation of an authenticator that a browser or desktop
// has had make a credential for: WebAuthn's format "packed" with certificates (Level 3,
// sections 7.1 and 8.2). go-webauthn reads client data and authenticator data.
//
// The maker of the authenticator vouches for it, and the client data's challenge binds
// the registration's keys; these live elsewhere, so it never shows more than software.
// Self attestation and none show nothing and are refused: say "none" instead.
//
// Why the statement itself is held here: the library judges certificates at the time of
// the wall clock, and a verdict has to come out the same from the log.
package webauthn

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"florin/domain/attest"
)

// Party is the relying party, and the roots of the makers whom the bank trusts.
type Party struct {
	ID      string
	Origins []string
	Roots   attest.Roots
}

// What is read at most, in bytes.
const (
	ObjectBytesMax     = 12 << 10
	ClientDataBytesMax = 2 << 10
)

// Finding is what an attestation that stands has shown.
type Finding struct {
	Model     string // AAGUID, in hexadecimal
	Statement string
}

// Reasons are its codes, for the record.
func (f Finding) Reasons() []string { return []string{"authenticator-vouched-for"} }

type object struct {
	Format    string `cbor:"fmt"`
	Statement struct {
		Algorithm int      `cbor:"alg"`
		Signature []byte   `cbor:"sig"`
		Chain     [][]byte `cbor:"x5c"`
	} `cbor:"attStmt"`
	Data []byte `cbor:"authData"`
}

// es256 is COSE's number of it; makers sign attestations by no other that is taken here.
const es256 = -7

// Judge holds an attestation object and its client data against the challenge, at a
// time. Its error is one refusal.
func Judge(raw, clientData, challenge []byte, party Party, at time.Time) (Finding, error) {
	if len(raw) > ObjectBytesMax || len(clientData) > ClientDataBytesMax {
		return Finding{}, attest.ErrTooLarge
	}
	if err := judgeClient(clientData, challenge, party); err != nil {
		return Finding{}, err
	}
	said, err := attest.Unpack[object](raw)
	switch {
	case err != nil:
		return Finding{}, err
	case said.Format != "packed", len(said.Statement.Chain) == 0:
		return Finding{}, attest.ErrUnsupported
	case said.Statement.Algorithm != es256:
		return Finding{}, attest.ErrAlgorithm
	}
	leaf, err := verified(said.Statement.Chain, party.Roots, at)
	if err != nil {
		return Finding{}, err
	}
	hash := sha256.Sum256(clientData)
	if leaf.CheckSignature(x509.ECDSAWithSHA256, slices.Concat(said.Data, hash[:]), said.Statement.Signature) != nil {
		return Finding{}, attest.ErrSignature
	}
	return judgeData(said.Data, leaf, party, attest.Digest(raw, clientData))
}

func judgeClient(clientData, challenge []byte, party Party) error {
	var client protocol.CollectedClientData
	if json.Unmarshal(clientData, &client) != nil {
		return attest.ErrMalformed
	}
	want := base64.RawURLEncoding.EncodeToString(challenge)
	switch {
	case client.Challenge != want:
		return attest.ErrChallenge
	case !slices.Contains(party.Origins, client.Origin), client.CrossOrigin:
		return attest.ErrApp
	case client.Verify(want, protocol.CreateCeremony, party.Origins, nil, nil, protocol.TopOriginExplicitVerificationMode, false) != nil:
		return attest.ErrMalformed
	}
	return nil
}

// judgeData reads the authenticator's word: whom it was made for, that somebody was
// there and shown to be the owner, and of which model it is, as the certificate says too.
func judgeData(raw []byte, leaf *x509.Certificate, party Party, statement string) (Finding, error) {
	var data protocol.AuthenticatorData
	if data.Unmarshal(raw) != nil || !data.Flags.HasAttestedCredentialData() {
		return Finding{}, attest.ErrMalformed
	}
	id := sha256.Sum256([]byte(party.ID))
	switch {
	case string(data.RPIDHash) != string(id[:]):
		return Finding{}, attest.ErrApp
	case data.Verify(id[:], nil, true, true) != nil:
		return Finding{}, attest.ErrPresence
	}
	for _, e := range leaf.Extensions { // id-fido-gen-ce-aaguid: an octet string in one
		if e.Id.String() == "1.3.6.1.4.1.45724.1.1.4" && string(e.Value) != "\x04\x10"+string(data.AttData.AAGUID) {
			return Finding{}, attest.ErrKey
		}
	}
	return Finding{Model: hex.EncodeToString(data.AttData.AAGUID), Statement: statement}, nil
}

// verified is the leaf of a chain that ends at a trusted root, at that time.
func verified(der [][]byte, roots attest.Roots, at time.Time) (*x509.Certificate, error) {
	chain, err := attest.ParseChain(der, 1)
	if err != nil {
		return nil, err
	}
	between := x509.NewCertPool()
	for i, certificate := range chain[1:] {
		if certificate.CheckSignature(chain[i].SignatureAlgorithm, chain[i].RawTBSCertificate, chain[i].Signature) != nil {
			return nil, attest.ErrChain
		}
		between.AddCert(certificate)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: roots.Pool(), Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return nil, attest.ErrExpired
	}
	if err != nil || chain[0].IsCA {
		return nil, attest.ErrRoot
	}
	return chain[0], nil
}
