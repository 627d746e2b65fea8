package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/client"
	"florin/domain/customer"
	"florin/domain/operator"
	"florin/domain/session"
)

func TestMachinesGetTokensForThemselves(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	olga, _, err := b.bank.Operators().Create(background, b.system(), CreateOperator{Name: domain.NewProfile("Olga"), Scopes: []string{"ledger.post", "audit.read"}, Key: publicKey(t)})
	require.NoError(t, err)
	require.False(t, b.holds("Olga"))
	key := publicKey(t)
	key.KeyID = "1"
	_, err = b.bank.Clients().Register(background, b.system(), RegisterClient{ClientID: "rail", Name: "Rail", Keys: []domain.PublicKey{key},
		GrantTypes: []string{client.ClientCredentials}, Scopes: []string{"payments.operate"}})
	require.NoError(t, err)

	machine := func(clientID string, scopes ...string) (Tokens, error) {
		tokens, _, err := b.bank.Sessions().Machine(background, b.order(home), MachineTokens{clientID, "key of the proof", scopes})
		return tokens, err
	}
	tokens, err := machine(olga.ClientID)
	require.NoError(t, err)
	require.Equal(t, olga.Operator, tokens.Operator)
	require.Equal(t, []string{"audit.read", "ledger.post"}, tokens.Scopes)
	require.Equal(t, "key of the proof", tokens.JKT)
	require.Empty(t, tokens.Refresh)
	require.Empty(t, tokens.AuthSession)
	require.Equal(t, session.AccessTTL, tokens.ExpiresAt.Sub(tokens.IssuedAt))
	tokens, err = machine("rail", "payments.operate")
	require.NoError(t, err)
	require.True(t, tokens.Operator.IsZero() && tokens.Customer.IsZero())
	require.Equal(t, "rail", tokens.ClientID)

	_, err = machine("rail", "ledger.post")
	require.ErrorIs(t, err, ErrScope)
	_, err = machine(olga.ClientID, "roles.manage")
	require.ErrorIs(t, err, ErrScope)
	_, err = machine(OwnApp)
	require.ErrorIs(t, err, ErrUnauthorized, "a public client has no self")
	_, err = machine("opr_0198f2a0-0000-7000-8000-0000000000aa")
	require.ErrorIs(t, err, ErrClient)
	_, err = machine("opr_x")
	require.ErrorIs(t, err, ErrClient)
	_, err = b.bank.Operators().GrantScopes(background, b.system(), olga.Operator, []string{"audit.read"})
	require.NoError(t, err)
	_, err = machine(olga.ClientID, "ledger.post")
	require.ErrorIs(t, err, ErrScope)
	_, err = b.bank.Operators().Disable(background, b.system(), olga.Operator, "left")
	require.NoError(t, err)
	_, err = machine(olga.ClientID)
	require.ErrorIs(t, err, ErrClient)
	_, err = b.bank.Operators().GrantScopes(background, b.system(), olga.Operator, []string{"audit.read"})
	require.ErrorIs(t, err, operator.ErrDisabled)
	_, err = b.bank.Clients().Disable(background, b.system(), "rail", "test")
	require.NoError(t, err)
	_, err = machine("rail")
	require.ErrorIs(t, err, ErrClient)
}

func TestTheSameKeyIsTheSameDevice(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ask := registration(t)
	first, _, err := b.bank.Devices().Register(background, b.order(home), ask)
	require.NoError(t, err)
	require.False(t, first.Known)
	require.False(t, b.holds("print of a finger"))
	b.restart()
	ask.SCAKey, ask.Model = publicKey(t), "another"
	again, outcome, err := b.bank.Devices().Register(background, b.order(home), ask)
	require.NoError(t, err)
	require.True(t, again.Known)
	require.Equal(t, first.Device, again.Device)
	require.Zero(t, outcome.Receipt)
	keys, err := b.bank.Devices().Keys(background, first.Device)
	require.NoError(t, err)
	require.NotEqual(t, ask.SCAKey, keys.SCA, "a second registration does not change the keys")

	bad := registration(t)
	bad.SCAKey = bad.Key
	_, _, err = b.bank.Devices().Register(background, b.order(home), bad)
	require.Error(t, err)
	_, _, err = b.bank.Devices().Register(background, b.order(home), RegisterDevice{Platform: "test", Statement: none})
	require.Error(t, err)
}

func TestSigningKeysRotateWithOverlap(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	keys := b.bank.Signings()
	first, private, err := keys.Current()
	require.NoError(t, err)
	public, known := keys.Public(first)
	require.True(t, known)
	require.True(t, private.PublicKey.Equal(public))
	require.NoError(t, b.bank.FirstStart(background), "which happens once")
	require.Len(t, keys.Published(), 1)

	second, _, err := keys.Rotate(background, b.system(), KeyLead)
	require.NoError(t, err)
	current, _, err := keys.Current()
	require.NoError(t, err)
	require.Equal(t, first, current, "verifiers see the new one before it signs")
	require.Len(t, keys.Published(), 2)
	b.pass(KeyLead)
	b.restart()
	keys = b.bank.Signings()
	current, _, err = keys.Current()
	require.NoError(t, err)
	require.Equal(t, second, current)
	_, known = keys.Public(first)
	require.True(t, known, "what the old one signed is believed")
	b.pass(session.AccessTTL + keyLeeway)
	_, known = keys.Public(first)
	require.False(t, known, "until it has expired")

	third, _, err := keys.Rotate(background, b.system(), 0)
	require.NoError(t, err)
	current, _, err = keys.Current()
	require.NoError(t, err)
	require.Equal(t, third, current)
	_, known = keys.Public(second)
	require.False(t, known, "an emergency ends the old one at once")
	for _, kid := range []string{"", "../" + third, "' or 1=1 --"} {
		_, known := keys.Public(kid)
		require.False(t, known, kid)
	}
	for _, key := range keys.Published() {
		require.Equal(t, "ES256", key.Algorithm)
		require.Equal(t, third, key.KeyID)
	}
}

func TestOneTimePasswordsAsPartOfAnotherCommand(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, phone := b.enrol("ada"), b.phone(home)
	tokens := phone.login(ada)
	b.pass(totpPeriod)
	prove := func(of customer.State, otp string) (right bool, err error) {
		_, _, err = execute(background, b.bank, "test.prove", b.as(tokens), nil, func(w *work) error {
			var err error
			right, err = b.bank.proveOTP(w, of.Customer, otp)
			return err
		}, nothing)
		return right, err
	}
	state, err := b.bank.customers.look(background, ada.id)
	require.NoError(t, err)
	right, err := prove(state, b.otp(ada))
	require.NoError(t, err)
	require.True(t, right)
	right, err = prove(state, b.otp(ada))
	require.NoError(t, err)
	require.False(t, right, "spent")
	right, err = prove(customer.State{}, b.otp(ada))
	require.NoError(t, err)
	require.False(t, right, "nobody's")
	for range 4 {
		right, err = prove(state, "000000")
		require.NoError(t, err)
		require.False(t, right)
	}
	b.pass(totpPeriod)
	_, err = prove(state, b.otp(ada))
	require.ErrorIs(t, err, attempt.ErrThrottled)
	b.pass(time.Minute)
	right, err = prove(state, b.otp(ada))
	require.NoError(t, err)
	require.True(t, right, "after the delay")
	_, err = phone.try("ada", secret, "")
	require.NoError(t, err, "a password is another lane")
}
