package identity

import (
	"florin/domain"
	"florin/domain/attest"
	"florin/domain/attest/trust"
	"florin/gateway/token"
	"florin/gateway/wire"
)

// The data of a registration's attestation, by format. Bytes are standard base64.
type (
	// androidData is two chains of Android Key Attestation, the leaf first.
	androidData struct {
		Device [][]byte `json:"device"`
		SCA    [][]byte `json:"sca,omitzero"`
	}
	// appleData is an attestation object of App Attest.
	appleData struct {
		KeyID       []byte `json:"key_id"`
		Attestation []byte `json:"attestation"`
	}
	// assertionData is an assertion of App Attest.
	assertionData struct {
		Assertion []byte `json:"assertion"`
	}
	// playData is an integrity token.
	playData struct {
		Token string `json:"token"`
	}
	// webauthnData is what navigator.credentials.create gave.
	webauthnData struct {
		Attestation []byte `json:"attestation_object"`
		ClientData  []byte `json:"client_data"`
	}
)

// attested reads what a registration says of its keys. The format is for the bank to
// know; one that nobody knows has no data that anybody could read.
func attested(said token.Registration, key domain.PublicKey) (trust.Statement, error) {
	s := trust.Statement{Format: said.Attestation.Format, Nonce: said.Nonce, Key: key, SCAKey: bare(said.SCAKey)}
	var err error
	switch s.Format {
	case attest.FormatNone:
		if len(said.Attestation.Data) > 0 {
			return s, attest.ErrMalformed
		}
	case attest.FormatAndroid:
		var data androidData
		data, err = wire.Decode[androidData](said.Attestation.Data)
		s.DeviceChain, s.SCAChain = data.Device, data.SCA
	case attest.FormatApple:
		var data appleData
		data, err = wire.Decode[appleData](said.Attestation.Data)
		s.Object, s.KeyID = data.Attestation, data.KeyID
	case attest.FormatAssertion:
		var data assertionData
		data, err = wire.Decode[assertionData](said.Attestation.Data)
		s.Object = data.Assertion
	case attest.FormatPlay:
		var data playData
		data, err = wire.Decode[playData](said.Attestation.Data)
		s.Token = data.Token
	case attest.FormatWebAuthn:
		var data webauthnData
		data, err = wire.Decode[webauthnData](said.Attestation.Data)
		s.Object, s.ClientData = data.Attestation, data.ClientData
	}
	if err != nil { // which member it was is in the platform's words, not in ours
		return s, attest.ErrMalformed
	}
	return s, nil
}
