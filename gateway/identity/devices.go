package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"time"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/service"
	"florin/gateway/token"
	"florin/gateway/wire"
	"florin/schemas"
)

const (
	nonceLife  = 120 * time.Second
	nonceMax   = 100_000 // registrations in two minutes
	nonceBytes = 16
)

// nonces of registrations: random, stamped with the time, authenticated, and used
// once. Those that were never used cost nothing.
type nonces struct {
	key  [32]byte // of this process
	used *token.Once
}

func (n *nonces) make(sources commands.Sources) string {
	raw := binary.BigEndian.AppendUint64(sources.Secret(nonceBytes), uint64(sources.Wall().Unix()))
	return base64.RawURLEncoding.EncodeToString(append(raw, n.mac(raw)...))
}

func (n *nonces) mac(raw []byte) []byte {
	h := hmac.New(sha256.New, n.key[:])
	h.Write(append([]byte("florin/device-nonce\x00"), raw...))
	return h.Sum(nil)[:16]
}

// spend takes a nonce that is ours, not older than its life, and not yet used.
func (n *nonces) spend(nonce string, now time.Time) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(raw) != nonceBytes+8+16 || !hmac.Equal(raw[nonceBytes+8:], n.mac(raw[:nonceBytes+8])) {
		return errRegistration
	}
	if made := time.Unix(int64(binary.BigEndian.Uint64(raw[nonceBytes:])), 0); now.Sub(made) > nonceLife {
		return errNonceExpired
	}
	switch err := n.used.Claim("device", nonce, now); {
	case errors.Is(err, token.ErrFull):
		return err
	case err != nil:
		return errNonceUsed
	}
	return nil
}

// DeviceChallenge is the answer of POST /v1/devices/challenge.
type DeviceChallenge struct {
	Nonce     string `json:"nonce"`
	ExpiresIn int    `json:"expires_in"` // seconds
}

// ChallengeDevice gives a nonce for a registration.
func (p *Provider) ChallengeDevice(w http.ResponseWriter, _ *http.Request) error {
	return wire.OK(w, DeviceChallenge{p.nonces.make(p.settings.Bank.Sources()), int(nonceLife.Seconds())})
}

// Device is a registered device.
type Device struct {
	Device      id.Device `json:"device_id"`
	JKT         string    `json:"jkt"`
	Status      string    `json:"status"`
	Attestation string    `json:"attestation_level"`
	SCALevel    string    `json:"sca_level,omitzero"` // what its confirmations are worth: sca, or sca-hw
}

// Refusals of a registration.
var (
	errRegistration = &domain.Refusal{Class: domain.Malformed, Code: "invalid-registration",
		Detail: "The registration is not a fresh statement by the key of the proof, with the nonce that was given for it."}
	errNonceExpired = &domain.Refusal{Class: domain.Malformed, Code: "registration-nonce-expired", Detail: "The nonce was given too long ago."}
	errNonceUsed    = &domain.Refusal{Class: domain.Malformed, Code: "registration-nonce-used", Detail: "The nonce was used before."}
)

// RegisterDevice makes a key known as a device. It belongs to nobody until its
// first strong login. The same key again is the same device: 200, and its level is what
// it has shown by then.
func (p *Provider) RegisterDevice(w http.ResponseWriter, r *http.Request) error {
	proof, err := p.resourceProof(r)
	if err != nil {
		return err
	}
	body, err := wire.Decode[schemas.RegisterDevice](service.CallOf(r.Context()).Body)
	if err != nil {
		return err
	}
	now := p.settings.Bank.Sources().Wall()
	said, err := token.OpenRegistration(body.Registration, p.settings.Issuer, proof.Key, now)
	if err != nil || !short(said) {
		return errRegistration
	}
	if err := p.nonces.spend(said.Nonce, now); err != nil {
		return err
	}
	statement, err := attested(said, bare(proof.Key))
	if err != nil {
		return err
	}
	device, outcome, err := p.settings.Bank.Devices().Register(r.Context(), p.order(r, proof), commands.RegisterDevice{
		Key: bare(proof.Key), SCAKey: bare(said.SCAKey), Platform: said.Platform, OS: said.OS, Model: said.Model, AppVersion: said.AppVersion,
		Fingerprint: profile(said.Fingerprint), PushToken: profile(said.PushToken), Statement: statement,
	})
	if err != nil {
		return err
	}
	wire.Position(w, outcome.Receipt.Last)
	answer := Device{device.Device, device.JKT, device.Status, device.Attestation, service.SCALevel(!said.SCAKey.IsZero(), device.SCAHardware)}
	if device.Known {
		return wire.OK(w, answer)
	}
	return wire.Created(w, "/v1/devices/"+device.Device.String(), answer)
}

// resourceProof is proof with the errors of a resource (RFC 9449 section 9).
func (p *Provider) resourceProof(r *http.Request) (*token.Proof, error) {
	proof, err := p.proof(r)
	switch err {
	case problem.OAuthNonceNeeded:
		return nil, problem.NonceNeeded.Challenged()
	case problem.OAuthInvalidProof:
		return nil, problem.InvalidProof.Challenged()
	}
	return proof, err
}

// descriptionMax bounds each word a device says of itself.
const descriptionMax = 256

func short(r token.Registration) bool {
	for _, text := range []string{r.Platform, r.OS, r.Model, r.AppVersion, r.Fingerprint} {
		if len(text) > descriptionMax {
			return false
		}
	}
	return r.Platform != "" && len(r.PushToken) <= 4096
}

func bare(key domain.PublicKey) domain.PublicKey {
	if key.IsZero() {
		return key
	}
	return domain.PublicKey{Algorithm: key.Algorithm, Type: key.Type, Curve: key.Curve, X: key.X, Y: key.Y}
}

func profile(text string) domain.Profile {
	if text == "" {
		return domain.Profile{}
	}
	return domain.NewProfile(text)
}
