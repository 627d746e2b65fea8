package commands

import (
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
	"florin/domain/transfer"
)

// code is what the customer's authenticator shows now.
func (h *house) code(who id.Customer) string {
	h.t.Helper()
	state, err := h.bank.customers.look(h.ctx(), who)
	require.NoError(h.t, err)
	factor, ok := state.TOTP()
	require.True(h.t, ok)
	secret, err := h.bank.totpSecret(factor.Factor)
	require.NoError(h.t, err)
	code, err := totp.GenerateCodeCustom(secret, h.now(), totp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	require.NoError(h.t, err)
	return code
}

func TestChallengeByOneTimePassword(t *testing.T) {
	t.Parallel()
	h, from, to, waits, statement := pending(t)
	other, otherStatement := h.challenged(alice, from, to, 150000)
	right := h.code(alice)
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	ask := AuthoriseTransfer{Transfer: waits.Transfer, Method: MethodTOTP, Statement: statement, Proven: true, OTP: wrong}
	authorise := func() (TransferAnswer, Outcome, error) {
		return h.bank.Transfers().Authorise(h.ctx(), h.by(alice), ask)
	}

	_, outcome, err := authorise()
	require.ErrorIs(t, err, transfer.ErrSCA)
	require.Contains(t, h.kinds(outcome), "transfer.authorisation_failed")
	ask.OTP = ""
	_, _, err = authorise()
	require.ErrorIs(t, err, transfer.ErrSCA, "a signature alone is not enough")
	ask.OTP, ask.Proven = right, false
	_, outcome, err = authorise()
	require.ErrorIs(t, err, transfer.ErrSCA, "a code alone is not enough")
	require.NotContains(t, h.kinds(outcome), "customer.otp_used", "and it is not spent by a stranger's guess")
	ask.Proven = true
	done, outcome, err := authorise()
	require.NoError(t, err)
	require.Equal(t, transfer.Done, done.Status)
	require.Contains(t, h.kinds(outcome), "customer.otp_used")

	ask.Transfer, ask.Statement = other.Transfer, otherStatement
	_, _, err = authorise()
	require.ErrorIs(t, err, transfer.ErrSCA, "a code is spent once, for one transfer")
	h.pass(time.Minute)
	ask.OTP = h.code(alice)
	_, _, err = authorise()
	require.NoError(t, err)
	h.balances(from, 150000, 0)
	h.balances(to, 350000, 0)
	h.audit()
}
