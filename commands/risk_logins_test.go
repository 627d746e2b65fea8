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

// enrolPolicy doubts a device whose login had a slip, blocks one that three have had, and
// lets everybody log in.
const enrolPolicy = `{name: enrol, base: -1000, scorecard: [{feature: failed_logins_1h, reason: logins-failed, unknown: 0, bins: [{below: 1, weight: 0}, {below: 3, weight: 1500}], rest: 3000}],
thresholds: {login: [{from: 0, at: {}}], enrolment: [{from: 0, at: {hold: 0, block: 1500}}], payee: [{from: 0, at: {}}], payment: [{from: 0, at: {}}], transfer: [{from: 0, at: {}}]},
examples: [{name: no slip, action: enrolment, given: {failed_logins_1h: 0}, outcome: allow}]}`

// enrolments are what risk has said of devices.
func (b *branch) enrolments() (all []risk.Assessed) {
	b.t.Helper()
	all, _ = b.scored(risk.Enrolment)
	return all
}

// slips shows a wrong password so many times.
func (h *handset) slips(of person, times int) {
	h.branch.t.Helper()
	for range times {
		_, err := h.try(of.name, "a wrong password", h.branch.otp(of))
		require.ErrorIs(h.branch.t, err, grant.ErrDenied)
		h.branch.pass(40 * time.Second)
	}
}

func TestADeviceIsScoredWhenItIsBound(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(enrolPolicy))
	ada, phone, tablet := b.enrol("ada"), b.phone(home), b.phone(home)
	phone.login(ada)
	phone.login(ada)
	all := b.enrolments()
	require.Len(t, all, 1, "once, and not when it logs in again")
	require.Equal(t, []any{ada.id, phone.id, phone.id.String(), risk.Allow, risk.Allow}, []any{all[0].Customer, all[0].Device, all[0].About, all[0].Outcome, all[0].Effect})
	state, err := b.bank.devices.look(background, phone.id)
	require.NoError(t, err)
	require.False(t, state.Doubted)

	tablet.slips(ada, 1)
	require.Len(t, b.enrolments(), 1, "whose factors are wrong binds nothing")
	tablet.login(ada)
	all = b.enrolments()
	require.Len(t, all, 2)
	require.Equal(t, []risk.Outcome{risk.Hold, risk.Challenge}, []risk.Outcome{all[1].Outcome, all[1].Effect})
	state, err = b.bank.devices.look(background, tablet.id)
	require.NoError(t, err)
	require.True(t, state.Doubted)
	none, err := DecisionReplay{Log: b.log, Treaty: b.bank.treaty, Differs: func(d Difference) { require.Fail(t, "a decision differs", "%+v", d) }}.Run(background)
	require.NoError(t, err)
	require.Equal(t, none.Decisions, none.Equal)
}

// A doubted device is new for three days, also if it is the customer's first.
func TestADoubtedDeviceIsNewForLonger(t *testing.T) {
	t.Parallel()
	for slips, days := range []int{0, 3} {
		b := newBranchUnder(t, []byte(enrolPolicy))
		ada, phone := b.enrol("ada"), b.phone(home)
		phone.slips(ada, slips)
		order := b.as(phone.login(ada))
		limited := func() bool {
			order.At = b.now()
			ceiling, err := b.bank.newDeviceCeiling(&work{ctx: background, bank: b.bank, order: &order}, phone.id, false, "EUR")
			require.NoError(t, err)
			return ceiling > 0
		}
		require.Equal(t, days > 0, limited())
		b.pass(time.Duration(days)*24*time.Hour - time.Minute)
		require.Equal(t, days > 0, limited())
		b.pass(2 * time.Minute)
		require.False(t, limited())
	}
}

func TestABlockedDeviceIsNotBoundAndItsLoginEnds(t *testing.T) {
	t.Parallel()
	b := newBranchUnder(t, []byte(enrolPolicy))
	ada, phone, tablet := b.enrol("ada"), b.phone(home), b.phone(home)
	phone.login(ada)
	tablet.slips(ada, 3)
	b.pass(2 * time.Minute)
	_, err := tablet.try("ada", secret, b.otp(ada))
	require.ErrorIs(t, err, grant.ErrDenied, "and told nothing else")
	all := b.enrolments()
	require.Equal(t, risk.Block, all[len(all)-1].Effect)
	state, err := b.bank.devices.look(background, tablet.id)
	require.NoError(t, err)
	require.Zero(t, state.Customer)
	phone.login(ada) // which is hers already
	b.pass(2 * time.Hour)
	tablet.login(ada)
	state, err = b.bank.devices.look(background, tablet.id)
	require.NoError(t, err)
	require.Equal(t, []any{ada.id, false}, []any{state.Customer, state.Doubted}, "two hours later")
}

func TestAProbabilityIsInThousandths(t *testing.T) {
	t.Parallel()
	for score, want := range map[int64]int64{-20_000: 0, -6_907: 0, -4_600: 9, -1_098: 250, 0: 500, 1_099: 750, 20_000: 999} {
		require.InDelta(t, want, risk.Probability(score), 1, score)
	}
}
