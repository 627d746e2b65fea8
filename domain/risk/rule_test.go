package risk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRulesHold(t *testing.T) {
	t.Parallel()
	var v Vector
	v.Set(Amount, 5000)
	v.Set(PayeeAge, -1)
	v.Set(CountHour, 3)
	for rule, want := range map[string]bool{
		"amount > 4999":                 true,
		"amount > 5000":                 false,
		"amount >= 5000":                true,
		"amount < 5001":                 true,
		"amount <= 4999":                false,
		"amount == 5000":                true,
		"amount != 5000":                false,
		"payee_age_h == -1":             true,
		"payee_age_h < 0 && amount > 1": true,
		"payee_age_h > 0 && amount > 1": false,
		"payee_age_h > 0 || amount > 1": true,
		"amount > 9 || amount > 9999 && payee_age_h > 0":   true,
		"(amount > 9 || amount > 9999) && payee_age_h > 0": false,
		"!(amount > 9)":                      false,
		"known(amount)":                      true,
		"known(speed_kmh)":                   false,
		"!known(speed_kmh) && count_1h == 3": true,
		"speed_kmh > 0":                      false,
		"speed_kmh <= 0":                     false,
		"speed_kmh != 0":                     false,
		"!(speed_kmh != 0)":                  true,
		"amount > -9223372036854775808 && amount < 9223372036854775807": true,
	} {
		holds, err := compile(rule)
		require.NoError(t, err, rule)
		require.Equal(t, want, holds(&v), rule)
	}
}

func TestRulesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{
		"", "amount", "5 > amount", "amount > 5.0", "amount > \"5\"", "amount > 0x", "amount > 9223372036854775808", "amount >> 5", "amount > amount",
		"amounts > 5", "known(amounts)", "known(5)", "known(amount, amount)", "known()", "known(amount...)", "unknown(amount)", "known.x(amount)", "-known(amount)",
		"amount > 5 &&", "(amount > 5", "amount > 5)", "amount = 5", "amount > 5; amount > 6", "!amount", "amount > 5 && amount", "amount && amount > 5",
		"func() {}", "amount > 'a'", "amount > +5", "amount > --5", strings.Repeat("!", ruleBytesMax) + "known(amount)", "amount\x00 > 5",
	} {
		holds, err := compile(rule)
		require.Error(t, err, "%.40q", rule)
		require.Nil(t, holds, "%.40q", rule)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("payee_frauds_30d > 0 && (payee_age_h < 24 || !known(device_age_h))", int64(1))
	f.Add("((((", int64(0))
	f.Fuzz(func(t *testing.T, rule string, value int64) {
		holds, err := compile(rule)
		if err != nil {
			return
		}
		var v Vector
		once := holds(&v)
		require.Equal(t, once, holds(&v))
		v.Set(Amount, value)
		holds(&v)
	})
}
