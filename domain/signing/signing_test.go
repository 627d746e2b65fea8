package signing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/domaintest"
	"florin/domain/signing"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func activate(useFrom time.Time) signing.Activate {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	public, err := domain.ECKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	return signing.Activate{KeyID: public.Thumbprint(), Key: public, Algorithm: "ES256", UseFrom: useFrom, At: noon}
}

// rsaKey is an RSA key for RS256, of the form that counts here.
func rsaKey(useFrom time.Time) signing.Activate {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	public, err := domain.RSAKey(&private.PublicKey)
	if err != nil {
		panic(err)
	}
	return signing.Activate{KeyID: public.Thumbprint(), Key: public, Algorithm: "RS256", UseFrom: useFrom, At: noon}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	first, second := activate(noon), activate(noon.Add(time.Hour))
	with := func(change func(*signing.Activate)) signing.Activate { c := first; change(&c); return c }
	old := rsaKey(noon)
	oldAs := func(algorithm string) signing.Activate { c := old; c.Algorithm = algorithm; return c }
	given := func(events ...signing.Event) []signing.Event { return events }
	a, b := signing.Activated(first), signing.Activated(second)
	until := noon.Add(2 * time.Hour)
	retired := signing.Retired{KeyID: first.KeyID, VerifyUntil: until, At: noon}
	domaintest.Run[signing.State](t, []domaintest.Case[signing.Command, signing.Event]{
		{Name: "a key is activated", When: first, Then: given(a)},
		{Name: "once", Given: given(a), When: first, Refused: signing.ErrExists},
		{Name: "under its own name alone", When: with(func(c *signing.Activate) { c.KeyID = second.KeyID }), Refused: signing.ErrKey},
		{Name: "not without an algorithm", When: with(func(c *signing.Activate) { c.Algorithm = "none" }), Refused: signing.ErrKey},
		{Name: "not for a symmetric one", When: with(func(c *signing.Activate) { c.Algorithm = "HS256" }), Refused: signing.ErrKey},
		{Name: "not without a key", When: with(func(c *signing.Activate) { c.Key = domain.PublicKey{} }), Refused: signing.ErrKey},
		{Name: "not for a time that is past", When: with(func(c *signing.Activate) { c.UseFrom = noon.Add(-time.Second) }), Refused: signing.ErrTime},
		{Name: "the last key is not retired", Given: given(a), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: until, At: noon}, Refused: signing.ErrLast},
		{Name: "nor before its successor is in use", Given: given(a, b), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: noon, At: noon}, Refused: signing.ErrLast},
		{Name: "with a successor it is", Given: given(a, b), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: until, At: noon}, Then: given(retired)},
		{Name: "later changes nothing", Given: given(a, b, retired), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: until.Add(time.Hour), At: noon}},
		{Name: "sooner does", Given: given(a, b, retired), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: noon.Add(time.Hour), At: noon}, Then: given(signing.Retired{KeyID: first.KeyID, VerifyUntil: noon.Add(time.Hour), At: noon})},
		{Name: "not in the past", Given: given(a, b), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: noon.Add(-time.Second), At: noon}, Refused: signing.ErrTime},
		{Name: "an RSA key beside it", Given: given(a), When: old, Then: given(signing.Activated(old))},
		{Name: "not a P-256 key for RS256", When: with(func(c *signing.Activate) { c.Algorithm = "RS256" }), Refused: signing.ErrKey},
		{Name: "not an RSA key for ES256", When: oldAs("ES256"), Refused: signing.ErrKey},
		{Name: "nor for PS256", When: oldAs("PS256"), Refused: signing.ErrKey},
		{Name: "the last key of an algorithm is not retired, whatever else there is", Given: given(a, b, signing.Activated(old)), When: signing.Retire{KeyID: old.KeyID, VerifyUntil: until, At: noon}, Refused: signing.ErrLast},
		{Name: "nor this way round", Given: given(a, signing.Activated(old)), When: signing.Retire{KeyID: first.KeyID, VerifyUntil: until, At: noon}, Refused: signing.ErrLast},
		{Name: "a key nobody knows", Given: given(a), When: signing.Retire{KeyID: "x", VerifyUntil: until, At: noon}, Refused: signing.ErrUnknown},
	})
}

func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	first, second := activate(noon), activate(noon.Add(time.Hour))
	state := signing.State{}.Evolve(signing.Activated(first)).Evolve(signing.Activated(second)).
		Evolve(signing.Retired{KeyID: first.KeyID, VerifyUntil: noon.Add(2 * time.Hour), At: noon})
	for at, want := range map[time.Duration]struct {
		signer    string
		published int
	}{-time.Second: {"", 2}, 0: {first.KeyID, 2}, 59 * time.Minute: {first.KeyID, 2}, time.Hour: {second.KeyID, 2}, 2 * time.Hour: {second.KeyID, 1}} {
		signer, ok := state.Signer(noon.Add(at), signing.ES256)
		require.Equal(t, want.signer, signer.KeyID, at)
		require.Equal(t, want.signer != "", ok, at)
		require.Len(t, state.Published(noon.Add(at)), want.published, at)
	}
	old := rsaKey(noon)
	both := state.Evolve(signing.Activated(old))
	later, _ := both.Signer(noon.Add(2*time.Hour), signing.ES256)
	require.Equal(t, second.KeyID, later.KeyID)
	later, _ = both.Signer(noon.Add(2*time.Hour), signing.RS256)
	require.Equal(t, old.KeyID, later.KeyID, "each algorithm has its own")
	_, ok := both.Signer(noon.Add(2*time.Hour), "HS256")
	require.False(t, ok)
}
