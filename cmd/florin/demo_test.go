package main

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDemoProvesWhatItSays runs the whole story with the real binary, and holds
// it to every fact that --json prints.
func TestDemoProvesWhatItSays(t *testing.T) {
	t.Parallel()
	_, environ := program(t)
	var out, says bytes.Buffer
	dir := t.TempDir()

	code := run(context.Background(), []string{"demo", "--json", "--dir", dir}, environ, &out, &says)

	require.Equal(t, exitDone, code, says.String())
	var told facts
	require.NoError(t, json.Unmarshal(out.Bytes(), &told), "one JSON object and nothing else")
	require.NoError(t, told.wrong())
	require.Equal(t, "0", told.LedgerSum)
	require.Positive(t, told.CommandsPerSecond)
	require.GreaterOrEqual(t, told.P99, told.P50)
	require.Positive(t, told.Events)
	fitsItsSchemas(t, filepath.Join(dir, "bank"))
	fitsItsSchemas(t, filepath.Join(dir, "watched"))
	stoppedFor := map[string]string{}
	for _, tried := range told.Frauds {
		stoppedFor[tried.Name] = tried.Outcome + " " + tried.Reason
	}
	require.Equal(t, map[string]string{"stolen-password": "challenge travel-impossible", "burst": "block velocity"}, stoppedFor)

	code, again, _ := florin(t, environ, "audit", "replay", "--decisions", "--json", "--dir", filepath.Join(dir, "bank"), "--policy", filepath.Join(dir, "policy.yaml"))
	require.Equal(t, exitDone, code)
	var decisions decisionsAgain
	require.NoError(t, json.Unmarshal([]byte(again), &decisions))
	code, again, says2 := florin(t, environ, "audit", "replay", "--decisions", "--json", "--dir", filepath.Join(dir, "watched"))
	require.Equal(t, exitDone, code, says2)
	var watched decisionsAgain
	require.NoError(t, json.Unmarshal([]byte(again), &watched))
	require.Positive(t, watched.Equal)
	require.Equal(t, told.Decisions, decisions.Equal+decisions.NotMade+watched.Equal+watched.NotMade)
	code, _, says2 = florin(t, environ, "audit", "replay", "--decisions", "--dir", filepath.Join(dir, "bank"))
	require.Equal(t, exitDone, code, "the log holds the policies that it was decided by: %s", says2)
}

func TestDemoWantsAnEmptyDirectory(t *testing.T) {
	t.Parallel()
	_, environ := program(t)
	code, _, says := florin(t, environ, "demo", "--dir", ".")
	require.Equal(t, exitFailed, code)
	require.Contains(t, says, "not empty")
}

func TestADemoThatIsWrongSaysWhat(t *testing.T) {
	t.Parallel()
	good := facts{Accounts: demoAccounts, TransfersPosted: demoTransfers, Retried: demoRetried, AttacksTried: 3, AttacksRefused: 3,
		Frauds: []fraud{{"a", "hold", "x", "X."}, {"b", "block", "x", "X."}}, Traveller: "challenge, let in",
		Challenged: "posted", Acknowledged: 5, LedgerSum: "0", Rebuilt: "equal", Decisions: demoTransfers, Verify: "ok", TamperFoundAt: 7}
	require.NoError(t, good.wrong())
	for says, spoil := range map[string]func(*facts){
		"accounts":         func(f *facts) { f.Accounts-- },
		"made twice":       func(f *facts) { f.Duplicates = 1 },
		"attacks refused":  func(f *facts) { f.AttacksRefused-- },
		"frauds stopped":   func(f *facts) { f.Frauds = f.Frauds[1:] },
		"the fraud a":      func(f *facts) { f.Frauds = []fraud{{"a", "allow", "x", "X."}, f.Frauds[1]} },
		"the fraud b":      func(f *facts) { f.Frauds = []fraud{f.Frauds[0], {"b", "hold", "", ""}} },
		"honest traveller": func(f *facts) { f.Traveller = "" },
		"lost":             func(f *facts) { f.AcknowledgedLost = 1 },
		"sums to":          func(f *facts) { f.LedgerSum = "1" },
		"decisions differ": func(f *facts) { f.DecisionsDiffer = 1 },
		"verifies as":      func(f *facts) { f.Verify = "damage" },
		"not found":        func(f *facts) { f.TamperFoundAt = 0 },
	} {
		bad := good
		spoil(&bad)
		require.ErrorContains(t, bad.wrong(), says)
	}
}
