package commands

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/customer"
	"florin/domain/grant"
	"florin/domain/id"
)

var digits = regexp.MustCompile(`\b[0-9]{6}\b`)

// sent is the code of the one message of a template.
func (b *branch) sent(template string) string {
	b.t.Helper()
	b.deliver()
	b.post.mu.Lock()
	defer b.post.mu.Unlock()
	var codes []string
	for _, m := range b.post.messages {
		if m.Template == template {
			codes = append(codes, digits.FindString(m.Text.Reveal()))
		}
	}
	b.post.messages = nil
	require.Len(b.t, codes, 1)
	return codes[0]
}

// ask takes a login as far as a code that is sent.
func (h *handset) ask(name, password, method string) LoginAnswer {
	h.branch.t.Helper()
	answer, err := h.challenge(h.first(name, password))
	require.NoError(h.branch.t, err)
	answer, err = h.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: h.jkt, OTPSend: method})
	require.NoError(h.branch.t, err)
	return answer
}

func (h *handset) give(session, method, otp string) (string, error) {
	answer, err := h.challenge(LoginStep{AuthSession: session, JKT: h.jkt, OTPMethod: method, OTP: otp})
	return answer.Code, err
}

func TestASentCodeNeverBindsADevice(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.verified("ada")
	phone := b.phone(abroad)
	answer := phone.ask("ada", secret, grant.BySMS)
	b.restart() // the code is derived again
	otp := b.sent("login-code")
	code, err := phone.give(answer.AuthSession, grant.BySMS, otp)
	require.NoError(t, err)
	tokens, err := phone.redeem(code)
	require.NoError(t, err)
	require.Equal(t, grant.ACRDevice, tokens.ACR)
	require.Equal(t, []string{"otp", "pwd", "sms"}, tokens.AMR)
	require.False(t, b.holds(otp), "no code is in the log")
	keys, err := b.bank.devices.look(background, phone.id)
	require.NoError(t, err)
	require.True(t, keys.Customer.IsZero())

	second := phone.ask("ada", secret, grant.ByEmail) // it is a stranger still
	code, err = phone.give(second.AuthSession, grant.ByEmail, b.sent("login-code"))
	require.NoError(t, err)
	_, err = phone.redeem(code)
	require.NoError(t, err)

	tokens, err = phone.refresh(tokens.Refresh, "k1")
	require.NoError(t, err)
	own := b.phone(home).login(ada)
	_, err = b.bank.Customers().ChangePassword(background, b.as(own), ada.id, "eight wooden horses")
	require.NoError(t, err)
	_, err = phone.refresh(tokens.Refresh, "k2")
	require.Error(t, err, "a new password ends what looked")
}

func TestAVisitedDeviceIsLeftWhenItBecomesAnothers(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.verified("ada")
	eve, phone := b.enrol("eve"), b.phone(home)
	answer := phone.ask("ada", secret, grant.ByEmail)
	code, err := phone.give(answer.AuthSession, grant.ByEmail, b.sent("login-code"))
	require.NoError(t, err)
	adas, err := phone.redeem(code)
	require.NoError(t, err)
	evens := phone.login(eve)
	_, err = phone.refresh(adas.Refresh, "k")
	require.Error(t, err)
	_, err = phone.refresh(evens.Refresh, "k")
	require.NoError(t, err)
}

func TestAStepUpTakesNoSentCode(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.verified("ada")
	phone := b.phone(abroad)
	answer := phone.ask("ada", secret, grant.ByEmail)
	code, err := phone.give(answer.AuthSession, grant.ByEmail, b.sent("login-code"))
	require.NoError(t, err)
	tokens, err := phone.redeem(code)
	require.NoError(t, err)
	step := phone.first("", secret)
	step.AuthSession = tokens.AuthSession
	answer, err = phone.challenge(step)
	require.NoError(t, err)
	require.Equal(t, []string{grant.OneTime}, answer.Next)
	_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.ByEmail})
	require.ErrorIs(t, err, grant.ErrFactor)
}

func TestOnlyTheLastCodeCounts(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.verified("ada")
	phone := b.phone(abroad)
	answer := phone.ask("ada", secret, grant.ByEmail)
	first := b.sent("login-code")
	var err error
	for range grant.OTPsMax - 1 {
		answer, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.BySMS})
		require.NoError(t, err)
	}
	last := b.sent("login-code") // the one between was overtaken
	_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.BySMS})
	require.ErrorIs(t, err, grant.ErrFactor, "no more than three")
	require.NotEqual(t, first, last)
	_, err = phone.give(answer.AuthSession, grant.BySMS, first)
	require.ErrorIs(t, err, grant.ErrDenied)
}

func TestFiftyCodesAtOnceAreAskedForFew(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.verified("ada")
	phone := b.phone(abroad)
	answer, err := phone.challenge(phone.first("ada", secret))
	require.NoError(t, err)
	failures := together(50, func(int) error {
		_, err := phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.ByEmail})
		return err
	})
	require.Equal(t, 1, succeeded(failures), "a step is taken once")
	b.sent("login-code")
}

// CVE-2026-27946: what stands in an enrolment was only said; it may be anybody's.
func TestACodeGoesToNoContactThatNobodyVerified(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	phone := b.phone(abroad)
	answer, err := phone.challenge(phone.first("ada", secret))
	require.NoError(t, err)
	require.NotContains(t, answer.Next, grant.OTPSend, "nothing would reach her")
	require.Empty(t, answer.Sends)
	for _, method := range []string{grant.ByEmail, grant.BySMS} {
		_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: method})
		require.ErrorIs(t, err, grant.ErrFactor)
	}

	tokens := b.phone(home).login(ada)
	b.deliver()
	b.post.take()
	_, err = b.contact(tokens, "ada@example.org", "")
	require.NoError(t, err)
	_, err = b.contact(tokens, "ada@example.org", b.sent("contact-code"))
	require.NoError(t, err)
	answer, err = phone.challenge(phone.first("ada", secret))
	require.NoError(t, err)
	require.Contains(t, answer.Next, grant.OTPSend)
	require.Equal(t, []string{grant.ByEmail}, answer.Sends, "her number is not verified")
	_, err = phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.BySMS})
	require.ErrorIs(t, err, grant.ErrFactor)
	later, err := phone.challenge(LoginStep{AuthSession: answer.AuthSession, JKT: phone.jkt, OTPSend: grant.ByEmail})
	require.NoError(t, err)
	require.Equal(t, []string{grant.ByEmail}, later.Sends, "another may be asked for")
	_, err = phone.give(later.AuthSession, grant.ByEmail, b.sent("login-code"))
	require.NoError(t, err)
}

// The address was moved away, unverified in its turn, between the asking and the
// sending: the code of the login goes nowhere.
func TestACodeIsNotSentToAContactThatWasRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.verified("ada")
	order := b.order(home)
	order.Caller.Customer = ada.id
	b.phone(abroad).ask("ada", secret, grant.ByEmail)
	_, err := b.bank.Customers().RemoveContact(background, order, customer.Email)
	require.NoError(t, err)
	b.deliver()
	for _, message := range b.post.take() {
		require.NotContains(t, message, "login-code")
	}
}

// Names that are nobody's are offered codes as often as those of people are, by
// the same ways each time: whether a code can be sent tells nothing.
func TestMadeUpWaysAreLikeThoseOfPeople(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	seen := map[string]int{}
	for i := range 200 {
		claim, err := b.bank.claimOf(fmt.Sprint("nobody", i))
		require.NoError(t, err)
		second, err := b.bank.Grants().madeUpFactors(claim)
		require.NoError(t, err)
		again, err := b.bank.Grants().madeUpFactors(claim)
		require.NoError(t, err)
		require.Equal(t, second, again)
		seen[fmt.Sprint(second[slices.Index(second, grant.Push):])]++
	}
	for _, kinds := range [][]customer.Verified{nil, {{Type: customer.Email}}, {{Type: customer.Phone}}, {{Type: customer.Phone}, {Type: customer.Email}}} {
		require.Positive(t, seen[fmt.Sprint(secondFactors(customer.State{Verified: kinds}))], "%v", kinds)
	}
	require.Len(t, seen, 4)
}

func TestCodesAreTheirLoginsOwn(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	seen := map[string]bool{}
	for _, login := range []string{"a", "b"} {
		for step := range int64(3) {
			for _, salt := range []string{"x", "y"} {
				for _, method := range []string{grant.ByEmail, grant.BySMS} {
					code, err := b.bank.sentOTP(id.Named[id.Grant](login), grant.OTPRequested{Method: method, Step: step, Salt: salt, At: time.Time{}})
					require.NoError(t, err)
					require.Len(t, code, 6)
					seen[code] = true
				}
			}
		}
	}
	require.Greater(t, len(seen), 20)
}
