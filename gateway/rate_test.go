package gateway

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/gateway/service"
	"florin/gateway/token"
)

// ownAs sends a request of whoever the token names.
func (p *porch) ownAs(path string, change func(*token.Claims)) reply {
	access := p.access(change)
	return p.send("GET", path, "", "Authorization: DPoP "+access, "DPoP: "+p.proof("GET", path, access, nil))
}

// limits are what an answer says of them, in the order in which they are asked.
func (r reply) limits() (policy, left string) {
	return strings.Join(r.header.Values("RateLimit-Policy"), ", "), strings.Join(r.header.Values("RateLimit"), ", ")
}

// Row 48: a row may have a limit of its own within its caller's, one for a customer
// whatever devices they use. What it refuses costs others, and other rows, nothing.
func TestRow48ARowHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Rates.Caller = Rate{PerSecond: 1, Burst: 8} })
	first := p.ownAs("/scarce", nil)
	require.Equal(t, 200, first.status)
	policy, left := first.limits()
	require.Equal(t, `"caller";q=8;w=8, "customer";q=16;w=8, "route";q=2;w=8`, policy)
	require.Equal(t, `"caller";r=7;t=0, "customer";r=15;t=0, "route";r=1;t=0`, left)
	require.Equal(t, 200, p.ownAs("/scarce", nil).status)
	refused := p.ownAs("/scarce", nil)
	require.Equal(t, 429, refused.status)
	require.Equal(t, "too-many-requests", refused.code(t))
	require.Equal(t, "4", refused.header.Get("Retry-After"), "a quarter of one a second")
	_, left = refused.limits()
	require.Equal(t, `"caller";r=5;t=0, "customer";r=13;t=0, "route";r=0;t=4`, left)

	p.device = key(t)
	require.Equal(t, 429, p.ownAs("/scarce", nil).status, "another device of the same customer's has no more")
	own := p.ownAs("/own", nil)
	require.Equal(t, 200, own.status, "another row is not concerned")
	policy, _ = own.limits()
	require.NotContains(t, policy, "route", "a row without a limit of its own says nothing of one")
	bert := id.Named[id.Customer]("bert").String()
	require.Equal(t, 200, p.ownAs("/scarce", func(c *token.Claims) { c.Subject, c.UserID = bert, bert }).status, "nor is another customer")
	p.clock.Add((4 * time.Second).Microseconds())
	require.Equal(t, 200, p.ownAs("/scarce", nil).status, "at the time that was said")
	require.Equal(t, 429, p.ownAs("/scarce", nil).status)
	require.EqualValues(t, 5, p.seen.Load(), "what was refused has reached no service")
}

// Who need not show who they are is limited by address, on a row of its own too.
func TestRow48AnOpenRowHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPorch(t, func(s *Settings) { s.Rates.Login = Rate{PerSecond: 1, Burst: 4} })
	ask := func(path string, more ...string) reply {
		return p.send("POST", path, `{"text":"x"}`, append(more, "Content-Type: application/json")...)
	}
	require.Equal(t, 200, ask("/rare").status)
	second := ask("/rare")
	policy, left := second.limits()
	require.Equal(t, `"login";q=4;w=4, "route";q=2;w=4`, policy)
	require.Equal(t, `"login";r=2;t=0, "route";r=0;t=2`, left)
	refused := ask("/rare", "X-Forwarded-For: 10.0.0.9", "Forwarded: for=10.0.0.9")
	require.Equal(t, 429, refused.status)
	require.Equal(t, "2", refused.header.Get("Retry-After"))
	require.Equal(t, 200, ask("/open").status, "the address has some left for others")
	require.Equal(t, 429, ask("/open").status, "and then none")
}

// No share is too small for one request, and none is more than there is.
func TestSharesOfARate(t *testing.T) {
	t.Parallel()
	require.Equal(t, Rate{0.1, 1}, Rate{1, 3}.share(0.1))
	require.Equal(t, Rate{5, 10}, Rate{50, 100}.share(0.1))
	for _, sandbox := range []bool{true, false} {
		for _, row := range Routes(nil, service.Desk{Sandbox: sandbox}) {
			require.True(t, row.Share >= 0 && row.Share < 1, "%s %s", row.Method, row.Path)
		}
	}
}

// What reads much, lasts long, or begins something for nobody who is known has a
// limit of its own; whoever adds such a row says which.
func TestWhatIsDearHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, sandbox := range []bool{true, false} {
		for _, row := range Routes(nil, service.Desk{Sandbox: sandbox}) {
			stranger := row.Open && row.Method == post && !row.OAuth && row.Page == nil // the provider's have their attempt budgets
			streams := len(row.Gives) > 0 && row.Gives[0] == eventStream
			if stranger || streams || row.cost() > costPlain {
				require.Positive(t, row.Share, "%s %s", row.Method, row.Path)
			}
		}
	}
}
