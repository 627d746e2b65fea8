package grant_test

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/domaintest"
	"florin/domain/grant"
	"florin/domain/id"
)

var (
	noon   = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	app    = id.Named[id.Client]("app")
	ada    = id.Named[id.Customer]("ada")
	family = id.Named[id.Session]("family")
	other  = id.Named[id.Session]("other")
	pkce   = challenge("verifier")

	stranger = grant.Start{
		Grant: id.Named[id.Grant]("g"), Client: app, Device: id.Named[id.Device]("phone"), JKT: "key", Customer: ada,
		Second: []string{grant.OneTime}, Scopes: []string{"openid"}, CodeChallenge: pkce, At: noon,
	}
)

func challenge(verifier string) string {
	digest := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

func start(change func(*grant.Start)) grant.Start { c := stranger; change(&c); return c }

// began is what a start leads to.
func began(t *testing.T, c grant.Start) grant.Event {
	t.Helper()
	events, err := grant.State{}.Decide(c)
	require.NoError(t, err)
	return events[0]
}

func proof(factor string, step int64) grant.Prove {
	return grant.Prove{Factor: factor, Right: true, Step: step, JKT: "key", CodeHash: "hash", At: noon}
}

func TestLoginOnADeviceNobodyKnows(t *testing.T) {
	t.Parallel()
	opened := began(t, stranger)
	nobody := began(t, start(func(c *grant.Start) { c.Customer = id.Customer{} }))
	pwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: []string{grant.OneTime}, At: noon}
	noPwd := grant.FactorFailed{Factor: grant.Password, Step: 1, Next: []string{grant.OneTime}, At: noon}
	otp, noOTP := grant.FactorVerified{Factor: grant.OneTime, Step: 2, At: noon}, grant.FactorFailed{Factor: grant.OneTime, Step: 2, At: noon}
	code := grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"mfa", "otp", "pwd"}, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}
	wrong := grant.Denied{Reason: "wrong-factor", At: noon}
	given := func(events ...grant.Event) []grant.Event { return events }
	with := func(p grant.Prove, change func(*grant.Prove)) grant.Prove { change(&p); return p }
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "a right password asks for a second factor", Given: given(opened), When: proof(grant.Password, 0), Then: given(pwd)},
		{Name: "and so does a wrong one", Given: given(opened), When: with(proof(grant.Password, 0), func(p *grant.Prove) { p.Right = false }), Then: given(noPwd)},
		{Name: "and so does one for nobody", Given: given(nobody), When: proof(grant.Password, 0), Then: given(noPwd)},
		{Name: "both factors make a code", Given: given(opened, pwd), When: proof(grant.OneTime, 1), Then: given(otp, code)},
		{Name: "a right second does not mend a wrong first", Given: given(opened, noPwd), When: proof(grant.OneTime, 1), Then: given(otp, wrong)},
		{Name: "a wrong second ends it", Given: given(opened, pwd), When: with(proof(grant.OneTime, 1), func(p *grant.Prove) { p.Right = false }), Then: given(noOTP, wrong)},
		{Name: "nobody never gets in", Given: given(nobody, noPwd), When: proof(grant.OneTime, 1), Then: given(noOTP, grant.Denied{Reason: "unknown-name", At: noon})},
		{Name: "the second factor does not come first", Given: given(opened), When: proof(grant.OneTime, 0), Refused: grant.ErrFactor},
		{Name: "the same factor does not count twice", Given: given(opened, pwd), When: proof(grant.Password, 1), Refused: grant.ErrFactor},
		{Name: "the SCA key of a device nobody knows proves nothing", Given: given(opened), When: proof(grant.SCAKey, 0), Refused: grant.ErrFactor},
		{Name: "one step is taken once", Given: given(opened, pwd), When: proof(grant.OneTime, 0), Refused: grant.ErrSession},
		{Name: "a step ahead is none", Given: given(opened), When: proof(grant.Password, 1), Refused: grant.ErrSession},
		{Name: "another device's login is not continued", Given: given(opened, pwd), When: with(proof(grant.OneTime, 1), func(p *grant.Prove) { p.JKT = "other" }), Refused: grant.ErrSession},
		{Name: "after ten minutes it is too late", Given: given(opened, pwd), When: with(proof(grant.OneTime, 1), func(p *grant.Prove) { p.At = noon.Add(grant.LoginTTL) }), Refused: grant.ErrSession},
		{Name: "a failed login does not go on", Given: given(opened, noPwd, noOTP, wrong), When: proof(grant.OneTime, 2), Refused: grant.ErrSession},
		{Name: "a finished login does not go on", Given: given(opened, pwd, otp, code), When: proof(grant.OneTime, 2), Refused: grant.ErrSession},
		{Name: "a login that nobody began", When: proof(grant.Password, 0), Refused: grant.ErrSession},
		{Name: "a login is begun once", Given: given(opened), When: stranger, Refused: grant.ErrSession},
		{Name: "no PKCE", When: start(func(c *grant.Start) { c.CodeChallenge = "" }), Refused: grant.ErrRequest},
		{Name: "PKCE in plain", When: start(func(c *grant.Start) { c.CodeChallenge = strings.Repeat("v", 44) }), Refused: grant.ErrRequest},
		{Name: "a nonce like a novel", When: start(func(c *grant.Start) { c.Nonce = strings.Repeat("n", 513) }), Refused: grant.ErrRequest},
	})
}

func TestLoginOnTheCustomersOwnDevice(t *testing.T) {
	t.Parallel()
	own := began(t, start(func(c *grant.Start) { c.Bound = true }))
	strong := began(t, start(func(c *grant.Start) { c.Bound, c.ACRValues = true, []string{grant.ACRStrong} }))
	code := func(acr string, amr ...string) grant.CodeIssued {
		return grant.CodeIssued{CodeHash: "hash", ACR: acr, AMR: amr, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}
	}
	shown := func(factor string) grant.Event { return grant.FactorVerified{Factor: factor, Step: 1, At: noon} }
	hardware, wrong := proof(grant.SCAKey, 0), proof(grant.Password, 0)
	hardware.Hardware, wrong.Right = true, false
	given := func(events ...grant.Event) []grant.Event { return events }
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "the password is enough", Given: given(own), When: proof(grant.Password, 0), Then: given(shown(grant.Password), code(grant.ACRMulti, "mfa", "pop", "pwd"))},
		{Name: "the SCA key is enough, and stronger", Given: given(own), When: proof(grant.SCAKey, 0), Then: given(shown(grant.SCAKey), code(grant.ACRStrong, "mfa", "pop", "user"))},
		{Name: "stronger still in hardware", Given: given(own), When: hardware, Then: given(shown(grant.SCAKey), code(grant.ACRStrongInKey, "hwk", "mfa", "pop", "user"))},
		{Name: "a one-time password beside the device is no second factor", Given: given(own), When: proof(grant.OneTime, 0), Refused: grant.ErrFactor},
		{Name: "a wrong password ends it", Given: given(own), When: wrong, Then: given(
			grant.FactorFailed{Factor: grant.Password, Step: 1, At: noon}, grant.Denied{Reason: "wrong-factor", At: noon})},
		{Name: "what has to be strong is not done with a password", Given: given(strong), When: proof(grant.Password, 0), Refused: grant.ErrFactor},
		{Name: "but with the SCA key", Given: given(strong), When: proof(grant.SCAKey, 0), Then: given(shown(grant.SCAKey), code(grant.ACRStrong, "mfa", "pop", "user"))},
	})
}

func TestCode(t *testing.T) {
	t.Parallel()
	own := began(t, start(func(c *grant.Start) { c.Bound = true }))
	stepUp := began(t, start(func(c *grant.Start) { c.Bound, c.Session = true, other }))
	shown := grant.FactorVerified{Factor: grant.Password, Step: 1, At: noon}
	code := grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"pwd"}, AuthTime: noon, ExpiresAt: noon.Add(grant.CodeTTL), At: noon}
	redeem := grant.Redeem{Session: family, Client: app, JKT: "key", Challenge: pkce, At: noon}
	with := func(change func(*grant.Redeem)) grant.Redeem { c := redeem; change(&c); return c }
	given := func(events ...grant.Event) []grant.Event { return events }
	redeemed, replayed := grant.Redeemed{Session: family, At: noon}, grant.CodeReplayed{Session: family, At: noon}
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "a code becomes a family", Given: given(own, shown, code), When: redeem, Then: given(redeemed)},
		{Name: "of a step-up: lifts the family it belongs to", Given: given(stepUp, shown, code), When: redeem, Then: given(grant.Redeemed{Session: other, At: noon})},
		{Name: "the second time its family has to end", Given: given(own, shown, code, redeemed), When: redeem, Then: given(replayed)},
		{Name: "also when it is another that comes with it", Given: given(own, shown, code, redeemed), When: with(func(c *grant.Redeem) { c.JKT = "thief" }), Then: given(replayed)},
		{Name: "also long after", Given: given(own, shown, code, redeemed), When: with(func(c *grant.Redeem) { c.At = noon.Add(time.Hour) }), Then: given(grant.CodeReplayed{Session: family, At: noon.Add(time.Hour)})},
		{Name: "which is noted once", Given: given(own, shown, code, redeemed, replayed), When: redeem, Refused: grant.ErrCode},
		{Name: "before there is one", Given: given(own), When: redeem, Refused: grant.ErrCode},
		{Name: "of a failed login", Given: given(own, grant.FactorFailed{Factor: grant.Password, Step: 1, At: noon}, grant.Denied{At: noon}), When: redeem, Refused: grant.ErrCode},
		{Name: "after a minute", Given: given(own, shown, code), When: with(func(c *grant.Redeem) { c.At = noon.Add(grant.CodeTTL) }), Refused: grant.ErrCode},
		{Name: "by another client", Given: given(own, shown, code), When: with(func(c *grant.Redeem) { c.Client = id.Named[id.Client]("other") }), Refused: grant.ErrCode},
		{Name: "with another key", Given: given(own, shown, code), When: with(func(c *grant.Redeem) { c.JKT = "thief" }), Refused: grant.ErrCode},
		{Name: "with another verifier", Given: given(own, shown, code), When: with(func(c *grant.Redeem) { c.Challenge = challenge("guess") }), Refused: grant.ErrCode},
		{Name: "without a verifier", Given: given(own, shown, code), When: with(func(c *grant.Redeem) { c.Challenge = "" }), Refused: grant.ErrCode},
	})
}

func TestLeavingTheBanksOwnPages(t *testing.T) {
	t.Parallel()
	opened := began(t, start(func(c *grant.Start) { c.Consent = grant.OwnPages() }))
	others := began(t, start(func(c *grant.Start) { c.Consent = id.Named[id.Consent]("shop's") }))
	pwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: []string{grant.OneTime}, At: noon}
	otp := grant.FactorVerified{Factor: grant.OneTime, Step: 2, At: noon}
	in := grant.Authenticated{ACR: grant.ACRMulti, AMR: []string{"mfa"}, AuthTime: noon, ExpiresAt: noon.Add(grant.LoginTTL), At: noon}
	leave, left := grant.LogOut{At: noon}, grant.LoggedOut{At: noon}
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "ends the visit", Given: []grant.Event{opened, pwd, otp, in}, When: leave, Then: []grant.Event{left}},
		{Name: "once", Given: []grant.Event{opened, pwd, otp, in, left}, When: leave},
		{Name: "not before there is one", Given: []grant.Event{opened, pwd}, When: leave, Refused: grant.ErrSession},
		{Name: "not one that failed", Given: []grant.Event{opened, pwd, grant.Denied{At: noon}}, When: leave, Refused: grant.ErrSession},
		{Name: "not a login for a third party", Given: []grant.Event{others, pwd, otp, in}, When: leave, Refused: grant.ErrSession},
		{Name: "no factor is shown after it", Given: []grant.Event{opened, pwd, otp, in, left}, When: proof(grant.OneTime, 2), Refused: grant.ErrSession},
	})
	state := grant.State{}
	for _, event := range []grant.Event{opened, pwd, otp, in} {
		state = state.Evolve(event)
	}
	if err := state.Proves(grant.OwnPages(), "key", false, noon); err != nil {
		t.Fatal(err)
	}
	if err := state.Evolve(left).Proves(grant.OwnPages(), "key", false, noon); err == nil {
		t.Fatal("a visit that was left proves nothing")
	}
}

func TestCodesThatAreSent(t *testing.T) {
	t.Parallel()
	opened := began(t, start(func(c *grant.Start) { c.Second = []string{grant.OneTime, grant.ByEmail} }))
	earlier := began(t, start(func(c *grant.Start) { c.Second = []string{grant.OneTime, grant.OTPSend} }))
	second := []string{grant.OneTime, grant.OTPSend}
	pwd := grant.FactorVerified{Factor: grant.Password, Step: 1, Next: second, At: noon}
	noPwd := grant.FactorFailed{Factor: grant.Password, Step: 1, Next: second, At: noon}
	request := grant.RequestOTP{Method: grant.ByEmail, Salt: "salt", Step: 1, JKT: "key", At: noon}
	requested := func(step int64) grant.OTPRequested {
		return grant.OTPRequested{Method: grant.ByEmail, Salt: "salt", Step: step, Next: second, ExpiresAt: noon.Add(grant.OTPTTL), At: noon}
	}
	late := proof(grant.ByEmail, 2)
	late.At = noon.Add(grant.OTPTTL)
	denied := grant.Denied{Reason: "wrong-factor", At: late.At}
	changed := func(change func(*grant.RequestOTP)) grant.RequestOTP { c := request; change(&c); return c }
	domaintest.Run[grant.State](t, []domaintest.Case[grant.Command, grant.Event]{
		{Name: "a code is asked for after the password", Given: []grant.Event{opened, pwd}, When: request, Then: []grant.Event{requested(2)}},
		{Name: "after a wrong one as well", Given: []grant.Event{opened, noPwd}, When: request, Then: []grant.Event{requested(2)}},
		{Name: "not before it", Given: []grant.Event{opened}, When: changed(func(c *grant.RequestOTP) { c.Step = 0 }), Refused: grant.ErrFactor},
		{Name: "not twice by the same step", Given: []grant.Event{opened, pwd, requested(2)}, When: request, Refused: grant.ErrSession},
		{Name: "not with another key", Given: []grant.Event{opened, pwd}, When: changed(func(c *grant.RequestOTP) { c.JKT = "thief" }), Refused: grant.ErrSession},
		{Name: "not by pigeon", Given: []grant.Event{opened, pwd}, When: changed(func(c *grant.RequestOTP) { c.Method = "pigeon" }), Refused: grant.ErrFactor},
		{Name: "not to where it would reach nobody", Given: []grant.Event{opened, pwd}, When: changed(func(c *grant.RequestOTP) { c.Method = grant.BySMS }), Refused: grant.ErrFactor},
		{Name: "by either way, in a login from when both were offered to everybody", Given: []grant.Event{earlier, pwd}, When: request, Then: []grant.Event{requested(2)}},
		{Name: "not without salt", Given: []grant.Event{opened, pwd}, When: changed(func(c *grant.RequestOTP) { c.Salt = "" }), Refused: grant.ErrFactor},
		{Name: "not a fourth time", Given: []grant.Event{opened, pwd, requested(2), requested(3), requested(4)}, When: changed(func(c *grant.RequestOTP) { c.Step = 4 }), Refused: grant.ErrFactor},
		{Name: "asking is no factor", Given: []grant.Event{opened, pwd}, When: proof(grant.OTPSend, 1), Refused: grant.ErrFactor},
		{Name: "a code completes the login, of the class of the device", Given: []grant.Event{opened, pwd, requested(2)}, When: proof(grant.ByEmail, 2), Then: []grant.Event{
			grant.FactorVerified{Factor: grant.ByEmail, Step: 3, At: noon},
			grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRDevice, AMR: []string{"otp", "pwd"}, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}}},
		{Name: "not after five minutes", Given: []grant.Event{opened, pwd, requested(2)}, When: late, Then: []grant.Event{grant.FactorFailed{Factor: grant.ByEmail, Step: 3, At: late.At}, denied}},
		{Name: "not by another way than it was sent", Given: []grant.Event{opened, pwd, requested(2)}, When: proof(grant.BySMS, 2), Refused: grant.ErrFactor},
		{Name: "not if none was sent", Given: []grant.Event{opened, pwd}, When: proof(grant.ByEmail, 1), Refused: grant.ErrFactor},
		{Name: "a TOTP does still", Given: []grant.Event{opened, pwd, requested(2)}, When: proof(grant.OneTime, 2), Then: []grant.Event{
			grant.FactorVerified{Factor: grant.OneTime, Step: 3, At: noon},
			grant.CodeIssued{CodeHash: "hash", ACR: grant.ACRMulti, AMR: []string{"mfa", "otp", "pwd"}, AuthTime: noon, ExpiresAt: noon.Add(time.Minute), At: noon}}},
	})
}
