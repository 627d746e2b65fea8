package schemas

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"florin/domain/risk"
	"florin/domain/riskpolicy"
)

//go:embed policies/*.yaml
var policies embed.FS

// PolicyBytesMax bounds a policy file, and its canonical form.
const PolicyBytesMax = riskpolicy.TextBytesMax

// DefaultPolicy is the file of the risk policy that the bank comes with.
func DefaultPolicy() []byte {
	text, err := policies.ReadFile("policies/default.yaml")
	if err != nil {
		panic("schemas: " + err.Error()) // it is part of the program
	}
	return text
}

// ReadPolicy reads a policy file (YAML, of which JSON is a part) and puts it to work:
// members that nobody knows, doubled ones, and examples that do not come true are
// refused. digest is the policy's identity: the SHA-256 of its canonical form, which
// layout, comments and the order of members do not change. Errors: risk.ErrPolicy.
func ReadPolicy(text []byte) (engine *risk.Engine, digest string, err error) {
	if len(text) > PolicyBytesMax {
		return nil, "", fmt.Errorf("%w: it has more than %d bytes", risk.ErrPolicy, PolicyBytesMax)
	}
	var policy risk.Policy
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&policy); err != nil {
		return nil, "", fmt.Errorf("%w: %w", risk.ErrPolicy, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("%w: a file holds one policy", risk.ErrPolicy)
	}
	if engine, err = risk.NewEngine(policy); err != nil {
		return nil, "", err
	}
	canonical, err := CanonicalPolicy(policy)
	if err == nil && len(canonical) > PolicyBytesMax { // what a file only refers to counts each time
		err = fmt.Errorf("%w: written out it has more than %d bytes", risk.ErrPolicy, PolicyBytesMax)
	}
	if err != nil {
		return nil, "", err
	}
	return engine, riskpolicy.Digest(canonical), nil
}

// CanonicalPolicy is a policy as the log keeps it: its canonical JSON (RFC 8785).
func CanonicalPolicy(policy risk.Policy) (string, error) {
	text, err := json.Marshal(policy)
	if err != nil {
		return "", fmt.Errorf("schemas: policy: %w", err)
	}
	canonical := jsontext.Value(text)
	if err := canonical.Canonicalize(); err != nil {
		return "", fmt.Errorf("schemas: policy: %w", err)
	}
	return string(canonical), nil
}

// PolicyDigest is the identity of a policy: the SHA-256 of its canonical form.
func PolicyDigest(policy risk.Policy) (string, error) {
	canonical, err := CanonicalPolicy(policy)
	if err != nil {
		return "", err
	}
	return riskpolicy.Digest(canonical), nil
}

// WritePolicy is the file of a policy.
func WritePolicy(policy risk.Policy) ([]byte, error) {
	text, err := yaml.Marshal(policy)
	if err != nil {
		return nil, fmt.Errorf("schemas: policy: %w", err)
	}
	return text, nil
}
