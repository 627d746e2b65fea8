package commands

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/client"
	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
	"florin/domain/session"
)

// code is a fresh code on a device that is the customer's.
func (h *handset) code(of person) string {
	h.branch.t.Helper()
	code, err := h.try(of.name, secret, "")
	require.NoError(h.branch.t, err)
	require.NotEmpty(h.branch.t, code)
	return code
}

func (b *branch) reason(of id.Session) (reason string) {
	for record, err := range b.log.ReadAll(background, 0) {
		require.NoError(b.t, err)
		for _, recorded := range record.Events {
			if string(recorded.Stream) != of.Stream() || recorded.Kind != (session.Revoked{}).Kind() {
				continue
			}
			event, err := b.bank.treaty.DecodeAny(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
			require.NoError(b.t, err)
			reason = event.(session.Revoked).Reason
		}
	}
	return reason
}

func TestACodeIsRedeemedOnceByItsOwner(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	phone.login(ada)
	_, err := b.bank.Clients().Register(background, b.system(), RegisterClient{ClientID: "other", Name: "Other", FirstParty: true,
		GrantTypes: []string{client.AuthorizationCode, client.RefreshToken}, Scopes: []string{"openid"}})
	require.NoError(t, err)
	code := phone.code(ada)
	right := RedeemCode{ClientID: OwnApp, JKT: phone.jkt, Code: code, Challenge: pkce()}
	for name, test := range map[string]struct {
		change func(*RedeemCode)
		want   error
	}{
		"another client's":     {func(c *RedeemCode) { c.ClientID = "other" }, grant.ErrCode},
		"an unknown client's":  {func(c *RedeemCode) { c.ClientID = "unknown" }, ErrClient},
		"another key":          {func(c *RedeemCode) { c.JKT = b.phone(home).jkt }, grant.ErrCode},
		"another verifier":     {func(c *RedeemCode) { c.Challenge = strings.Repeat("A", 43) }, grant.ErrCode},
		"no verifier":          {func(c *RedeemCode) { c.Challenge = "" }, grant.ErrCode},
		"a shortened code":     {func(c *RedeemCode) { c.Code = code[:len(code)-4] }, grant.ErrCode},
		"a code with more":     {func(c *RedeemCode) { c.Code += "AAAA" }, grant.ErrCode},
		"a code of another id": {func(c *RedeemCode) { c.Code = "AAAA" + code[4:] }, grant.ErrCode},
		"no code":              {func(c *RedeemCode) { c.Code = "" }, grant.ErrCode},
	} {
		ask := right
		test.change(&ask)
		_, _, err := b.bank.Sessions().Redeem(background, b.order(home), ask)
		require.ErrorIs(t, err, test.want, name)
	}
	tokens, err := phone.redeem(code)
	require.NoError(t, err, "none of these has burnt it")

	_, err = phone.redeem(code)
	require.ErrorIs(t, err, session.ErrGrant)
	_, err = phone.refresh(tokens.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant, "its tokens die with the second use")
	require.Equal(t, "code-replayed", b.reason(tokens.Session))
	head := b.head()
	_, err = phone.redeem(code)
	require.ErrorIs(t, err, grant.ErrCode)
	require.Equal(t, head, b.head(), "which is noted once")

	code = phone.code(ada)
	b.pass(grant.CodeTTL)
	_, err = phone.redeem(code)
	require.ErrorIs(t, err, grant.ErrCode, "a minute later")
}

func TestACodeRedeemedManyTimesAtOnceLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	phone.login(ada)
	code := phone.code(ada)
	tokens := make([]Tokens, 10)
	failures := together(len(tokens), func(i int) (err error) {
		tokens[i], err = phone.redeem(code)
		return err
	})
	require.Equal(t, 1, succeeded(failures))
	for _, token := range tokens {
		if token.Refresh != "" {
			_, err := phone.refresh(token.Refresh, "")
			require.ErrorIs(t, err, session.ErrGrant)
		}
	}
}

func TestAPersonOrDeviceThatIsNoMoreGetsNoTokens(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*branch, person, *handset) error{
		"the customer is closed": func(b *branch, of person, _ *handset) error {
			_, err := b.bank.Customers().Close(background, b.system(), of.id, "wish")
			return err
		},
		"the customer is dead": func(b *branch, of person, _ *handset) error {
			_, err := b.bank.Customers().ReportDeath(background, b.system(), of.id)
			return err
		},
		"the device is revoked": func(b *branch, _ person, on *handset) error {
			_, err := b.bank.Devices().Revoke(background, b.system(), on.id, "test")
			return err
		},
		"the client is disabled": func(b *branch, _ person, _ *handset) error {
			_, err := b.bank.Clients().Disable(background, b.system(), OwnApp, "test")
			return err
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBranch(t)
			ada, phone := b.enrol("ada"), b.phone(home)
			tokens, code := phone.login(ada), phone.code(ada)
			require.NoError(t, end(b, ada, phone))
			_, err := phone.redeem(code)
			require.Error(t, err, "a code became tokens")
			require.True(t, refused(err))
			_, err = phone.refresh(tokens.Refresh, "")
			require.Error(t, err, "a session went on")
			require.True(t, refused(err))
		})
	}
}

func TestFamiliesEnd(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, eve := b.enrol("ada"), b.enrol("eve")
	phone, tablet, other := b.phone(home), b.phone(home), b.phone(abroad)
	mine, second, hers := phone.login(ada), tablet.login(ada), other.login(eve)

	_, err := b.bank.Sessions().Revoke(background, b.as(hers), mine.Session, "logout")
	require.ErrorIs(t, err, session.ErrUnknown, "another customer's session is not there")
	_, err = b.bank.Sessions().Revoke(background, b.as(hers), id.Named[id.Session]("none"), "logout")
	require.ErrorIs(t, err, session.ErrUnknown)
	_, err = b.bank.Devices().Revoke(background, b.as(hers), phone.id, "test")
	require.ErrorIs(t, err, customer.ErrUnknown)
	_, err = b.bank.Devices().ReportLost(background, b.as(hers), phone.id)
	require.ErrorIs(t, err, customer.ErrUnknown)
	_, err = phone.refresh(mine.Refresh, "a")
	require.NoError(t, err, "none of this ended it")

	order := b.as(second)
	_, err = b.bank.Devices().ReportLost(background, order, phone.id)
	require.NoError(t, err)
	_, err = phone.refresh(mine.Refresh, "a")
	require.ErrorIs(t, err, session.ErrGrant)
	require.Equal(t, "device-lost", b.reason(mine.Session))
	_, err = b.bank.Devices().Keys(background, phone.id)
	require.ErrorIs(t, err, customer.ErrUnknown)
	_, err = phone.try("ada", secret, "")
	require.ErrorIs(t, err, grant.ErrDenied, "a lost device logs nobody in")
	again, _, err := b.bank.Devices().Register(background, b.order(home), RegisterDevice{Key: b.keyOf(phone), Platform: "test", Statement: none})
	require.Error(t, err, again)

	_, err = b.bank.Sessions().RevokeToken(background, b.order(home), RevokeToken{ClientID: OwnApp, JKT: tablet.jkt, Session: second.Session})
	require.NoError(t, err)
	_, err = tablet.refresh(second.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant)
	_, err = other.refresh(hers.Refresh, "")
	require.NoError(t, err)
}

func (b *branch) keyOf(h *handset) domain.PublicKey {
	state, err := b.bank.devices.look(background, h.id)
	require.NoError(b.t, err)
	return state.Key
}

func TestADeviceHasSoManyFamiliesAtMost(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	oldest := phone.login(ada)
	var latest Tokens
	for range 20 {
		var err error
		latest, err = phone.redeem(phone.code(ada))
		require.NoError(t, err)
	}
	_, err := phone.refresh(oldest.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant)
	require.Equal(t, "displaced", b.reason(oldest.Session))
	_, err = phone.refresh(latest.Refresh, "")
	require.NoError(t, err)
}

func TestFamiliesGrowOld(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	idle, busy := b.phone(home), b.phone(home)
	left, used := idle.login(ada), busy.login(ada)
	for range 4 {
		b.pass(20 * 24 * time.Hour)
		var err error
		used, err = busy.refresh(used.Refresh, "")
		require.NoError(t, err)
	}
	_, err := idle.refresh(left.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant, "idle for thirty days")
	b.pass(10 * 24 * time.Hour)
	_, err = busy.refresh(used.Refresh, "")
	require.ErrorIs(t, err, session.ErrGrant, "ninety days after login")
}

func TestStepUp(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone, other := b.enrol("ada"), b.phone(home), b.phone(abroad)
	tokens := phone.login(ada)
	step := LoginStep{AuthSession: tokens.AuthSession, ClientID: OwnApp, JKT: phone.jkt, CodeChallenge: pkce(), ACRValues: []string{grant.ACRStrong}, SCA: &SCAAssent{CodeChallenge: pkce()}}
	stolen := step
	stolen.JKT = other.jkt
	_, err := other.challenge(stolen)
	require.ErrorIs(t, err, grant.ErrSession, "the handle works on its own device alone")
	weak := step
	weak.SCA, weak.Password = nil, secret
	answer, err := phone.challenge(weak)
	require.NoError(t, err)
	require.Empty(t, answer.Code, "sca was asked for,")
	require.Equal(t, []string{grant.SCAKey}, answer.Next, "and the answer says what reaches it")

	answer, err = phone.challenge(step)
	require.NoError(t, err)
	lifted, err := phone.redeem(answer.Code)
	require.NoError(t, err)
	require.Equal(t, tokens.Session, lifted.Session, "the same family")
	require.Equal(t, grant.ACRStrong, lifted.ACR)
	require.Equal(t, []string{"mfa", "pop", "user"}, lifted.AMR)
	require.Equal(t, b.now(), lifted.AuthTime)
	require.Empty(t, lifted.Refresh, "the family's own refresh token goes on")
	next, err := phone.refresh(tokens.Refresh, "")
	require.NoError(t, err)
	require.Equal(t, grant.ACRDevice, next.ACR, "a refresh never carries it")

	_, err = b.bank.Sessions().Revoke(background, b.as(tokens), tokens.Session, "logout")
	require.NoError(t, err)
	_, err = phone.challenge(step)
	require.ErrorIs(t, err, grant.ErrSession, "an ended family is not lifted")
}

func TestStepUpAndLoginShareABudget(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	tokens := phone.login(ada)
	up := LoginStep{AuthSession: tokens.AuthSession, ClientID: OwnApp, JKT: phone.jkt, CodeChallenge: pkce(), Password: "a wrong password"}
	for i := range 5 {
		var err error
		if i%2 == 0 {
			_, err = phone.challenge(up)
		} else {
			_, err = phone.try("ada", "a wrong password", "")
		}
		require.ErrorIs(t, err, grant.ErrDenied)
	}
	up.Password = secret
	_, err := phone.challenge(up)
	require.ErrorIs(t, err, attempt.ErrThrottled)
	_, err = phone.try("ada@example.org", secret, "")
	require.ErrorIs(t, err, attempt.ErrThrottled)
	_, err = phone.refresh(tokens.Refresh, "")
	require.NoError(t, err, "what is open stays open")
}
