package grant_test

import (
	"testing"
	"time"

	"florin/domain/domaintest"
	"florin/domain/grant"
	"florin/domain/id"
)

func TestLoginOfAnOperator(t *testing.T) {
	t.Parallel()
	olga := id.Named[id.Operator]("olga")
	begin := grant.StartDesk{Grant: id.Named[id.Grant]("g"), Client: app, JKT: "key", Operator: olga, Scopes: []string{"audit.read"}, CodeChallenge: pkce, At: noon}
	first, second := []string{grant.Password, grant.Passkey}, []string{grant.OneTime, grant.Passkey}
	started := grant.DeskStarted{Grant: begin.Grant, Client: app, JKT: "key", Operator: olga, Next: first, Scopes: begin.Scopes, CodeChallenge: pkce,
		ExpiresAt: noon.Add(grant.LoginTTL), At: noon}
	nobody := started
	nobody.Operator = id.Operator{}
	given := func(events ...grant.Event) []grant.Event { return events }
	pwd, noPwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: second, At: noon}, grant.FactorFailed{Factor: grant.Password, Step: 1, Next: second, At: noon}
	code := grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"mfa", "otp", "pwd"}, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}
	wrong := func(p grant.Prove) grant.Prove { p.Right = false; return p }
	by := func(p grant.Prove, jkt string) grant.Prove { p.JKT = jkt; return p }
	keyed := code
	keyed.AMR = []string{"mfa", "pop", "user"}
	both := code
	both.AMR = []string{"mfa", "pop", "pwd", "user"}
	late := proof(grant.Password, 0)
	late.At = noon.Add(grant.LoginTTL)
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "it begins", When: begin, Then: given(started)},
		{Name: "once", Given: given(started), When: begin, Refused: grant.ErrSession},
		{Name: "with PKCE", When: func() grant.StartDesk { c := begin; c.CodeChallenge = "short"; return c }(), Refused: grant.ErrRequest},
		{Name: "a password is one factor", Given: given(started), When: proof(grant.Password, 0), Then: given(pwd)},
		{Name: "a wrong one goes on like a right one", Given: given(started), When: wrong(proof(grant.Password, 0)), Then: given(noPwd)},
		{Name: "and so does one of nobody's", Given: given(nobody), When: proof(grant.Password, 0), Then: given(noPwd)},
		{Name: "the one-time password ends it", Given: given(started, pwd), When: proof(grant.OneTime, 1), Then: given(grant.FactorVerified{Factor: grant.OneTime, Step: 2, At: noon}, code)},
		{Name: "in vain after a wrong password", Given: given(started, noPwd), When: proof(grant.OneTime, 1), Then: given(grant.FactorVerified{Factor: grant.OneTime, Step: 2, At: noon}, grant.Denied{Reason: "wrong-factor", At: noon})},
		{Name: "in vain for nobody", Given: given(nobody, noPwd), When: proof(grant.OneTime, 1), Then: given(grant.FactorFailed{Factor: grant.OneTime, Step: 2, At: noon}, grant.Denied{Reason: "unknown-name", At: noon})},
		{Name: "a passkey is two factors", Given: given(started), When: proof(grant.Passkey, 0), Then: given(grant.FactorVerified{Factor: grant.Passkey, Step: 1, At: noon}, keyed)},
		{Name: "or the second one", Given: given(started, pwd), When: proof(grant.Passkey, 1), Then: given(grant.FactorVerified{Factor: grant.Passkey, Step: 2, At: noon}, both)},
		{Name: "the same factor twice", Given: given(started, pwd), When: proof(grant.Password, 1), Refused: grant.ErrFactor},
		{Name: "the second factor first", Given: given(started), When: proof(grant.OneTime, 0), Refused: grant.ErrFactor},
		{Name: "a factor that operators have not", Given: given(started), When: proof(grant.SCAKey, 0), Refused: grant.ErrFactor},
		{Name: "nothing is sent to operators", Given: given(started, pwd), When: grant.RequestOTP{Method: grant.ByEmail, Salt: "s", Step: 1, JKT: "key", At: noon}, Refused: grant.ErrFactor},
		{Name: "nor taken as sent", Given: given(started, pwd), When: proof(grant.ByEmail, 1), Refused: grant.ErrFactor},
		{Name: "another's key", Given: given(started), When: by(proof(grant.Password, 0), "other"), Refused: grant.ErrSession},
		{Name: "a step taken before", Given: given(started, pwd), When: proof(grant.Password, 0), Refused: grant.ErrSession},
		{Name: "too late", Given: given(started), When: late, Refused: grant.ErrSession},
	})
}
