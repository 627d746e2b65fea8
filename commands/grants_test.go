package commands

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/grant"
)

func TestLoginOnANewDeviceTakesTwoFactorsAndBindsIt(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	answer, err := phone.challenge(phone.first("ADA@Example.org", secret))
	require.NoError(t, err)
	require.Empty(t, answer.Code)
	require.Equal(t, []string{grant.OneTime, grant.Push}, answer.Next)
	b.restart() // a login outlives a restart
	answer, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTP: b.otp(ada)})
	require.NoError(t, err)
	tokens, err := phone.redeem(answer.Code)
	require.NoError(t, err)
	require.Equal(t, Tokens{
		Customer: ada.id, ClientID: OwnApp, Device: phone.id, Session: tokens.Session, JKT: phone.jkt, Scopes: []string{"accounts.read", "openid"},
		ACR: grant.ACRMulti, AMR: []string{"mfa", "otp", "pwd"}, AuthTime: b.now(), Strength: 2, JTI: tokens.JTI,
		IssuedAt: b.now(), ExpiresAt: b.now().Add(5 * time.Minute), Refresh: tokens.Refresh, AuthSession: tokens.AuthSession, Nonce: "n",
	}, tokens)
	for _, text := range []string{answer.Code, tokens.Refresh, b.otp(ada), secret, home} {
		require.False(t, b.holds(text), "the log holds %q", text)
	}

	code, err := phone.try("ada", secret, "") // now the device is one factor
	require.NoError(t, err)
	tokens, err = phone.redeem(code)
	require.NoError(t, err)
	require.Equal(t, []string{"mfa", "pop", "pwd"}, tokens.AMR)
}

func TestNothingTellsWhoIsACustomerUntilTheLastStep(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	gone := b.enrol("gone")
	_, err := b.bank.Customers().Close(background, b.system(), gone.id, "wish")
	require.NoError(t, err)
	type seen struct {
		first, last writing
		hashes      uint64
		next        string
		length      int
		denied      string
	}
	observe := func(phone *handset, name, password string) (s seen) {
		hashes, head := b.bank.PasswordHashes(), b.head()
		answer, err := phone.challenge(phone.first(name, password))
		require.NoError(t, err)
		require.Empty(t, answer.Code)
		s.first, s.hashes, s.next, s.length = b.since(head), b.bank.PasswordHashes()-hashes, strings.Join(answer.Next, " "), len(answer.AuthSession)
		for i, kind := range s.first.kinds { // whether it was right stands in the log, and only there
			s.first.kinds[i] = strings.Replace(kind, "verified", "failed", 1)
		}
		head = b.head()
		_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTP: "000000"})
		require.ErrorIs(t, err, grant.ErrDenied)
		s.last, s.denied = b.since(head), err.Error()
		return s
	}
	strangers := []*handset{b.phone("203.0.113.1"), b.phone("203.0.113.2"), b.phone("203.0.113.3"), b.phone("203.0.113.4"), b.phone("203.0.113.5")}
	want := observe(strangers[0], "ada", "a wrong password")
	require.EqualValues(t, 1, want.hashes)
	require.Equal(t, 2, want.first.commits)
	require.Equal(t, want, observe(strangers[1], "ada", secret), "the right password")
	require.Equal(t, want, observe(strangers[2], b.nobody("%d nobody"), secret), "a name that is nobody's")
	require.Equal(t, want, observe(strangers[3], "gone", secret), "a customer who is none any more")
	require.Equal(t, want, observe(strangers[4], b.nobody("%d ? \x00"), secret), "what cannot be a name")
}

func TestBudgetsAreTheSameForNamesThatDoNotExist(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	exhaust := func(names ...string) (delay time.Duration) {
		phone := b.phone(home)
		for i := range 5 {
			_, err := phone.try(names[i%len(names)], "a wrong password", "000000")
			require.ErrorIs(t, err, grant.ErrDenied)
		}
		hashes, head := b.bank.PasswordHashes(), b.head()
		_, err := phone.try(names[0], secret, "000000")
		require.ErrorAs(t, err, new(interface{ RetryAfter() time.Duration }))
		var throttled interface{ RetryAfter() time.Duration }
		require.ErrorAs(t, err, &throttled)
		require.Equal(t, hashes, b.bank.PasswordHashes(), "the budget is checked before the hash")
		require.Equal(t, head, b.head())
		return throttled.RetryAfter()
	}
	exists := exhaust("ada", "ADA", " ada@example.org", enrolment("ada").Phone.Reveal()) // one budget for all names
	nobody := b.nobody("nobody%d")
	require.Equal(t, exists, exhaust(nobody, strings.ToUpper(nobody)))
	b.pass(2 * exists) // one-time passwords wait twice as long
	_, err := b.phone(home).try("ada", "a wrong password", "000000")
	require.ErrorIs(t, err, grant.ErrDenied, "after the delay one more is taken")
}

func TestFiftyGuessesAtOnceVerifyFive(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	phone := b.phone(abroad)
	for _, name := range []string{"ada", "nobody"} {
		hashes := b.bank.PasswordHashes()
		together(50, func(int) error {
			_, err := phone.challenge(phone.first(name, "a wrong password"))
			return err
		})
		require.EqualValues(t, 5, b.bank.PasswordHashes()-hashes, name)
	}
}

func TestStrangersCannotLockOutTheOwnersPhone(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own := b.enrol("ada"), b.phone(home)
	own.login(ada)
	for place := range 12 {
		stranger := b.phone(strings.Replace("203.0.113.x", "x", string(rune('a'+place)), 1))
		if place%2 == 0 {
			stranger = b.phone(home) // or behind the same address
		}
		for range 6 {
			_, _ = stranger.try("ada", "a wrong password", "000000")
		}
	}
	_, err := b.phone(abroad).try("ada", secret, b.otp(ada))
	require.Error(t, err, "strangers have used up their budget")
	code, err := own.try("ada", secret, "")
	require.NoError(t, err)
	require.NotEmpty(t, code)
}

func TestOneTimePasswordsAreTakenOnce(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	otp := b.otp(ada)
	code, err := b.phone(home).try("ada", secret, otp)
	require.NoError(t, err)
	require.NotEmpty(t, code)
	_, err = b.phone(home).try("ada", secret, otp)
	require.ErrorIs(t, err, grant.ErrDenied, "the same again")
	b.restart()
	_, err = b.phone(home).try("ada", secret, otp)
	require.ErrorIs(t, err, grant.ErrDenied, "after a restart")
	b.pass(totpPeriod)
	_, err = b.phone(home).try("ada", secret, otp)
	require.ErrorIs(t, err, grant.ErrDenied, "within the tolerance of clocks")
	_, err = b.phone(abroad).try("ada", secret, b.otp(ada))
	require.NoError(t, err, "the next one")
}

func TestOneTimePasswordsAtOnceOpenOneDoor(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	phones := make([]*handset, 4)
	steps := make([]string, len(phones))
	for i := range phones {
		phones[i] = b.phone(string(rune('a' + i)))
		answer, err := phones[i].challenge(phones[i].first("ada", secret))
		require.NoError(t, err)
		steps[i] = answer.AuthSession
	}
	otp := b.otp(ada)
	failures := together(len(phones), func(i int) error {
		_, err := phones[i].challenge(LoginStep{AuthSession: steps[i], JKT: phones[i].jkt, OTP: otp})
		return err
	})
	require.Equal(t, 1, succeeded(failures))
}

func TestStepsAreTakenInOrderAndOnce(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone, other := b.enrol("ada"), b.phone(home), b.phone(home)
	begin := func(on *handset) string {
		answer, err := on.challenge(on.first("ada", secret))
		require.NoError(t, err)
		require.NotEmpty(t, answer.AuthSession)
		return answer.AuthSession
	}
	session := begin(phone)
	altered := strings.ToLower(session)
	if altered == session {
		altered = strings.ToUpper(session)
	}
	for name, test := range map[string]struct {
		step LoginStep
		want error
	}{
		"another device":         {LoginStep{AuthSession: session, JKT: other.jkt, OTP: b.otp(ada)}, grant.ErrSession},
		"an altered session":     {LoginStep{AuthSession: altered, JKT: phone.jkt, OTP: b.otp(ada)}, grant.ErrSession},
		"a shortened session":    {LoginStep{AuthSession: session[:len(session)-1], JKT: phone.jkt, OTP: b.otp(ada)}, grant.ErrSession},
		"the same factor again":  {LoginStep{AuthSession: session, JKT: phone.jkt, Password: secret}, grant.ErrFactor},
		"no factor":              {LoginStep{AuthSession: session, JKT: phone.jkt}, grant.ErrFactor},
		"two factors at once":    {LoginStep{AuthSession: session, JKT: phone.jkt, Password: secret, OTP: b.otp(ada)}, ErrFactors},
		"a device nobody knows":  {LoginStep{AuthSession: session, JKT: "nobody", OTP: b.otp(ada)}, ErrNoKey},
		"an SCA key of nobody's": {LoginStep{AuthSession: session, JKT: phone.jkt, SCA: &SCAAssent{CodeChallenge: pkce()}}, grant.ErrFactor},
	} {
		head := b.head()
		_, err := phone.challenge(test.step)
		require.ErrorIs(t, err, test.want, name)
		require.Equal(t, head, b.head(), "%s costs no attempt", name)
	}
	_, err := phone.challenge(func() LoginStep { s := phone.first("ada", ""); s.OTP = b.otp(ada); return s }())
	require.ErrorIs(t, err, grant.ErrFactor, "the second factor first")

	failures := together(5, func(int) error {
		_, err := phone.challenge(LoginStep{AuthSession: session, JKT: phone.jkt, OTP: b.otp(ada)})
		return err
	})
	require.Equal(t, 1, succeeded(failures), "one step is taken once")

	session = begin(other)
	b.pass(grant.LoginTTL)
	_, err = other.challenge(LoginStep{AuthSession: session, JKT: other.jkt, OTP: b.otp(ada)})
	require.ErrorIs(t, err, grant.ErrSession, "ten minutes later")
}

func TestAFailedLoginIsOver(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	answer, err := phone.challenge(phone.first("ada", secret))
	require.NoError(t, err)
	_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTP: "000000"})
	require.ErrorIs(t, err, grant.ErrDenied)
	_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTP: b.otp(ada)})
	require.ErrorIs(t, err, grant.ErrSession)
	_, err = phone.try("ada", "a wrong password", b.otp(ada))
	require.ErrorIs(t, err, grant.ErrDenied, "a right second factor does not mend a wrong first one")
	_, err = phone.try("ada", secret, b.otp(ada))
	require.NoError(t, err, "and it did not spend the one-time password")
}

func TestOneKeyIsNeverTwoCustomers(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, eve, phone := b.enrol("ada"), b.enrol("eve"), b.phone(home)
	phone.login(ada)
	_, err := phone.try("eve", secret, b.otp(eve))
	require.ErrorIs(t, err, grant.ErrDenied)
	keys, err := b.bank.devices.look(background, phone.id)
	require.NoError(t, err)
	require.Equal(t, ada.id, keys.Customer)
}

func TestLoginBeginsWithAClientADeviceAndPKCE(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	phone, lost := b.phone(home), b.phone(home)
	_, err := b.bank.Devices().Revoke(background, b.system(), lost.id, "test")
	require.NoError(t, err)
	_, err = b.bank.Clients().Register(background, b.system(), RegisterClient{ClientID: "shop", Name: "Shop", GrantTypes: []string{"authorization_code"}, RedirectURIs: []string{"https://shop.example/back"}, Scopes: []string{"openid"}})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		change func(*LoginStep)
		want   error
	}{
		"an unknown client":   {func(s *LoginStep) { s.ClientID = "other" }, ErrClient},
		"a third party":       {func(s *LoginStep) { s.ClientID = "shop" }, ErrToWeb},
		"an unknown scope":    {func(s *LoginStep) { s.Scopes = []string{"ledger.post"} }, ErrScope},
		"no scope":            {func(s *LoginStep) { s.Scopes = nil }, ErrScope},
		"no PKCE":             {func(s *LoginStep) { s.CodeChallenge = "" }, grant.ErrRequest},
		"plain PKCE":          {func(s *LoginStep) { s.CodeChallenge = verifier }, grant.ErrRequest},
		"an unknown device":   {func(s *LoginStep) { s.JKT = "x" }, ErrNoKey},
		"a revoked device":    {func(s *LoginStep) { s.JKT = lost.jkt }, grant.ErrDenied},
		"a made-up session":   {func(s *LoginStep) { s.AuthSession = "AAAA" }, grant.ErrSession},
		"the SCA key's first": {func(s *LoginStep) { s.Password, s.SCA = "", &SCAAssent{CodeChallenge: pkce()} }, grant.ErrFactor},
	} {
		step, head := phone.first("ada", secret), b.head()
		test.change(&step)
		_, err := phone.challenge(step)
		require.ErrorIs(t, err, test.want, name)
		require.Equal(t, head, b.head(), name)
	}
}

func TestTheSCAKeyAloneIsStrongOnTheOwnersDevice(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	phone.login(ada)
	step := phone.first("ada", "")
	step.SCA = &SCAAssent{} // its signature did not stand
	_, err := phone.challenge(step)
	require.ErrorIs(t, err, grant.ErrDenied)
	step.SCA = &SCAAssent{CodeChallenge: "of another login"}
	_, err = phone.challenge(step)
	require.ErrorIs(t, err, grant.ErrDenied)
	step.SCA = &SCAAssent{CodeChallenge: pkce()}
	answer, err := phone.challenge(step)
	require.NoError(t, err)
	tokens, err := phone.redeem(answer.Code)
	require.NoError(t, err)
	require.Equal(t, grant.ACRStrong, tokens.ACR)
	require.EqualValues(t, 3, tokens.Strength)

	step = phone.first("ada", "")
	answer, err = phone.challenge(step)
	require.NoError(t, err)
	require.Equal(t, []string{grant.Password, grant.SCAKey}, answer.Next, "a name alone is told what may follow")
}
