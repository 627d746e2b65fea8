package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/session"
)

// Strangers guess from ever new places; the owner's next phone comes in all the same,
// by the word of the one that is there.
func TestStrangersCannotLockOutAPhoneThatIsExpected(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, eve, own := b.enrol("ada"), b.enrol("eve"), b.phone(home)
	tokens := own.login(ada)
	thief := b.phone(abroad)
	theirs := thief.login(eve)
	for place := range 12 {
		stranger := b.phone("203.0.113." + string(rune('1'+place%9)) + string(rune('0'+place%10)))
		for range 6 {
			_, _ = stranger.try("ada", "a wrong password", "000000")
		}
	}
	come := func(word string, guess bool) error {
		step := b.phone(abroad)
		first := step.first("ada", secret)
		if guess {
			first.Password = "a wrong password"
		}
		first.Expected = word
		answer, err := step.challenge(first)
		if err != nil {
			return err
		}
		_, err = step.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: step.jkt, OTP: b.otp(ada), Expected: word})
		return err
	}
	require.Error(t, come("", false), "strangers have used up what unknown phones share")
	word, until, err := b.bank.Devices().Expect(background, b.as(tokens).Caller, b.now())
	require.NoError(t, err)
	require.Equal(t, ExpectationTTL, until.Sub(b.now()))
	other, _, err := b.bank.Devices().Expect(background, b.as(theirs).Caller, b.now())
	require.NoError(t, err)
	require.Error(t, come(other, false), "another customer's word")
	altered := "A" + word[1:]
	if altered == word {
		altered = "B" + word[1:]
	}
	require.Error(t, come(altered, false), "a word that was altered")
	require.Error(t, come("x", false))
	for range 5 {
		require.Error(t, come(word, true), "it proves nothing")
	}
	require.Error(t, come(word, false), "and guesses through it are few")
	b.pass(2 * time.Minute)
	word, _, err = b.bank.Devices().Expect(background, b.as(tokens).Caller, b.now())
	require.NoError(t, err)
	require.NoError(t, come(word, false))
	late, _, err := b.bank.Devices().Expect(background, b.as(tokens).Caller, b.now())
	require.NoError(t, err)
	b.pass(ExpectationTTL)
	for range 12 {
		_, _ = thief.try("ada", "a wrong password", "000000")
	}
	require.NotErrorIs(t, come(late, false), nil, "its time is over")
}

func TestOnlyADeviceOfTheirsExpectsAnother(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, own, other := b.enrol("ada"), b.phone(home), b.phone(abroad)
	caller := b.as(own.login(ada)).Caller
	visitor := caller
	visitor.Device = other.id
	_, _, err := b.bank.Devices().Expect(background, visitor, b.now())
	require.ErrorIs(t, err, session.ErrStranger)
	nobody := caller
	nobody.Customer = id.Customer{}
	_, _, err = b.bank.Devices().Expect(background, nobody, b.now())
	require.ErrorIs(t, err, session.ErrStranger)
	_, err = b.bank.Devices().Revoke(background, b.as(own.login(ada)), own.id, "lost")
	require.NoError(t, err)
	_, _, err = b.bank.Devices().Expect(background, caller, b.now())
	require.ErrorIs(t, err, session.ErrStranger)
}
