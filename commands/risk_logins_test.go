package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/grant"
	"florin/domain/risk"
)

// guessedPolicy wants more after two wrong factors within the hour, and lets nobody in
// after four.
const guessedPolicy = `{name: guessed, base: -1000, scorecard: [{feature: failed_logins_1h, reason: logins-failed, unknown: 0, bins: [{below: 2, weight: 0}, {below: 4, weight: 1500}], rest: 3000}],
thresholds: {login: [{from: 0, at: {challenge: 0, block: 1500}}], enrolment: [{from: 0, at: {}}], payee: [{from: 0, at: {}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: one slip, action: login, given: {failed_logins_1h: 1}, outcome: allow}]}`

func TestALoginIsScoredAndItsTokensSayHow(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(guessedPolicy))
	ada, phone := b.enrol("ada"), b.phone(home)
	tokens := phone.login(ada)
	require.Equal(t, risk.Probability(-1000), tokens.Risk)
	require.InDelta(t, 269, tokens.Risk, 1)
	again, err := phone.refresh(tokens.Refresh, "")
	require.NoError(t, err)
	require.Equal(t, tokens.Risk, again.Risk, "the whole family has its login's")

	_, err = phone.try("ada", "a wrong password", "")
	require.ErrorIs(t, err, grant.ErrDenied)
	code, err := phone.try("ada", secret, "")
	require.NoError(t, err, "one slip")
	require.NotEmpty(t, code)
}

func TestAfterGuessesThePasswordAloneWillNotDo(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(guessedPolicy))
	ada, phone := b.enrol("ada"), b.phone(home)
	phone.login(ada)
	for range 2 {
		_, err := phone.try("ada", "a wrong password", "")
		require.ErrorIs(t, err, grant.ErrDenied)
	}
	b.pass(31 * time.Second)
	right, err := phone.challenge(phone.first("ada", secret))
	require.NoError(t, err)
	require.Empty(t, right.Code)
	require.Equal(t, []string{grant.SCAKey, grant.OneTime, grant.Push}, right.Next)
	require.Empty(t, right.Sends, "a code that is sent makes no login stronger")
	b.restart()
	done, err := phone.challenge(LoginStep{AuthSession: right.AuthSession, JKT: phone.jkt, OTP: b.otp(ada)})
	require.NoError(t, err)
	tokens, err := phone.redeem(done.Code)
	require.NoError(t, err)
	require.Equal(t, []string{"mfa", "otp", "pop", "pwd"}, tokens.AMR)
	require.Equal(t, risk.Probability(500), tokens.Risk)

	wrong, err := phone.challenge(phone.first("ada", "a wrong password"))
	require.NoError(t, err)
	require.Equal(t, right.Next, wrong.Next, "nobody learns from it whether the password was right")
	_, err = phone.challenge(LoginStep{AuthSession: wrong.AuthSession, JKT: phone.jkt, OTP: b.otp(ada)})
	require.ErrorIs(t, err, grant.ErrDenied)
}

func TestNobodyIsLetInWhereRiskBlocks(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(guessedPolicy))
	ada, phone := b.enrol("ada"), b.phone(home)
	phone.login(ada)
	for range 4 {
		_, _ = phone.try("ada", "a wrong password", "") // some are told to show more
		b.pass(40 * time.Second)
	}
	b.pass(2 * time.Minute)
	_, err := phone.try("ada", secret, b.otp(ada))
	require.ErrorIs(t, err, grant.ErrDenied, "and told nothing else")
	b.pass(2 * time.Hour)
	_, err = phone.try("ada", secret, b.otp(ada))
	require.NoError(t, err, "two hours later")
}

func TestAProbabilityIsInThousandths(t *testing.T) {
	t.Parallel()
	for score, want := range map[int64]int64{-20_000: 0, -6_907: 0, -4_600: 9, -1_098: 250, 0: 500, 1_099: 750, 20_000: 999} {
		require.InDelta(t, want, risk.Probability(score), 1, score)
	}
}
