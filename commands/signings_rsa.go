package commands

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/signing"
	"florin/schemas/seal"
)

// rsaBits is what RS256 is done with.
const rsaBits = 3072

// CurrentRSA is the key that signs by RS256 now; ErrNoSigner as long as no client has
// asked for any. It is read from memory.
func (s Signings) CurrentRSA() (kid string, key *rsa.PrivateKey, err error) {
	return current[*rsa.PrivateKey](s, signing.RS256)
}

// PublicRSA is a key whose RS256 signatures are believed now. It is read from memory.
func (s Signings) PublicRSA(kid string) (*rsa.PublicKey, bool) {
	return public[*rsa.PublicKey](s, kid)
}

// needRSA makes the first RSA key, if there is none: before the client that is to get
// tokens by it is registered, so that none ever waits for a key. Two at once make one:
// the second waits for the first, and two processes give the same command.
func (s Signings) needRSA(ctx context.Context) error {
	making := &s.bank.identity.making
	making.Lock()
	defer making.Unlock()
	if _, _, err := s.CurrentRSA(); !errors.Is(err, ErrNoSigner) {
		return err
	}
	order := SystemOrder("first-client", uuid.Nil, "signing.rs256", s.bank.sources.Time(), seal.Subject{})
	order.Intent = nil
	_, _, err := s.rotate(ctx, order, 0, []string{signing.RS256})
	return err
}

func (s Signings) generate(algorithm string) (crypto.Signer, domain.PublicKey, error) {
	random := s.bank.sources.Random
	if algorithm == signing.RS256 {
		key, err := rsa.GenerateKey(random, rsaBits)
		if err != nil {
			return nil, domain.PublicKey{}, err
		}
		public, err := domain.RSAKey(&key.PublicKey)
		return key, public, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, domain.PublicKey{}, err
	}
	public, err := domain.ECKey(&key.PublicKey)
	return key, public, err
}

func current[K crypto.Signer](s Signings, algorithm string) (kid string, key K, err error) {
	i := s.bank.identity
	i.mu.RLock()
	defer i.mu.RUnlock()
	signer, there := i.keys.state.Signer(s.bank.sources.Now(), algorithm)
	key, ok := i.keys.private[signer.KeyID].(K)
	if !there || !ok {
		return "", key, ErrNoSigner
	}
	return signer.KeyID, key, nil
}

// public gives a key of the wanted type alone: one for another algorithm is none.
func public[K crypto.PublicKey](s Signings, kid string) (key K, believed bool) {
	i := s.bank.identity
	i.mu.RLock()
	defer i.mu.RUnlock()
	key, ok := i.keys.public[kid].(K)
	if !ok {
		return key, false
	}
	for _, published := range i.keys.state.Published(s.bank.sources.Now()) {
		if published.KeyID == kid {
			return key, true
		}
	}
	return key, false
}
