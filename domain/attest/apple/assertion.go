package apple

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"

	"florin/domain"
	"florin/domain/attest"
)

// AssertionBytesMax bounds an assertion: those of devices have about 150 bytes.
const AssertionBytesMax = 1 << 10

type assertion struct {
	Signature []byte `cbor:"signature"`
	Data      []byte `cbor:"authenticatorData"`
}

// Assert judges an assertion by a key that was attested, over the hash of what the app
// says, and gives its counter: good if it is greater than the last one, which is for the
// caller to hold. An assertion before any has a last counter of 0.
func Assert(raw, clientDataHash []byte, key domain.PublicKey, apps []App, last uint32) (counter uint32, err error) {
	if len(raw) > AssertionBytesMax {
		return 0, attest.ErrTooLarge
	}
	said, err := attest.Unpack[assertion](raw)
	if err != nil {
		return 0, err
	}
	data, err := parseData(said.Data, false)
	if err != nil {
		return 0, err
	}
	parsed, err := key.Parsed()
	public, ec := parsed.(*ecdsa.PublicKey)
	if err != nil || !ec {
		return 0, attest.ErrNoAppKey
	}
	nonce := sha256.Sum256(append(bytes.Clone(said.Data), clientDataHash...))
	digest := sha256.Sum256(nonce[:]) // what is signed is the nonce, and signing hashes it again
	if !ecdsa.VerifyASN1(public, digest[:], said.Signature) {
		return 0, attest.ErrSignature
	}
	if _, err := data.of(apps); err != nil {
		return 0, err
	}
	if data.counter <= last {
		return 0, attest.ErrCounter
	}
	return data.counter, nil
}
