package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/domain/attest/attesttest"
)

// TestASandboxBelievesAMakerOfPhones walks it by hand, on the real binary: a maker, a
// bank that believes it, a phone whose keys it vouches for, and what an auditor is told.
func TestASandboxBelievesAMakerOfPhones(t *testing.T) {
	t.Parallel()
	maker := filepath.Join(t.TempDir(), "maker")
	_, out, _ := florin(t, nil, "phone", "maker", "--dir", maker)
	file := filepath.Join(maker, makerFile)
	require.Contains(t, out, "--attestation "+file)
	code, _, says := florin(t, nil, "phone", "maker", "--dir", maker)
	require.NotEqual(t, exitDone, code, "a maker's key is not made anew: %s", says)

	h := newHost(t, "--attestation", file)
	h.phone("enrol", "--user", "ada", "--password", "a long pass phrase", "--maker", maker)
	h.phone("login", "--sca-key")
	require.Contains(t, h.phone("sessions"), `"urn:florin:acr:sca-hw"`)
	devices := h.phone("devices")
	require.Contains(t, devices, `"attestation_level": "hardware"`)
	require.Contains(t, devices, `"sca_level": "sca-hw"`)
	from := h.openFunded()
	require.Contains(t, h.phone("get", "/v1/accounts"), from)

	plain := filepath.Join(h.work, "plain.json")
	on := func(args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", plain}, args...)
	}
	h.does(on("enrol", "--user", "bert", "--password", "a long pass phrase")...)
	require.Contains(t, h.does(on("devices")...), `"attestation_level": "none"`)
	require.Contains(t, h.fails(on("attest")...), "--maker")
	h.does(on("attest", "--maker", maker, "--platform", "apple-appattest")...)
	require.Contains(t, h.does(on("devices")...), `"attestation_format": "apple-appattest"`)
	strangers := filepath.Join(h.work, "strangers")
	h.does("phone", "maker", "--dir", strangers)
	require.Contains(t, h.fails(on("attest", "--maker", strangers)...), "attestation-root-unknown")
	require.NoError(t, h.bank.stop())

	story := h.does("audit", "timeline", "--dir", h.dir, "--customer", customerOf(t, filepath.Join(h.work, "phone.json")))
	require.Regexp(t, `device\.attested .*attestation_level=hardware format=android-key sca_hardware=true reasons=android-tee,factory-provisioned,boot-verified,sca-gated statement_sha256=[0-9a-f]{64} roots_sha256=[0-9a-f]{64}`, story)
}

func customerOf(t *testing.T, state string) string {
	t.Helper()
	text, err := os.ReadFile(state)
	require.NoError(t, err)
	var saved struct {
		Phone struct {
			Profile struct {
				Customer string `json:"customer_id"`
			} `json:"profile"`
		} `json:"phone"`
	}
	require.NoError(t, json.Unmarshal(text, &saved))
	require.NotEmpty(t, saved.Phone.Profile.Customer)
	return saved.Phone.Profile.Customer
}

func TestWhatABankBelievesIsCheckedBeforeItStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	signer := strings.Repeat("07", 32)
	write("key", "not base64")
	write("list.json", `{"entries":{"1":{"status":"REVOKED"}}}`)
	write("empty.pem", "")
	for name, tc := range map[string]struct {
		text    string
		sandbox bool
		says    string
	}{
		"nothing":                  {``, true, "attestation"},
		"an unknown member":        {`{"appel":[]}`, true, "unknown"},
		"a member twice":           {`{"apple":[],"apple":[]}`, true, "duplicate"},
		"an environment of none":   {`{"apple":[{"app":"T.b","environment":"test"}]}`, true, "production or development"},
		"an app without a team":    {`{"apple":[{"app":"bank","environment":"production"}]}`, true, "TEAM.bundle"},
		"an app that nobody signs": {`{"android":[{"package":"a","signers":[]}]}`, true, "signers"},
		"a signer that is none":    {`{"android":[{"package":"a","signers":["07"]}]}`, true, "SHA-256"},
		"no list in production":    {`{"android":[{"package":"a","signers":["` + signer + `"]}]}`, false, "revocation_list"},
		"a list that is not there": {`{"revocation_list":"gone.json"}`, true, "gone.json"},
		"a list that is none":      {`{"revocation_list":"key"}`, true, "not a list"},
		"simulated phones":         {`{"sandbox_roots":"roots.pem"}`, false, "for a sandbox"},
		"roots that are none":      {`{"sandbox_roots":"empty.pem"}`, true, "PEM"},
		"keys that are none":       {`{"play":[{"package":"a","signers":["` + signer + `"],"decryption_key_file":"key","verification_key":""}]}`, true, "AES-256"},
		"a limit below nought":     {`{"daily_limits":{"none":-1}}`, true, "not negative"},
		"makers of nothing":        {`{"webauthn":{"id":"bank.example","origins":[],"roots":"empty.pem"}}`, true, "PEM"},
	} {
		_, err := openBeliefs(write("attestation.json", tc.text), tc.sandbox)
		require.ErrorIs(t, err, errUsage, name)
		require.ErrorContains(t, err, tc.says, name)
	}
	_, err := openBeliefs(filepath.Join(dir, "gone.json"), true)
	require.ErrorIs(t, err, errUsage)
}

func TestAListOfTheRevokedIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list := filepath.Join(dir, "list.json")
	write := func(text string, at time.Time) {
		require.NoError(t, os.WriteFile(list, []byte(text), 0o600))
		require.NoError(t, os.Chtimes(list, at, at))
	}
	store, err := attesttest.NewStore(strings.NewReader(strings.Repeat("seventy-seven seeds", 99)))
	require.NoError(t, err)
	opening, verifying, err := store.Keys()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "key"), []byte(opening+"\n"), 0o600))
	file := filepath.Join(dir, "attestation.json")
	signer := strings.Repeat("07:", 31) + "07"
	require.NoError(t, os.WriteFile(file, []byte(`{"android":[{"package":"a","signers":["`+signer+`"]}],"revocation_list":"list.json",
		"play":[{"package":"a","signers":["`+signer+`"],"decryption_key_file":"key","verification_key":"`+verifying+`"}],"daily_limits":{"none":5}}`), 0o600))
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	write(`{"entries":{}}`, at)
	b, err := openBeliefs(file, false)
	require.NoError(t, err)
	require.Equal(t, int64(5), b.limits.NoneUnits)
	quiet := slog.New(slog.DiscardHandler)
	require.Len(t, b.now(quiet).Play, 1)
	first := b.now(quiet).Chains.List
	require.Zero(t, first.Len())

	write(`{"entries":{"ab":{"status":"REVOKED"}}}`, at.Add(time.Hour))
	second := b.now(quiet).Chains.List
	require.Equal(t, 1, second.Len())
	require.NotEqual(t, first.Digest(), second.Digest())
	write(`{"entries":`, at.Add(2*time.Hour))
	require.Equal(t, second.Digest(), b.now(quiet).Chains.List.Digest(), "one that cannot be read leaves the one before")
	require.NoError(t, os.Remove(list))
	require.Equal(t, second.Digest(), b.now(quiet).Chains.List.Digest())
}
