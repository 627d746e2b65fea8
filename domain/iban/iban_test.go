package iban_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/domain/iban"
)

// Examples of the registry, each in the structure of its country.
var published = strings.Fields(`AD1200012030200359100100 AE070331234567890123456 AL47212110090000000235698741 AT611904300234573201
AZ21NABZ00000000137010001944 BA391290079401028494 BE68539007547034 BG80BNBG96611020345678 BH67BMAG00001299123456 BR1800360305000010009795493C1
BY13NBRB3600900000002Z00AB00 CH9300762011623852957 CR05015202001026284066 CY17002001280000001200527600 CZ6508000000192000145399
DE89370400440532013000 DK5000400440116243 DO28BAGR00000001212453611324 EE382200221020145685 EG380019000500000000263180002 ES9121000418450200051332
FI2112345600000785 FO6264600001631634 FR1420041010050500013M02606 GB29NWBK60161331926819 GE29NB0000000101904917 GI75NWBK000000007099453
GL8964710001000206 GR1601101250000000012300695 GT82TRAJ01020000001210029690 HR1210010051863000160 HU42117730161111101800000000 IE29AIBK93115212345678
IL620108000000099999999 IQ98NBIQ850123456789012 IS140159260076545510730339 IT60X0542811101000000123456 JO94CBJO0010000000000131000302
KW81CBKU0000000000001234560101 KZ86125KZT5004100100 LB62099900000001001901229114 LC55HEMM000100010012001200023015 LI21088100002324013AA LT121000011101001000
LU280019400644750000 LV80BANK0000435195001 MC5811222000010123456789030 MD24AG000225100013104168 ME25505000012345678951 MK07250120000058984
MR1300020001010000123456753 MT84MALT011000012345MTLCAST001S MU17BOMM0101101030300200000MUR NL91ABNA0417164300 NO9386011117947 PK36SCBL0000001123456702
PL61109010140000071219812874 PS92PALS000000000400123456702 PT50000201231234567890154 QA58DOHB00001234567890ABCDEFG RO49AAAA1B31007593840000
RS35260005601001611379 SA0380000000608010167519 SC18SSCB11010000000000001497USD SE4550000000058398257466 SI56263300012039086 SK3112000000198742637541
SM86U0322509800000000270100 ST23000100010051845310146 SV62CENR00000000000000700025 TL380080012345678910157 TN5910006035183598478831
TR330006100519786457841326 UA213223130000026007233566001 VA59001123000012345678 VG96VPVG0000012345678901 XK051212012345678906`)

func TestPublishedNumbersAreTaken(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(published), 70)
	for _, text := range published {
		number, err := iban.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, text, number.String())
		require.Equal(t, text[:2], number.Country())
	}
}

func TestWhatIsNoIBANIsRefused(t *testing.T) {
	t.Parallel()
	const good = "DE89370400440532013000"
	for name, text := range map[string]string{
		"nothing": "", "a country": "DE", "no account": "DE89", "wrong check digits": "DE88370400440532013000",
		"spaces as printed": "DE89 3704 0044 0532 0130 00", "a space at the end": good + " ", "a hyphen": "DE89-370400440532013000",
		"small letters": strings.ToLower(good), "one digit too few": good[:21], "one digit too many": good + "0",
		"a country that has none": "US89370400440532013000", "a country that is none": "ZZ89370400440532013000",
		"a letter where digits stand": "DE89O70400440532013000", "a letter in the check digits": "DEA9370400440532013000",
		"digits where letters stand": "GB29123460161331926819", "a cyrillic letter": "DE8937040044053201300\u041e", "a fullwidth digit": "DE8937040044053201300\uff10",
		"a cyrillic country": "\u0415S9121000418450200051332", "a no-break space": "DE89\u00a0370400440532013000", "a right-to-left mark": good + "\u200f",
		"a nul": good + "\x00", "a newline": good + "\n", "bad UTF-8": "DE89\xff70400440532013000", "the length of the longest": strings.Repeat("A", 35),
	} {
		number, err := iban.Parse(text)
		require.ErrorIs(t, err, iban.ErrInvalid, name)
		require.True(t, number.IsZero(), name)
	}
}

// Mod 97 finds each wrong digit, each wrong letter, and each pair of
// neighbours of a kind that changed places.
func TestEveryTypingErrorIsFound(t *testing.T) {
	t.Parallel()
	for _, good := range published {
		for i := range good {
			alike := "0123456789"
			if good[i] >= 'A' {
				alike = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			}
			for _, c := range []byte(alike) {
				changed := good[:i] + string(c) + good[i+1:]
				_, err := iban.Parse(changed)
				require.Equal(t, changed == good, err == nil, changed)
			}
			if i > 0 && good[i] != good[i-1] && (good[i] >= 'A') == (good[i-1] >= 'A') {
				swapped := good[:i-1] + good[i:i+1] + good[i-1:i] + good[i+1:]
				_, err := iban.Parse(swapped)
				require.Error(t, err, swapped)
			}
		}
	}
}

func TestOwnNumbers(t *testing.T) {
	t.Parallel()
	for code, example := range map[string]string{
		"DE37040044": "DE89370400440532013000", "AT19043": "AT611904300234573201", "CH00762": "CH9300762011623852957", "NLABNA": "NL91ABNA0417164300",
		"GBNWBK601613": "GB29NWBK60161331926819", "IEAIBK931152": "IE29AIBK93115212345678", "LT10000": "LT121000011101001000", "LU001": "LU280019400644750000",
		"LVBANK": "LV80BANK0000435195001", "LI08810": "LI21088100002324013AA",
	} {
		bank, err := iban.NewIssuer(code)
		require.NoError(t, err, code)
		seen := map[iban.IBAN]bool{}
		for _, seed := range []uint64{0, 1, 42, 999_999_9, 1 << 63, 1<<64 - 1} {
			number := bank.Number(seed)
			parsed, err := iban.Parse(number.String())
			require.NoError(t, err, "%s %d", number, seed)
			require.Equal(t, number, parsed)
			require.Equal(t, number, bank.Number(seed), "for ever")
			require.True(t, bank.Owns(number))
			seen[number] = true
		}
		require.Greater(t, len(seen), 4)
		require.Contains(t, published, example)
		for _, other := range published {
			number, _ := iban.Parse(other)
			require.Equal(t, other == example, bank.Owns(number), "%s %s", code, other)
		}
	}
	bank, err := iban.NewIssuer("DE37040044")
	require.NoError(t, err)
	require.Equal(t, "DE89370400440532013000", bank.Number(532013000).String())
	require.Equal(t, bank.Number(7), bank.Number(10_000_000_007), "ten digits, then from the first")
}

func TestNoNumbersUnderABrokenCode(t *testing.T) {
	t.Parallel()
	none, err := iban.NewIssuer("")
	require.NoError(t, err)
	require.True(t, none.IsZero())
	number, _ := iban.Parse(published[0])
	require.False(t, none.Owns(number))
	for _, code := range []string{"D", "DE", "DE1", "DE999999999", "DE9999999A", "de99999999", "XX99999999", "FR20041", "ES2100", "NLABN", "NL1234", "GBNWBK60161A", "DE9999 999"} {
		_, err := iban.NewIssuer(code)
		require.ErrorIs(t, err, iban.ErrIssuer, code)
	}
}

func TestBIC(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"DEUTDEFF", "DEUTDEFF500", "NEDSZAJJXXX", "FLRNDEF0", "1234DE00"} {
		require.NoError(t, iban.BIC(good), good)
	}
	for _, bad := range []string{"", "DEUTDEF", "DEUTDEFFX", "DEUTDEFF50", "DEUTDEFF5000", "deutdeff", "DEUT1EFF", "DEUT DEFF", "DEUTDEF\u0415", "DEUTDEFF\n"} {
		require.ErrorIs(t, iban.BIC(bad), iban.ErrBIC, bad)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range published {
		f.Add(text)
	}
	f.Add("DE89 3704 0044 0532 0130 00")
	f.Fuzz(func(t *testing.T, text string) {
		number, err := iban.Parse(text)
		if err != nil {
			require.ErrorIs(t, err, iban.ErrInvalid)
			return
		}
		require.Equal(t, text, number.String())
		require.Equal(t, "", strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
	})
}
