package id_test

import (
	"encoding/json"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"florin/domain/id"
)

const someUUID = "0198f2a0-1234-7abc-8def-0123456789ab"

func TestSpellings(t *testing.T) {
	t.Parallel()
	account := id.From[id.Account](uuid.MustParse(someUUID))
	require.Equal(t, "acc_"+someUUID, account.String())
	require.Equal(t, "account/"+someUUID, account.Stream())
	text, err := account.AppendText([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, "xacc_"+someUUID, string(text))
	data, err := json.Marshal(account)
	require.NoError(t, err)
	require.Equal(t, `"acc_`+someUUID+`"`, string(data))

	var none id.Account
	require.Empty(t, none.String())
	data, err = json.Marshal(none)
	require.NoError(t, err)
	require.Equal(t, `""`, string(data))
}

func TestOnlyTheCanonicalSpellingIsRead(t *testing.T) {
	t.Parallel()
	account, err := id.Parse[id.Account]("acc_" + someUUID)
	require.NoError(t, err)
	require.Equal(t, someUUID, account.UUID().String())
	for _, wrong := range []string{
		"", "acc_", "acc", someUUID, "trf_" + someUUID, "ACC_" + someUUID,
		"acc_0198F2A0-1234-7ABC-8DEF-0123456789AB", "acc_{" + someUUID + "}", "acc_urn:uuid:" + someUUID,
		"acc_0198f2a012347abc8def0123456789ab", "acc_" + someUUID + " ", "acc_00000000-0000-0000-0000-000000000000",
	} {
		_, err := id.Parse[id.Account](wrong)
		require.Error(t, err, wrong)
	}
}

func TestTheSameNameIsTheSameThingForEver(t *testing.T) {
	t.Parallel()
	require.Equal(t, id.Named[id.Account]("fees-income", "EUR"), id.Named[id.Account]("fees-income", "EUR"))
	require.NotEqual(t, id.Named[id.Account]("fees-income", "EUR"), id.Named[id.Account]("fees-incomeE", "UR"))
	require.NotEqual(t, id.Named[id.Account]("a").UUID(), id.Named[id.Client]("a").UUID())
}
