package apple

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"florin/domain/attest"
)

// Authenticator data (WebAuthn Level 3, section 6.1) as App Attest has it.
const (
	headBytes       = 32 + 1 + 4
	credentialBytes = sha256.Size
	flagAttested    = 0x40
)

type authenticatorData struct {
	app        []byte // SHA-256 of its id
	counter    uint32
	aaguid     []byte
	credential []byte
	point      []byte // of the key, uncompressed
	extended   bool
	category   uint32
	version    string
}

// coseKey is an EC2 key for ES256 (RFC 9053).
type coseKey struct {
	Type      int    `cbor:"1,keyasint"`
	Algorithm int    `cbor:"3,keyasint"`
	Curve     int    `cbor:"-1,keyasint"`
	X         []byte `cbor:"-2,keyasint"`
	Y         []byte `cbor:"-3,keyasint"`
}

// parseData reads it to the end: the head, the key where there is one, and since iOS 27
// a map of extensions, which the flags do not announce.
func parseData(raw []byte, attested bool) (data authenticatorData, err error) {
	if len(raw) < headBytes {
		return data, attest.ErrMalformed
	}
	data.app, data.counter = raw[:32], binary.BigEndian.Uint32(raw[33:])
	rest := raw[headBytes:]
	if attested {
		if raw[32]&flagAttested == 0 || len(rest) < 18+credentialBytes || binary.BigEndian.Uint16(rest[16:]) != credentialBytes {
			return data, attest.ErrMalformed
		}
		data.aaguid, data.credential = rest[:16], rest[18:18+credentialBytes]
		var key coseKey
		if key, rest, err = attest.UnpackFirst[coseKey](rest[18+credentialBytes:]); err != nil {
			return data, err
		}
		if key.Type != 2 || key.Algorithm != -7 || key.Curve != 1 || len(key.X) != 32 || len(key.Y) != 32 {
			return data, attest.ErrCurve
		}
		data.point = append(append([]byte{4}, key.X...), key.Y...)
	}
	if len(rest) == 0 {
		return data, nil
	}
	return data, data.extend(rest)
}

// extend reads the extensions: exactly one map. What it says beside the two words that
// are known is nothing to go by.
func (d *authenticatorData) extend(raw []byte) error {
	if raw[0]>>5 != 5 { // not a map
		return attest.ErrTrailing
	}
	said, err := attest.Unpack[map[string]any](raw)
	if err != nil {
		return err
	}
	d.extended = true
	if category, there := said["apple_validation_category_01"]; there {
		raw, ok := category.([]byte)
		if !ok || len(raw) != 4 || bytes.Equal(raw, make([]byte, 4)) {
			return attest.ErrMalformed
		}
		d.category = binary.LittleEndian.Uint32(raw)
	}
	if version, there := said["apple_bundle_version_01"]; there {
		text, ok := version.(string)
		if !ok || text == "" || len(text) > 64 {
			return attest.ErrMalformed
		}
		d.version = text
	}
	return nil
}

// of is the bank's app that the data is of; two entries may differ in environment alone.
func (d authenticatorData) of(apps []App) (found App, err error) {
	err = attest.ErrApp
	for _, app := range apps {
		digest := sha256.Sum256([]byte(app.ID))
		if bytes.Equal(digest[:], d.app) {
			found, err = app, nil
			if app.Environment == Environment(d.aaguid) {
				break
			}
		}
	}
	return found, err
}
