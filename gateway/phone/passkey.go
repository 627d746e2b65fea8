package phone

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/fxamacker/cbor/v2"
)

// Passkey is one that this phone holds, as a platform authenticator does: a key for
// the bank's origin alone, behind the fingerprint.
type Passkey struct {
	ID    []byte `json:"id"`
	Key   []byte `json:"key"`   // PKCS #8
	Count uint32 `json:"count"` // of its signatures
}

// ErrNoPasskey is what a login by passkey ends in before AddPasskey.
var ErrNoPasskey = errors.New("this phone has no passkey: add one first")

// Flags of authenticator data (WebAuthn Level 3 section 6.1): somebody was there,
// it was the owner, and a new credential follows.
const (
	flagPresent  = 0x01
	flagVerified = 0x04
	flagAttested = 0x40
)

// AddPasskey makes a passkey and registers it. It takes a login of the last five
// minutes; the answer is the bank's to the new factor.
func (p *Phone) AddPasskey(ctx context.Context) (Answer, error) {
	offered, err := p.Command(ctx, http.MethodPost, "/v1/factors/passkeys", nil, p.NewID())
	if err == nil {
		err = offered.OK()
	}
	if err != nil {
		return offered, fmt.Errorf("offer: %w", err)
	}
	var offer struct {
		Factor  string          `json:"factor_id"`
		Options json.RawMessage `json:"options"`
	}
	if err := json.Unmarshal(offered.Body, &offer); err != nil {
		return offered, fmt.Errorf("offer: %w", err)
	}
	made, response, err := p.attest(offer.Options)
	if err != nil {
		return offered, err
	}
	added, err := p.Command(ctx, http.MethodPost, "/v1/factors/"+offer.Factor+"/attestation", map[string]string{"credential": response}, p.NewID())
	if err == nil {
		err = added.OK()
	}
	if err != nil {
		return added, fmt.Errorf("register passkey: %w", err)
	}
	profile := p.Profile()
	profile.Passkey = made
	p.Remember(profile)
	return added, nil
}

// LoginByPasskey logs in with the passkey beside the device's own key, where the
// device is bound; the password is not shown.
func (p *Phone) LoginByPasskey(ctx context.Context) error {
	p.login.Lock()
	defer p.login.Unlock()
	if p.Profile().Passkey == nil {
		return ErrNoPasskey
	}
	form, verifier := p.beginning()
	form.Del("password")
	_, err := p.challenge(ctx, form)
	step, ok := errors.AsType[*Refused](err)
	if !ok || step.Code != "insufficient_authorization" {
		return fmt.Errorf("log in: %w", err)
	}
	asked, err := p.form(ctx, "/oauth2/challenge", "", url.Values{"auth_session": {step.AuthSession}, "webauthn": {"options"}})
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	var question struct {
		Error    string          `json:"error"`
		WebAuthn json.RawMessage `json:"webauthn"`
	}
	if err := json.Unmarshal(asked.Body, &question); err != nil || len(question.WebAuthn) == 0 {
		return fmt.Errorf("log in: the bank asks no passkey: %d %s", asked.Status, question.Error)
	}
	response, err := p.assert(question.WebAuthn)
	if err != nil {
		return err
	}
	code, err := p.challenge(ctx, url.Values{"auth_session": {step.AuthSession}, "webauthn": {response}})
	if err != nil {
		return fmt.Errorf("log in: %w", err)
	}
	return p.token(ctx, "", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {form.Get("client_id")}, "code": {code}, "code_verifier": {verifier},
	})
}

// clientData is what the browser or the system signs for: type, challenge, origin.
func (p *Phone) clientData(kind string, options json.RawMessage) ([]byte, error) {
	var asked struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &asked); err != nil || asked.PublicKey.Challenge == "" {
		return nil, fmt.Errorf("passkey: the options have no challenge: %w", err)
	}
	return json.Marshal(map[string]any{"type": "webauthn." + kind, "challenge": asked.PublicKey.Challenge, "origin": p.settings.Base, "crossOrigin": false})
}

func (p *Phone) authenticatorData(flags byte, count uint32) ([]byte, error) {
	at, err := url.Parse(p.settings.Base)
	if err != nil {
		return nil, fmt.Errorf("passkey: %w", err)
	}
	party := sha256.Sum256([]byte(at.Hostname()))
	return binary.BigEndian.AppendUint32(append(party[:], flags), count), nil
}

func (p *Phone) attest(options json.RawMessage) (*Passkey, string, error) {
	key, err := newKey(p.settings.Random)
	if err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	made := &Passkey{ID: make([]byte, 16)}
	if _, err := io.ReadFull(p.settings.Random, made.ID); err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	if made.Key, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	data, err := p.authenticatorData(flagPresent|flagVerified|flagAttested, 0)
	if err != nil {
		return nil, "", err
	}
	cose, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}) // RFC 9053 section 7.1.1
	if err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	data = binary.BigEndian.AppendUint16(append(data, make([]byte, 16)...), uint16(len(made.ID))) // no AAGUID
	data = append(append(data, made.ID...), cose...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, "", fmt.Errorf("passkey: %w", err)
	}
	client, err := p.clientData("create", options)
	if err != nil {
		return nil, "", err
	}
	response, err := credential(made.ID, map[string][]byte{"clientDataJSON": client, "attestationObject": object})
	return made, response, err
}

func (p *Phone) assert(options json.RawMessage) (string, error) {
	profile := p.Profile()
	key, err := parseKey(profile.Passkey.Key)
	if err != nil {
		return "", fmt.Errorf("passkey: %w", err)
	}
	used := *profile.Passkey
	used.Count++
	profile.Passkey = &used
	p.Remember(profile)
	data, err := p.authenticatorData(flagPresent|flagVerified, used.Count)
	if err != nil {
		return "", err
	}
	client, err := p.clientData("get", options)
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(bytes.Join([][]byte{data, hash[:]}, nil))
	signature, err := ecdsa.SignASN1(p.settings.Random, key, digest[:])
	if err != nil {
		return "", fmt.Errorf("passkey: %w", err)
	}
	return credential(used.ID, map[string][]byte{"clientDataJSON": client, "authenticatorData": data, "signature": signature})
}

// credential is a PublicKeyCredential as JSON (WebAuthn Level 3 section 5.1.8).
func credential(id []byte, response map[string][]byte) (string, error) {
	encoded := map[string]string{}
	for name, value := range response {
		encoded[name] = base64.RawURLEncoding.EncodeToString(value)
	}
	name := base64.RawURLEncoding.EncodeToString(id)
	text, err := json.Marshal(map[string]any{"id": name, "rawId": name, "type": "public-key", "response": encoded, "clientExtensionResults": map[string]any{}})
	return string(text), err
}
