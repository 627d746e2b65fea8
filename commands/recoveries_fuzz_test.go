package commands

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain"
	"florin/domain/recovery"
)

// FuzzRecovery shows whatever comes to mind as proof: it is refused, always as a
// refusal, and never sets anything anew.
func FuzzRecovery(f *testing.F) {
	b := newBranch(f)
	ada, own, _, _ := b.lost("ada")
	before, err := b.bank.customers.look(background, ada.id)
	require.NoError(f, err)
	f.Add("ada", recovery.Password, "000000", "AAAA-AAAA-AAAA-AAAA", "another wooden horse", "", "", "", false)
	f.Add("ADA@example.org", recovery.Contact, "x", "\xff\x00", "", "a@b.example", "", "", true)
	f.Add("\x00", recovery.Factors, "", "", "", "", "+491511234567", "123456", false)
	f.Add("nobody", "money", "１２３４５６", "aaaa aaaa aaaa aaaa", "ﾊﾟｽﾜｰﾄﾞﾊﾟｽﾜｰﾄﾞ", "a@b.example", "+49", "1", true)
	f.Fuzz(func(t *testing.T, name, what, code, recoveryCode, password, email, phone, contactCode string, tried bool) {
		b.pass(2 * time.Hour)
		of, err := own.recover(name, what)
		if err != nil {
			require.True(t, refused(err), "%v", err)
			return
		}
		ask := CompleteRecovery{Recovery: of, Code: code, RecoveryCode: recoveryCode, Password: password, ContactCode: contactCode}
		if email != "" {
			ask.Email = domain.NewProfile(email)
		}
		if phone != "" {
			ask.Phone = domain.NewProfile(phone)
		}
		if stands := false; tried {
			ask.SCA = &stands
		}
		_, _, err = own.complete(ask)
		require.True(t, refused(err), "%v", err)
		_, err = b.bank.Recoveries().ObjectByContact(background, b.order(home), recoveryCode)
		require.True(t, refused(err), "%v", err)
		after, err := b.bank.customers.look(background, ada.id)
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}
