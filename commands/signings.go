package commands

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"florin/domain"
	"florin/domain/client"
	"florin/domain/session"
	"florin/domain/signing"
	"florin/schemas"
	"florin/schemas/seal"
)

// Overlap of a rotation: every verifier has seen the new key before it signs, and
// the old one is believed until its last token has expired.
const (
	KeyLead    = 10 * time.Minute
	keyLeeway  = time.Minute
	blobPrefix = "signing/"
)

// ErrNoSigner: no key was made yet; FirstStart makes one.
var ErrNoSigner = errors.New("commands: there is no signing key")

// signingKeys are the ledger's keys as they were last read, ready to use.
type signingKeys struct {
	state   signing.State
	private map[string]crypto.Signer // by kid
	public  map[string]crypto.PublicKey
}

// Signings are the verbs of the keys that sign tokens.
type Signings struct{ bank *Bank }

// Signings gives the verbs of the keys that sign tokens.
func (b *Bank) Signings() Signings { return Signings{b} }

// Load reads the keys into memory: once at start, and after each change.
func (s Signings) Load(ctx context.Context) error {
	b := s.bank
	state, err := b.signings.look(ctx, signing.Stream())
	if err != nil {
		return err
	}
	keys := signingKeys{state, map[string]crypto.Signer{}, map[string]crypto.PublicKey{}}
	for _, key := range state.Published(b.sources.Time()) {
		public, err := key.Key.Parsed()
		if err != nil {
			return fmt.Errorf("commands: signing key %s: %w", key.KeyID, err)
		}
		keys.public[key.KeyID] = public
		if keys.private[key.KeyID], err = s.private(key.KeyID); err != nil {
			return err
		}
	}
	b.identity.mu.Lock()
	defer b.identity.mu.Unlock()
	b.identity.keys = keys
	if b.identity.rotated != nil {
		close(b.identity.rotated)
	}
	b.identity.rotated = make(chan struct{})
	return nil
}

func (s Signings) private(kid string) (crypto.Signer, error) {
	blob, err := s.bank.ring.Blob(blobPrefix + kid)
	if err != nil {
		return nil, fmt.Errorf("commands: signing key %s: %w", kid, err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blob)
	if err != nil {
		return nil, fmt.Errorf("commands: signing key %s: %w", kid, err)
	}
	switch key := parsed.(type) {
	case *ecdsa.PrivateKey:
		return key, nil
	case *rsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("commands: signing key %s is a %T", kid, parsed)
}

// Current is the key that signs now, by ES256. It is read from memory.
func (s Signings) Current() (kid string, key *ecdsa.PrivateKey, err error) {
	return current[*ecdsa.PrivateKey](s, signing.ES256)
}

// Public is a key whose ES256 signatures are believed now. It is read from memory.
func (s Signings) Public(kid string) (*ecdsa.PublicKey, bool) {
	return public[*ecdsa.PublicKey](s, kid)
}

// Published are the keys of the JWK set, those included that do not sign yet.
func (s Signings) Published() []domain.PublicKey {
	i := s.bank.identity
	i.mu.RLock()
	defer i.mu.RUnlock()
	published := i.keys.state.Published(s.bank.sources.Now())
	keys := make([]domain.PublicKey, 0, len(published))
	for _, key := range published {
		jwk := key.Key
		jwk.KeyID, jwk.Algorithm = key.KeyID, key.Algorithm
		keys = append(keys, jwk)
	}
	return keys
}

// Believed are those of Published that access tokens are signed with.
func (s Signings) Believed() []domain.PublicKey {
	return slices.DeleteFunc(s.Published(), func(key domain.PublicKey) bool { return key.Algorithm != signing.ES256 })
}

// Rotated is closed when the keys have changed; to be asked for before Published.
func (s Signings) Rotated() <-chan struct{} {
	i := s.bank.identity
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.rotated
}

// Rotate makes a new key that takes over after lead, one for each algorithm in use,
// and retires the others once their last tokens have expired. No lead is an
// emergency: the others are not believed from now on. It returns the new ES256 key's id.
func (s Signings) Rotate(ctx context.Context, order Order, lead time.Duration) (kid string, outcome Outcome, err error) {
	algorithms := []string{signing.ES256}
	if _, _, err := s.CurrentRSA(); err == nil {
		algorithms = append(algorithms, signing.RS256)
	}
	return s.rotate(ctx, order, lead, algorithms)
}

func (s Signings) rotate(ctx context.Context, order Order, lead time.Duration, algorithms []string) (kid string, outcome Outcome, err error) {
	b := s.bank
	until := order.At
	if lead > 0 {
		until = order.At.Add(lead + session.AccessTTL + keyLeeway)
	}
	var fresh []signing.Activate
	for _, algorithm := range algorithms {
		kid, public, err := s.make(algorithm)
		if err != nil {
			return "", Outcome{}, err
		}
		fresh = append(fresh, signing.Activate{KeyID: kid, Key: public, Algorithm: algorithm, UseFrom: order.At.Add(lead), At: order.At})
	}
	order.Asked = schemas.RotateSigningKey{LeadSeconds: int64(lead.Seconds()), Algorithms: algorithms}
	kid, outcome, err = execute(ctx, b, "signing.rotate", order, streams(signing.Stream()), func(w *work) error {
		before, err := b.signings.load(w, signing.Stream())
		if err != nil {
			return err
		}
		for _, activate := range fresh {
			if err := b.signings.decide(w, signing.Stream(), activate); err != nil {
				return err
			}
		}
		for _, key := range before.Published(order.At) {
			if !slices.Contains(algorithms, key.Algorithm) {
				continue
			}
			if err := b.signings.decide(w, signing.Stream(), signing.Retire{KeyID: key.KeyID, VerifyUntil: until, At: order.At}); err != nil {
				return err
			}
		}
		return nil
	}, func(facts []Fact) (string, error) {
		for _, fact := range facts {
			if e, ok := fact.Event.(signing.Activated); ok {
				return e.KeyID, nil
			}
		}
		return "", fmt.Errorf("commands: no key in %s", order.ID)
	})
	if err != nil {
		return "", outcome, err
	}
	return kid, outcome, s.Load(ctx)
}

// make creates a key and keeps its private half in the ring, before anybody can
// be told of it. One that is then not activated is never used.
func (s Signings) make(algorithm string) (kid string, public domain.PublicKey, err error) {
	key, public, err := s.generate(algorithm)
	if err != nil {
		return "", public, fmt.Errorf("commands: make a signing key: %w", err)
	}
	blob, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", public, fmt.Errorf("commands: make a signing key: %w", err)
	}
	kid = public.Thumbprint()
	return kid, public, s.bank.ring.SetBlob(blobPrefix+kid, blob)
}

// FirstStart makes what every bank needs before it can serve: a signing key, its own
// app as a client, and a risk policy. It is to be called at every start, and does it once.
func (b *Bank) FirstStart(ctx context.Context) error {
	if err := b.Signings().Load(ctx); err != nil {
		return err
	}
	if _, _, err := b.Signings().Current(); errors.Is(err, ErrNoSigner) {
		order := SystemOrder("first-start", uuid.Nil, "signing.first", b.sources.Time(), seal.Subject{})
		order.ID, order.Intent = b.sources.NewID(), nil
		if _, _, err := b.Signings().Rotate(ctx, order, 0); err != nil {
			return err
		}
	}
	for _, app := range []RegisterClient{
		{ClientID: OwnApp, Name: "Florin", Scopes: append(domain.CustomerScopes(), domain.OwnAppScopes()...)},
		{ClientID: client.Desk, Name: "Florin Desk", Scopes: domain.OperatorScopes()},
	} {
		if err := b.firstClient(ctx, app); err != nil {
			return err
		}
	}
	if err := b.dataSetsReady(ctx); err != nil {
		return err
	}
	return b.firstPolicy(ctx)
}

// firstClient registers one of the bank's own apps, once.
func (b *Bank) firstClient(ctx context.Context, app RegisterClient) error {
	if _, err := b.Clients().Get(ctx, app.ClientID); !errors.Is(err, ErrClient) {
		return err
	}
	order := SystemOrder("first-start", uuid.Nil, "client."+app.ClientID, b.sources.Time(), seal.Subject{})
	order.Intent = nil
	app.FirstParty, app.GrantTypes = true, []string{client.AuthorizationCode, client.RefreshToken}
	_, err := b.Clients().Register(ctx, order, app)
	return err
}
