package session_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/id"
	"florin/domain/session"
)

const strong = "urn:florin:acr:mfa"

var (
	noon  = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	app   = id.Named[id.Client]("app")
	start = session.Start{
		Session: id.Named[id.Session]("s"), Customer: id.Named[id.Customer]("ada"), Client: app, JKT: "key", Scopes: []string{"accounts.read", "openid"},
		ACR: strong, AMR: []string{"pwd"}, AuthTime: noon, Retry: session.RetryKeyed, Salt: "salt", ExpiresAt: noon.Add(session.LifeMax), At: noon,
	}
	started = session.Started(start)
	issued  = session.TokenIssued{JTI: "1", Generation: 1, RefreshHash: "h1", ACR: strong, Scopes: start.Scopes, ExpiresAt: noon.Add(session.AccessTTL), At: noon}
	soon    = noon.Add(time.Minute)
	ended   = session.Revoked{By: "customer", Reason: "logout", At: noon}
)

func given(events ...session.Event) []session.Event { return events }

func refreshed(generation int64, retry string, at time.Time) session.TokenRefreshed {
	return session.TokenRefreshed{JTI: "r", Generation: generation, RefreshHash: "h", RetryHash: retry, ACR: session.ACRDevice, Scopes: start.Scopes, ExpiresAt: at.Add(session.AccessTTL), At: at}
}

func refresh(generation int64, change func(*session.Refresh)) session.Refresh {
	c := session.Refresh{Generation: generation, Client: app, JKT: "key", JTI: "r", RefreshHash: "h", RetryHash: "k", At: soon}
	if change != nil {
		change(&c)
	}
	return c
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	second, third := refreshed(2, "k", soon), refreshed(3, "k3", soon)
	repeated := session.TokenRepeated{JTI: "r", Generation: 2, ACR: session.ACRDevice, Scopes: start.Scopes, ExpiresAt: soon.Add(session.AccessTTL), At: soon}
	reuse := session.Revoked{By: "system", Reason: "refresh-token-reused", At: soon}
	fapi := started
	fapi.Retry = session.RetryUntilUsed
	narrow := second
	narrow.Scopes = []string{"openid"}
	domaintest.Run[session.State](t, []domaintest.Case[session.Command, session.Event]{
		{Name: "the current token has a successor, and no elevation", Given: given(started, issued), When: refresh(1, nil), Then: given(second)},
		{Name: "a lost answer is given again: same key, same idempotency key", Given: given(started, issued, second), When: refresh(1, nil), Then: given(repeated)},
		{Name: "as often as it is lost", Given: given(started, issued, second, repeated), When: refresh(1, nil), Then: given(repeated)},
		{Name: "another idempotency key is reuse", Given: given(started, issued, second), When: refresh(1, func(c *session.Refresh) { c.RetryHash = "other" }), Then: given(reuse)},
		{Name: "no idempotency key is reuse", Given: given(started, issued, second), When: refresh(1, func(c *session.Refresh) { c.RetryHash = "" }), Then: given(reuse)},
		{Name: "no idempotency key either time is reuse", Given: given(started, issued, refreshed(2, "", soon)), When: refresh(1, func(c *session.Refresh) { c.RetryHash = "" }), Then: given(reuse)},
		{Name: "the one before the previous is reuse, whatever its key", Given: given(started, issued, second, third), When: refresh(1, nil), Then: given(reuse)},
		{Name: "the successor was used: its predecessor is reuse", Given: given(started, issued, second, third), When: refresh(2, nil), Then: given(reuse)},
		{Name: "in the same instant too: generations count, not times", Given: given(started, issued, second), When: refresh(1, func(c *session.Refresh) { c.RetryHash, c.At = "x", noon }), Then: given(session.Revoked{By: "system", Reason: "refresh-token-reused", At: noon})},
		{Name: "a FAPI client may come again without a key", Given: given(fapi, issued, second), When: refresh(1, func(c *session.Refresh) { c.RetryHash = "" }), Then: given(repeated)},
		{Name: "until the successor was used", Given: given(fapi, issued, second, third), When: refresh(1, nil), Then: given(reuse)},
		{Name: "another's key is refused, and the family kept", Given: given(started, issued), When: refresh(1, func(c *session.Refresh) { c.JKT = "thief" }), Then: given(session.TokenRefused{Reason: "wrong-key", Generation: 1, At: soon})},
		{Name: "also with an old token", Given: given(started, issued, second, third), When: refresh(1, func(c *session.Refresh) { c.JKT = "thief" }), Then: given(session.TokenRefused{Reason: "wrong-key", Generation: 1, At: soon})},
		{Name: "again within a minute it is not noted", Given: given(started, issued, session.TokenRefused{At: soon}), When: refresh(1, func(c *session.Refresh) { c.JKT = "thief" })},
		{Name: "after it the right key goes on", Given: given(started, issued, session.TokenRefused{At: soon}), When: refresh(1, nil), Then: given(second)},
		{Name: "another client's", Given: given(started, issued), When: refresh(1, func(c *session.Refresh) { c.Client = id.Named[id.Client]("other") }), Refused: session.ErrGrant},
		{Name: "a generation to come", Given: given(started, issued), When: refresh(2, nil), Refused: session.ErrGrant},
		{Name: "no generation", Given: given(started, issued), When: refresh(0, nil), Refused: session.ErrGrant},
		{Name: "an ended family", Given: given(started, issued, ended), When: refresh(1, nil), Refused: session.ErrGrant},
		{Name: "a family that gives no refresh tokens", Given: given(started, session.TokenIssued{JTI: "1", At: noon}), When: refresh(1, nil), Refused: session.ErrGrant},
		{Name: "idle for thirty days", Given: given(started, issued), When: refresh(1, func(c *session.Refresh) { c.At = noon.Add(session.IdleMax) }), Refused: session.ErrGrant},
		{Name: "ninety days after login, however busy", Given: given(started, issued, refreshed(2, "k", noon.Add(80*24*time.Hour))), When: refresh(2, func(c *session.Refresh) { c.At = noon.Add(session.LifeMax) }), Refused: session.ErrGrant},
		{Name: "a family that never was", When: refresh(1, nil), Refused: session.ErrUnknown},
		{Name: "less than all of it", Given: given(started, issued), When: refresh(1, func(c *session.Refresh) { c.Scopes = []string{"openid"} }), Then: given(narrow)},
		{Name: "more than it has", Given: given(started, issued), When: refresh(1, func(c *session.Refresh) { c.Scopes = []string{"payments.transfer"} }), Refused: session.ErrScope},
	})
}

func TestAnAccessTokenNeverOutlivesItsFamily(t *testing.T) {
	t.Parallel()
	at := start.ExpiresAt.Add(-time.Minute)
	state := session.State{}.Evolve(started).Evolve(issued).Evolve(refreshed(2, "k", at.Add(-time.Hour)))
	events, err := state.Decide(refresh(2, func(c *session.Refresh) { c.At = at }))
	require.NoError(t, err)
	require.Equal(t, start.ExpiresAt, events[0].(session.TokenRefreshed).ExpiresAt)
}

func TestElevation(t *testing.T) {
	t.Parallel()
	domaintest.Run[session.State](t, []domaintest.Case[session.Command, session.Event]{
		{Name: "an ended family is not lifted", Given: given(started, issued, ended), When: session.Elevate{ACR: strong, At: noon}, Refused: session.ErrGrant},
		{Name: "a family begins once", Given: given(started), When: start, Refused: session.ErrExists},
		{Name: "an ended family gets no token", Given: given(started, ended), When: session.Issue{JTI: "2", At: noon}, Refused: session.ErrGrant},
		{Name: "ending twice changes nothing", Given: given(started, ended), When: session.Revoke{By: "customer", At: noon}},
		{Name: "what never was does not end", When: session.Revoke{By: "customer", At: noon}, Refused: session.ErrUnknown},
	})
}
