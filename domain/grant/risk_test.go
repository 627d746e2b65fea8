package grant_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/grant"
)

func TestLoginThatRiskLooksAt(t *testing.T) {
	t.Parallel()
	own := began(t, start(func(c *grant.Start) {
		c.Bound, c.Second = true, []string{grant.OneTime, grant.ByEmail, grant.BySMS, grant.Push}
	}))
	opened := began(t, stranger)
	next := []string{grant.SCAKey, grant.OneTime, grant.Push}
	pwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: next, At: noon}
	noPwd := grant.FactorFailed{Factor: grant.Password, Step: 1, Next: next, At: noon}
	first := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: []string{grant.OneTime}, At: noon}
	otp := grant.FactorVerified{Factor: grant.OneTime, Step: 2, At: noon}
	key := grant.FactorVerified{Factor: grant.SCAKey, Step: 1, At: noon}
	code := func(acr string, amr ...string) grant.CodeIssued {
		return grant.CodeIssued{CodeHash: "hash", ACR: acr, AMR: amr, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}
	}
	given := func(events ...grant.Event) []grant.Event { return events }
	with := func(p grant.Prove, change func(*grant.Prove)) grant.Prove { change(&p); return p }
	more := func(p *grant.Prove) { p.More = true }
	blocked := func(p *grant.Prove) { p.Blocked = true }
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "the password alone does not do", Given: given(own), When: with(proof(grant.Password, 0), more), Then: given(pwd)},
		{Name: "nor does a wrong one end it", Given: given(own), When: with(proof(grant.Password, 0), func(p *grant.Prove) { p.More, p.Right = true, false }), Then: given(noPwd)},
		{Name: "a second factor does", Given: given(own, pwd), When: proof(grant.OneTime, 1), Then: given(otp, code(grant.ACRMulti, "mfa", "otp", "pop", "pwd"))},
		{Name: "after a wrong password none does", Given: given(own, noPwd), When: proof(grant.OneTime, 1), Then: given(otp, grant.Denied{Reason: "wrong-factor", At: noon})},
		{Name: "the password again is none", Given: given(own, pwd), When: proof(grant.Password, 1), Refused: grant.ErrFactor},
		{Name: "nor is a code that is sent", Given: given(own, pwd), When: proof(grant.ByEmail, 1), Refused: grant.ErrFactor},
		{Name: "the key behind the finger is enough as ever", Given: given(own), When: with(proof(grant.SCAKey, 0), more), Then: given(key, code(grant.ACRStrong, "mfa", "pop", "user"))},
		{Name: "who is blocked is not let in", Given: given(own), When: with(proof(grant.Password, 0), blocked),
			Then: given(grant.FactorVerified{Factor: grant.Password, Step: 1, At: noon}, grant.Denied{Reason: "risk", At: noon})},
		{Name: "nor on a new device, by two right factors", Given: given(opened, first), When: with(proof(grant.OneTime, 1), blocked), Then: given(otp, grant.Denied{Reason: "risk", At: noon})},
	})
}
