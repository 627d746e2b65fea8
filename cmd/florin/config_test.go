package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// florin runs the program as the shell would, and gives what it said.
func florin(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(context.Background(), args, environ, &out, &err)
	return code, out.String(), err.String()
}

func TestConfigFlagsWinOverEnvironmentOverFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "florin.yaml")
	require.NoError(t, os.WriteFile(file, []byte("rate_burst: 1\nrate_per_second: 1\nlisten: 127.0.0.1:1\n"), 0o600))
	environ := []string{"FLORIN_RATE_BURST=2", "FLORIN_RATE_PER_SECOND=2", "FLORIN_TEST_SOMETHING=ignored"}

	code, out, _ := florin(t, environ, "config", "--config", file, "--json", "--rate-burst", "3")

	require.Equal(t, exitDone, code)
	require.Contains(t, out, `"rate_burst": 3`)
	require.Contains(t, out, `"rate_per_second": 2`)
	require.Contains(t, out, `"listen": "127.0.0.1:1"`)
}

func TestConfigRefusesWhatItCannotMean(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		environ []string
		args    []string
		says    string
	}{
		"an unknown variable":       {[]string{"FLORIN_LISTNE=x"}, []string{"config"}, `unknown setting "listne"`},
		"an unknown flag":           {nil, []string{"config", "--listne", "x"}, "unknown flag"},
		"an address without a port": {nil, []string{"config", "--listen", "localhost"}, "not HOST:PORT"},
		"an issuer that is no URL":  {nil, []string{"config", "--issuer", "bank"}, "not a base URL"},
		"a sandbox in public":       {nil, []string{"config", "--sandbox", "--issuer", "https://bank.example"}, "localhost only"},
		"a rate of nought":          {nil, []string{"config", "--rate-burst", "0"}, "at least 1"},
		"a notifier in the dark":    {nil, []string{"config", "--notifier", "smtp://mail.example?from=nobody"}, "the notifier is"},
		"codes in the clear":        {nil, []string{"config", "--notifier", "http://sms.example/send"}, "the notifier is"},
		"a proxy without a size":    {nil, []string{"config", "--trusted-proxies", "10.0.0.1"}, "trusted_proxies"},
		"proxies everywhere":        {nil, []string{"config", "--trusted-proxies", "10.1.0.0/16, 0.0.0.0/0"}, "trusted_proxies"},
		"a proxy beside its net":    {nil, []string{"config", "--trusted-proxies", "10.1.0.1/16"}, "trusted_proxies"},
		"no time to object":         {nil, []string{"config", "--recovery-wait", "10ms"}, "recovery_wait"},
		"a time that is none":       {nil, []string{"config", "--sandbox", "--recovery-wait", "soon"}, "recovery_wait"},
		"codes in the log":          {nil, []string{"config", "--notifier", "console"}, "for a sandbox"},
		"a certificate alone":       {nil, []string{"config", "--tls-cert", "cert.pem"}, "belong together"},
		"clients without a server":  {nil, []string{"config", "--tls-client-ca", "ca.pem"}, "belong together"},
		"TLS under a clear name":    {nil, []string{"config", "--tls-cert", "c", "--tls-key", "k", "--issuer", "http://bank.example"}, "the issuer is https"},
		"an unknown command":        {nil, []string{"confg"}, "unknown command"},
		"an argument too many":      {nil, []string{"serve", "extra"}, "unknown command"},
		"a missing argument":        {nil, []string{"projection", "rebuild"}, "accepts 1 arg"},
		"a missing flag":            {nil, []string{"restore"}, "required flag"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, _, says := florin(t, tc.environ, tc.args...)
			require.Equal(t, exitUsage, code)
			require.Contains(t, says, tc.says)
			require.Contains(t, says, "florin --help")
		})
	}
}

func TestConfigMasksSecrets(t *testing.T) {
	t.Parallel()
	environ := []string{"FLORIN_MASTER_KEY_FILE=/somewhere/secret", "FLORIN_NOTIFIER=smtp://bank:hunter2@mail.example:587?from=bank@florin.example"}
	code, out, _ := florin(t, environ, "config")
	require.Equal(t, exitDone, code)
	require.NotContains(t, out, "/somewhere/secret")
	require.NotContains(t, out, "hunter2")
	require.Contains(t, out, "***")
}
