package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoMistypedDirectoryBeginsABank(t *testing.T) {
	t.Parallel()
	named := []string{"FLORIN_LEGAL_ENTITY=Bank of the Environment"}
	create := []string{"operator", "create", "--name", "Eve", "--scopes", "audit.read", "--key-file"}
	for name, tc := range map[string]struct {
		environ []string
		args    []string
		says    string
	}{
		"keys list":                         {named, []string{"keys", "list"}, "begins a new bank"},
		"keys rotate":                       {named, []string{"keys", "rotate"}, "begins a new bank"},
		"backup":                            {named, []string{"backup", "--admin", "127.0.0.1:1", "--to", "elsewhere"}, "begins a new bank"},
		"client list":                       {named, []string{"client", "list"}, "begins a new bank"},
		"client disable":                    {named, []string{"client", "disable", "shop", "--reason", "x"}, "begins a new bank"},
		"an operator without a bank's name": {nil, append(create, filepath.Join(t.TempDir(), "key")), "--legal-entity"},
		"an operator, a name left over":     {named, append(create, filepath.Join(t.TempDir(), "key")), "--legal-entity"},
		"serving in production":             {nil, []string{"serve"}, "--legal-entity"},
		"audit verify":                      {named, []string{"audit", "verify"}, "no log there"},
		"projection list":                   {named, []string{"projection", "list"}, "no log there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "bnak")
			code, _, says := florin(t, tc.environ, append(tc.args, "--dir", dir)...)
			require.Equal(t, exitFailed, code, says)
			require.Contains(t, says, tc.says)
			require.NoDirExists(t, dir)
			if at := len(tc.args) - 1; tc.args[0] == "operator" {
				require.NoFileExists(t, tc.args[at], "nor is a key left behind")
			}
		})
	}
}

func TestAProductionBankKeepsTheNameItWasBegunWith(t *testing.T) {
	t.Parallel()
	dir, key := filepath.Join(t.TempDir(), "bank"), filepath.Join(t.TempDir(), "eve.pem")
	does := func(args ...string) string {
		code, out, says := florin(t, nil, append(args, "--dir", dir)...)
		require.Equal(t, exitDone, code, says)
		return out
	}
	does("operator", "create", "--name", "Eve", "--scopes", "audit.read", "--key-file", key, "--legal-entity", "Bank of Tests")
	does("operator", "create", "--name", "Mallory", "--scopes", "audit.read", "--key-file", key+"2")
	does("keys", "list")
	export := does("audit", "export")
	genesis, _, _ := strings.Cut(export, "\n")
	require.Contains(t, genesis, `"legal_entity":"Bank of Tests"`)
	require.Contains(t, genesis, `"mode":"production"`)

	code, _, says := florin(t, nil, "serve", "--sandbox", "--dir", dir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, says, "serve this one without --sandbox", "no production bank becomes a sandbox")
	require.Equal(t, export, does("audit", "export"), "and nothing was written")

	copied := filepath.Join(t.TempDir(), "copy")
	does("backup", "--admin", "127.0.0.1:1", "--to", copied)
	for _, command := range [][]string{{"serve", "--sandbox"}, {"serve", "--legal-entity", "X"}, {"keys", "list"}} {
		code, _, says := florin(t, nil, append(command, "--dir", copied)...)
		require.Equal(t, exitFailed, code)
		require.Contains(t, says, "is a backup")
	}
	require.NoDirExists(t, filepath.Join(copied, "keys"))
}

func TestErrorsAreJSONWhereJSONWasAskedFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args []string
		code int
		says string
	}{
		"a refusal":              {[]string{"keys", "list", "--json"}, exitFailed, "begins a new bank"},
		"an auditor's":           {[]string{"audit", "verify", "--json"}, exitFailed, "no log there"},
		"an unknown flag":        {[]string{"config", "--listne", "x", "--json"}, exitUsage, "unknown flag"},
		"an unknown command":     {[]string{"--json", "confg"}, exitUsage, "unknown command"},
		"a setting out of range": {[]string{"config", "--json", "--rate-burst", "0"}, exitUsage, "at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, says := florin(t, []string{"FLORIN_DIR=" + filepath.Join(t.TempDir(), "none")}, tc.args...)
			require.Equal(t, tc.code, code)
			require.Empty(t, out, "no answer")
			var told map[string]string
			require.NoError(t, json.Unmarshal([]byte(says), &told), says)
			require.Len(t, told, 1)
			require.Contains(t, told["error"], tc.says)
			require.Equal(t, 1, strings.Count(says, "\n"), "one line")
		})
	}
}

func TestOperatorsArePersonsOrMachines(t *testing.T) {
	t.Parallel()
	dir, key := filepath.Join(t.TempDir(), "bank"), filepath.Join(t.TempDir(), "eve.pem")
	does := func(want int, args ...string) string {
		t.Helper()
		code, out, says := florin(t, nil, append(args, "--dir", dir)...)
		require.Equal(t, want, code, "%s%s", out, says)
		return out
	}
	person := []string{"operator", "create", "--name", "Olga", "--person", "--user", "olga", "--legal-entity", "Bank of Tests"}
	for _, wrong := range [][]string{{"--key-file", key}, {"--user", ""}, {"--roles", "god"}, {"--user", "o l g a"}, {"--user", "+4930123456"}, {"--scopes", "openid"}} {
		code, _, says := florin(t, nil, append(append(person, "--dir", dir), wrong...)...)
		require.NotEqual(t, exitDone, code, "%v: %s", wrong, says)
	}
	require.NoFileExists(t, key)
	var made struct{ Operator, EnrolmentCode string }
	require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(does(exitDone, append(person, "--roles", "teller security", "--json")...), "enrolment_code", "EnrolmentCode")), &made))
	require.Regexp(t, `^opr_`, made.Operator)
	require.Regexp(t, `^[A-Z2-7]{13}-[A-Z2-7]{13}$`, made.EnrolmentCode)
	does(exitFailed, person...)
	require.NotContains(t, does(exitDone, "audit", "export"), made.EnrolmentCode)
	does(exitFailed, "operator", "enrol", "--operator", made.Operator, "--reason", "She lost it")
	require.NotContains(t, does(exitDone, "operator", "enrol", "--operator", made.Operator, "--reason", "lost-phone"), made.EnrolmentCode)
	does(exitDone, "operator", "disable", "--operator", made.Operator, "--reason", "left")
	does(exitFailed, "operator", "enrol", "--operator", made.Operator, "--reason", "lost-phone")
	require.Contains(t, does(exitDone, "operator", "roles"), "customers.manage ledger.post")
}
