package commands

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/attempt"
	"florin/domain/customer"
)

func (b *branch) contact(t Tokens, email, code string) (ContactAnswer, error) {
	answer, _, err := b.bank.Customers().ChangeContact(background, b.as(t), ChangeContact{Email: domain.NewProfile(email), Code: code})
	return answer, err
}

func TestAContactChangesWhenItsCodeIsShown(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada, eve := b.enrol("ada"), b.enrol("eve")
	tokens := b.phone(home).login(ada)
	b.told()
	asked, err := b.contact(tokens, " Ada@New.example", "")
	require.NoError(t, err)
	require.False(t, asked.Changed)
	require.Equal(t, b.now().Add(customer.ContactTTL), asked.ExpiresAt)
	b.deliver()
	require.Equal(t, "ada@new.example", b.post.messages[0].To.Reveal(), "the code goes to the new address alone")
	otp := b.sent("contact-code")
	_, err = b.phone(abroad).try("ada@new.example", secret, b.otp(ada))
	require.Error(t, err, "it is no name yet: denied, or asked for a factor that nobody has")

	_, err = b.contact(tokens, "ada@other.example", otp)
	require.ErrorIs(t, err, customer.ErrContactCode, "the code of another address")
	changed, err := b.contact(tokens, "ada@new.example", otp)
	require.NoError(t, err)
	require.True(t, changed.Changed)
	require.Equal(t, both("contact-changed", "ada"), b.told(), "the former address is told")
	require.False(t, b.holds("ada@new.example"))
	require.False(t, b.holds(otp))

	_, err = b.contact(tokens, "ada@new.example", otp)
	require.ErrorIs(t, err, customer.ErrContactCode, "once")
	b.restart()
	b.pass(totpPeriod)
	_, err = b.phone(abroad).try("ada@new.example", secret, b.otp(ada))
	require.NoError(t, err, "the name has moved")
	b.pass(totpPeriod)
	_, err = b.phone(abroad).try("ada@example.org", secret, b.otp(ada))
	require.Error(t, err, "and the former one with it")

	eves := b.phone(home).login(eve)
	b.deliver()
	b.post.take()
	_, err = b.contact(eves, "ada@example.org", "")
	require.NoError(t, err)
	_, err = b.contact(eves, "ada@example.org", b.sent("contact-code"))
	require.NoError(t, err, "the former address is free")
}

func TestNobodyVerifiesAnAddressThatIsNotTheirs(t *testing.T) { // CVE-2026-27946
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	eve := b.phone(abroad).login(b.enrol("eve"))
	b.told()
	_, err := b.contact(eve, "eve@own.example", "")
	require.NoError(t, err)
	_, err = b.contact(eve, "victim@example.net", "")
	require.NoError(t, err)
	b.deliver()
	require.Len(t, b.post.messages, 1, "the first request was overtaken")
	require.Equal(t, "victim@example.net", b.post.messages[0].To.Reveal())
	b.post.take()

	_, err = b.contact(eve, "eve@own.example", "")
	require.NoError(t, err)
	own := b.sent("contact-code")
	_, err = b.contact(eve, "victim@example.net", own)
	require.ErrorIs(t, err, customer.ErrContactCode)

	taken, err := b.contact(eve, "ada@example.org", "")
	require.NoError(t, err, "whether an address is somebody's is not told")
	require.False(t, taken.Changed)
	_, err = b.contact(eve, "ada@example.org", b.sent("contact-code"))
	require.ErrorIs(t, err, customer.ErrTaken, "but to who reads what is sent there")
}

func TestContactCodesAreGuessedFiveTimes(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	tokens := b.phone(home).login(b.enrol("ada"))
	_, err := b.contact(tokens, "ada@new.example", "")
	require.NoError(t, err)
	b.told()
	throttled := 0
	for range 8 {
		if _, err = b.contact(tokens, "ada@new.example", "000000"); errors.Is(err, attempt.ErrThrottled) {
			throttled++
		}
	}
	require.Equal(t, 3, throttled)
	for range 5 {
		_, err = b.contact(tokens, "ada@new.example", "")
	}
	require.ErrorIs(t, err, attempt.ErrThrottled, "nor are letters sent without end")
}

func TestContactsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	tokens := b.phone(home).login(b.enrol("ada"))
	for name, ask := range map[string]ChangeContact{
		"none":        {},
		"no address":  {Email: domain.NewProfile("nobody")},
		"no number":   {Phone: domain.NewProfile("12")},
		"both":        {Email: domain.NewProfile("a@b.example"), Phone: domain.NewProfile("+491511234567")},
		"two headers": {Email: domain.NewProfile("a@b.example\r\nBcc: x@y.example")},
	} {
		head := b.head()
		_, _, err := b.bank.Customers().ChangeContact(background, b.as(tokens), ask)
		require.ErrorIs(t, err, ErrContact, name)
		require.Equal(t, head, b.head())
	}
	_, err := b.contact(tokens, "ada@new.example", "123456")
	require.ErrorIs(t, err, customer.ErrContactCode, "a code that nobody asked for")
	_, err = b.contact(tokens, "ada@new.example", "")
	require.NoError(t, err)
	b.deliver()
	b.post.take()
	b.pass(customer.ContactTTL - time.Minute)
	_, err = b.contact(tokens, "ada@new.example", "")
	require.NoError(t, err)
	otp := b.sent("contact-code")
	b.pass(customer.ContactTTL)
	_, err = b.contact(tokens, "ada@new.example", otp)
	require.ErrorIs(t, err, customer.ErrContactCode, "a quarter of an hour later")
	_, _, err = b.bank.Customers().ChangeContact(background, b.system(), ChangeContact{Email: domain.NewProfile("a@b.example")})
	require.ErrorIs(t, err, customer.ErrUnknown, "nobody's contact")
}
