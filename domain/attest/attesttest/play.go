package attesttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Store is a Play Store that nobody shops in, with the two keys of one app.
type Store struct {
	Opening []byte
	Signing *ecdsa.PrivateKey
}

// NewStore makes a store with new keys.
func NewStore(random io.Reader) (Store, error) {
	s := Store{Opening: make([]byte, 32)}
	if _, err := io.ReadFull(random, s.Opening); err != nil {
		return s, err
	}
	var err error
	s.Signing, err = ecdsa.GenerateKey(elliptic.P256(), random)
	return s, err
}

// Keys are the texts that the Console shows.
func (s Store) Keys() (opening, verifying string, err error) {
	der, err := x509.MarshalPKIXPublicKey(&s.Signing.PublicKey)
	return base64.StdEncoding.EncodeToString(s.Opening), base64.StdEncoding.EncodeToString(der), err
}

// Play is a verdict.
type Play struct {
	Request map[string]any
	App     map[string]any
	Device  map[string]any

	Key     jose.KeyAlgorithm // what it is sealed and signed by, where it is not as it should be
	Content jose.ContentEncryption
	Sign    jose.SignatureAlgorithm
	SignKey any
}

// GoodPlay is the verdict on a genuine app on a sound device.
func GoodPlay(challenge []byte, app string, signer []byte, at time.Time) Play {
	return Play{
		Request: map[string]any{"requestPackageName": app, "nonce": base64.URLEncoding.EncodeToString(challenge), "timestampMillis": strconv.FormatInt(at.UnixMilli(), 10)},
		App:     map[string]any{"appRecognitionVerdict": "PLAY_RECOGNIZED", "packageName": app, "certificateSha256Digest": []string{base64.RawURLEncoding.EncodeToString(signer)}, "versionCode": "1"},
		Device:  map[string]any{"deviceRecognitionVerdict": []string{"MEETS_DEVICE_INTEGRITY"}},
	}
}

// Token signs a verdict and seals it.
func (s Store) Token(p Play) (string, error) {
	payload, err := json.Marshal(map[string]any{"requestDetails": p.Request, "appIntegrity": p.App, "deviceIntegrity": p.Device})
	if err != nil {
		return "", err
	}
	algorithm, by := jose.ES256, any(s.Signing)
	if p.Sign != "" {
		algorithm, by = p.Sign, p.SignKey
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: by}, nil)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	inner, err := signed.CompactSerialize()
	if err != nil {
		return "", err
	}
	key, content := jose.A256KW, jose.A256GCM
	if p.Key != "" {
		key = p.Key
	}
	if p.Content != "" {
		content = p.Content
	}
	sealer, err := jose.NewEncrypter(content, jose.Recipient{Algorithm: key, Key: s.Opening}, nil)
	if err != nil {
		return "", err
	}
	sealed, err := sealer.Encrypt([]byte(inner))
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}
