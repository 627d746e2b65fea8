package iban_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/iban"
)

func TestCreditorsAreToldByTheirIdentifiers(t *testing.T) {
	t.Parallel()
	const good = "DE98ZZZ09999999999" // the Bundesbank's example
	one, err := iban.ParseCreditor(good)
	require.NoError(t, err)
	require.Equal(t, good, one.String())
	other, err := iban.ParseCreditor("DE98ABC09999999999")
	require.NoError(t, err)
	require.Equal(t, one.Key(), other.Key(), "a business code makes no other creditor")
	for name, text := range map[string]string{
		"nothing": "", "too short": "DE98ZZZ", "small letters": strings.ToLower(good), "spaces": "DE98 ZZZ09999999999", "wrong check digits": "DE97ZZZ09999999999",
		"another number": "DE98ZZZ09999999998", "no country": "1198ZZZ09999999999", "too long": good + strings.Repeat("0", 18), "a hyphen": "DE98ZZZ0999999999-",
		"a letter that looks alike": "DЕ98ZZZ09999999999",
	} {
		none, err := iban.ParseCreditor(text)
		require.ErrorIs(t, err, iban.ErrCreditor, name)
		require.True(t, none.IsZero())
	}
}
