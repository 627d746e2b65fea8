package signing_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	first, second := activate(noon), activate(noon.Add(time.Hour))
	with := func(change func(*signing.Activate)) signing.Activate { c := first; change(&c); return c }
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
		signer, ok := state.Signer(noon.Add(at))
		require.Equal(t, want.signer, signer.KeyID, at)
		require.Equal(t, want.signer != "", ok, at)
		require.Len(t, state.Published(noon.Add(at)), want.published, at)
	}
}
