package phone

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
)

// state is the phone at rest. It holds private keys: whoever writes it to disk
// keeps it to the owner (0600). A real phone's keys never leave its hardware.
type state struct {
	Device  []byte  `json:"device_key"` // PKCS #8
	SCA     []byte  `json:"sca_key"`    // PKCS #8
	Profile Profile `json:"profile"`
	Tokens  Tokens  `json:"tokens"`
	Seen    uint64  `json:"seen,omitempty"` // Florin-Position
}

// Save gives the phone as bytes.
func (p *Phone) Save() ([]byte, error) {
	device, err := x509.MarshalPKCS8PrivateKey(p.device)
	if err != nil {
		return nil, err
	}
	sca, err := x509.MarshalPKCS8PrivateKey(p.sca)
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(state{device, sca, p.Profile(), p.Tokens(), p.position()}, "", "  ")
}

// Load is the phone that Save gave.
func Load(settings Settings, saved []byte) (*Phone, error) {
	var s state
	if err := json.Unmarshal(saved, &s); err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	device, errDevice := parseKey(s.Device)
	sca, errSCA := parseKey(s.SCA)
	if err := errors.Join(errDevice, errSCA); err != nil {
		return nil, fmt.Errorf("read phone: %w", err)
	}
	p := with(settings, device, sca)
	p.profile, p.tokens, p.seen = s.Profile, s.Tokens, s.Seen
	return p, nil
}

func parseKey(der []byte) (*ecdsa.PrivateKey, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an EC key")
	}
	return ec, nil
}
