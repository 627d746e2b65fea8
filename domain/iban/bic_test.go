package iban_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/iban"
)

func TestABankIsInTheCountryOfItsAccounts(t *testing.T) {
	t.Parallel()
	const german, british, french, finnish, danish, monegasque = "DE89370400440532013000", "GB29NWBK60161331926819", "FR1420041010050500013M02606", "FI2112345600000785", "DK5000400440116243", "MC5811222000010123456789030"
	for number, banks := range map[string][]string{
		german: {"COBADEFF", "COBADEFFXXX"}, british: {"NWBKGB2L", "RBOSGGSX", "MIDLJESH", "NWBKIMDX"}, finnish: {"NDEAFIHH", "AABAAX22"}, monegasque: {"AGRIMCM1"},
		french: {"AGRIFRPP", "AAAABL2X", "AAAAGF2X", "AAAAGP2X", "AAAAMF2X", "AAAAMQ2X", "AAAANC2X", "AAAAPF2X", "AAAAPM2X", "AAAARE2X", "AAAATF2X", "AAAAWF2X", "AAAAYT2X"},
	} {
		held, err := iban.Parse(number)
		require.NoError(t, err)
		for _, bank := range banks {
			require.NoError(t, held.HeldAt(bank), "%s at %s", number, bank)
		}
	}
	for number, banks := range map[string][]string{
		german: {"AGRIFRPP", "AAAAAT2X", "AAAAXX2X", "AAAAED2X"}, british: {"AIBKIE2D", "AAAAGI22", "AAAAVG2X"}, french: {"AGRIMCM1", "NWBKGB2L", "AAAALG2X"},
		finnish: {"NDEASESS"}, danish: {"AAAAFO2X", "AAAAGL2X"}, monegasque: {"AGRIFRPP"},
	} {
		held, err := iban.Parse(number)
		require.NoError(t, err)
		for _, bank := range banks {
			require.ErrorIs(t, held.HeldAt(bank), iban.ErrBICCountry, "%s at %s", number, bank)
		}
	}
	held, err := iban.Parse(german)
	require.NoError(t, err)
	for _, none := range []string{"", "DE", "COBADEF", "COBADEFFX", "cobadeff", "COBAD\u0415FF", "COBADEFF\n", "COBA0EFF", "COBADEFFXXXX"} {
		require.ErrorIs(t, held.HeldAt(none), iban.ErrBIC, "%q", none)
	}
}
