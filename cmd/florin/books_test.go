package main

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/projections"
)

// ends kills a bank at the end of its test, and has the verifier look at the books of
// every position of the log that it leaves. A test that has failed says enough.
func ends(t *testing.T, bank *child) {
	t.Helper()
	_ = errors.Join(bank.kill(), bank.close())
	if t.Failed() || t.Skipped() {
		return
	}
	a, err := openArchive(context.Background(), config{Dir: bank.args[slices.Index(bank.args, "--dir")+1]})
	require.NoError(t, err)
	defer func() { require.NoError(t, a.close()) }()
	books, err := projections.VerifyLedger(context.Background(), a.log, a.treaty)
	require.NoError(t, err)
	require.Empty(t, books.Findings())
	require.Zero(t, books.Summary().Sum)
}
