package commands

import (
	"strings"
	"testing"

	"github.com/pquerna/otp"
	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/id"
)

func TestEnrolmentAnswersARetryAlikeAndKeepsNoSecret(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	order, ask := b.order(home), enrolment("ada")
	order.Intent = []byte("enrol ada")
	first, _, err := b.bank.Customers().Enrol(background, order, ask)
	require.NoError(t, err)
	b.restart()
	again, outcome, err := b.bank.Customers().Enrol(background, order, ask)
	require.NoError(t, err)
	require.True(t, outcome.Replayed)
	require.Equal(t, first, again)

	key, err := otp.NewKeyFromURL(first.URI)
	require.NoError(t, err)
	require.Equal(t, first.Secret, key.Secret())
	require.Equal(t, "ada", key.AccountName())
	require.Equal(t, "Florin", key.Issuer())
	for _, text := range []string{secret, first.Secret, "ada@example.org", "Person ada", `"ada"`, "+49151"} {
		require.False(t, b.holds(text), "the log holds %q", text)
	}
	order.Intent = []byte("enrol eve")
	_, _, err = b.bank.Customers().Enrol(background, order, ask)
	require.ErrorIs(t, err, ErrReused)
}

func TestEnrolmentRefuses(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	b.enrol("ada")
	taken := enrolment("ada")
	for name, test := range map[string]struct {
		change func(*EnrolCustomer)
		want   error
	}{
		"a short password":             {func(e *EnrolCustomer) { e.Password = "short one" }, ErrPassword},
		"a password everybody knows":   {func(e *EnrolCustomer) { e.Password = "Password 1234" }, ErrPassword},
		"a password of one letter":     {func(e *EnrolCustomer) { e.Password = strings.Repeat("x", 20) }, ErrPassword},
		"a password that is a pattern": {func(e *EnrolCustomer) { e.Password = "abcabcabcabc" }, ErrPassword},
		"a password that is the name":  {func(e *EnrolCustomer) { e.Password = "grace123456" }, ErrPassword},
		"a password like a novel":      {func(e *EnrolCustomer) { e.Password = strings.Repeat("a novel ", 200) }, ErrPassword},
		"nobody's name":                {func(e *EnrolCustomer) { e.Name = domain.Profile{} }, ErrPersonName},
		"a name that turns the text":   {func(e *EnrolCustomer) { e.Name = domain.NewProfile("Eve\u202eecarG") }, ErrPersonName},
		"a name of two lines":          {func(e *EnrolCustomer) { e.Name = domain.NewProfile("Grace\nHopper") }, ErrPersonName},
		"a user name like an e-mail":   {func(e *EnrolCustomer) { e.UserName = domain.NewProfile("grace@home") }, ErrName},
		"a user name like a phone":     {func(e *EnrolCustomer) { e.UserName = domain.NewProfile("0049151123") }, ErrName},
		"an e-mail that is none":       {func(e *EnrolCustomer) { e.Email = domain.NewProfile("grace") }, ErrName},
		"an e-mail with a name":        {func(e *EnrolCustomer) { e.Email = domain.NewProfile("Grace <grace@example.org>") }, ErrName},
		"a phone without a country":    {func(e *EnrolCustomer) { e.Phone = domain.NewProfile("0151 2345678") }, ErrName},
		"no name to log in with": {func(e *EnrolCustomer) {
			e.UserName, e.Phone, e.Email = domain.Profile{}, domain.Profile{}, domain.Profile{}
		}, customer.ErrIncomplete},
		"somebody's user name":            {func(e *EnrolCustomer) { e.UserName = taken.UserName }, customer.ErrTaken},
		"somebody's user name in capital": {func(e *EnrolCustomer) { e.UserName = domain.NewProfile("ADA") }, customer.ErrTaken},
		"somebody's user name, wide":      {func(e *EnrolCustomer) { e.UserName = domain.NewProfile("ａｄａ") }, customer.ErrTaken},
		"somebody's e-mail in capitals":   {func(e *EnrolCustomer) { e.Email = domain.NewProfile(" Ada@EXAMPLE.org") }, customer.ErrTaken},
		"somebody's phone, dialled": {func(e *EnrolCustomer) {
			e.Phone = domain.NewProfile("00" + taken.Phone.Reveal()[1:4] + " (" + taken.Phone.Reveal()[4:7] + ")-" + taken.Phone.Reveal()[7:])
		}, customer.ErrTaken},
	} {
		ask := enrolment("grace")
		test.change(&ask)
		before := b.head()
		_, _, err := b.bank.Customers().Enrol(background, b.order(home), ask)
		require.ErrorIs(t, err, test.want, name)
		require.Equal(t, before, b.head(), "%s: nothing is written", name)
	}
	b.enrol("grace") // after all that her names are free
}

func TestOneNameIsGivenToOneOfMany(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	failures := together(10, func(int) error {
		ask := enrolment("ada")
		ask.Email, ask.Phone = domain.Profile{}, domain.Profile{}
		_, _, err := b.bank.Customers().Enrol(background, b.order(home), ask)
		return err
	})
	require.Equal(t, 1, succeeded(failures))
	for _, err := range failures {
		if err != nil {
			require.ErrorIs(t, err, customer.ErrTaken)
		}
	}
}

func TestErasureFreesNamesAndShutsTheDoor(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	phone := b.phone(home)
	tokens := phone.login(ada)
	_, err := b.bank.Customers().RequestErasure(background, b.as(tokens), ada.id, "gdpr-17-1-b")
	require.NoError(t, err)
	_, err = phone.refresh(tokens.Refresh, "")
	require.Error(t, err, "a session outlived the request")
	_, err = phone.try("ada", secret, "")
	require.Error(t, err, "somebody logged in who is being erased")

	for range 2 { // a process may come twice
		require.NoError(t, b.bank.finishErasure(background, b.system(), ada.id))
	}
	name, err := b.bank.Customers().Name(background, ada.id)
	require.NoError(t, err)
	require.NotEmpty(t, name.Reveal(), "keys are destroyed by the process, not here")
	again := b.enrol("ada")
	require.NotEqual(t, ada.id, again.id)
}

func TestPasswordChangeEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	ada := b.enrol("ada")
	here, there := b.phone(home), b.phone(abroad)
	kept, lost := here.login(ada), there.login(ada)
	_, err := b.bank.Customers().ChangePassword(background, b.as(kept), ada.id, "short")
	require.ErrorIs(t, err, ErrPassword)
	_, err = b.bank.Customers().ChangePassword(background, b.as(kept), id.Named[id.Customer]("eve"), "another wooden horse")
	require.ErrorIs(t, err, customer.ErrUnknown)
	_, err = b.bank.Customers().ChangePassword(background, b.as(kept), ada.id, "another wooden horse")
	require.NoError(t, err)
	_, err = there.refresh(lost.Refresh, "")
	require.Error(t, err)
	_, err = here.refresh(kept.Refresh, "")
	require.NoError(t, err)
	_, err = here.try("ada", secret, "")
	require.Error(t, err, "the old password still works")
	code, err := here.try("ada", "another wooden horse", "")
	require.NoError(t, err)
	require.NotEmpty(t, code)
}

func TestNormalNames(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{{"Ada.L", "ada.l"}, {"ÄNNE", "a\u0308nne"}} {
		a, okA := normalUser(same[0])
		b, okB := normalUser(same[1])
		require.True(t, okA && okB)
		require.Equal(t, a, b)
	}
	for _, bad := range []string{"", "ab", "1ada", "ada@x", "a da", "ada\u202e", strings.Repeat("a", 65), "+4915112345", "a/b"} {
		_, ok := normalUser(bad)
		require.False(t, ok, "%q", bad)
	}
	for bad, good := range map[string]string{"p\u0430ypal": "paypal", "аннa": "анна", "\u0455\u0441\u043e\u0440\u0435": "scope"} { // which look the same
		normal, ok := newUser(bad)
		require.False(t, ok, "%q", bad)
		_, known := normalUser(bad)
		require.True(t, known, "one of before can be logged in with")
		taken, ok := newUser(good)
		require.True(t, ok, "%q", good)
		require.NotEqual(t, taken, normal)
	}
	for _, bad := range []string{"", "+", "+0123456789", "+12345", "+1234567890123456", "12345678", "+49x1512345678", "+49151\u0661234567"} {
		_, ok := normalPhone(bad)
		require.False(t, ok, "%q", bad)
	}
	for _, bad := range []string{"", "a@", "@b.c", "a@b", "a@b.c.", "a b@c.de", "a@b.c, d@e.fg", `"a b"@c.de`, "a@b.c\r\nBcc: x@y.z"} {
		_, ok := normalEmail(bad)
		require.False(t, ok, "%q", bad)
	}
}

func TestStoredPasswordsThatAreDamaged(t *testing.T) {
	t.Parallel()
	b := newBranch(t)
	good, err := b.bank.hashPassword(background, secret)
	require.NoError(t, err)
	right, err := b.bank.rightPassword(background, good, secret)
	require.NoError(t, err)
	require.True(t, right)
	right, err = b.bank.rightPassword(background, good, secret+" ")
	require.NoError(t, err)
	require.False(t, right)
	parts := strings.Split(good, "$")
	for _, bad := range []string{"", "secret", "$argon2id$", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=8", "m=0", 1), strings.Replace(good, "t=1", "t=0", 1), strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "m=8", "m=4000000000", 1), strings.Join(parts[:5], "$"), good[:len(good)-4]} {
		before := b.bank.PasswordHashes()
		right, err := b.bank.rightPassword(background, bad, secret)
		require.NoError(t, err)
		require.False(t, right, bad)
		require.Equal(t, before+1, b.bank.PasswordHashes(), "one hash, whatever is stored")
	}
	require.Equal(t, Argon{19456, 2, 1}, DefaultArgon())
}
