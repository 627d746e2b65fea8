package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/gateway/split"
)

// apart is a bank in two processes of the real binary. Its core is what is killed.
type apart struct {
	core, gateway *child
	base, dir     string
}

// newApart prepares a core and a gateway, with certificates as 'keys internal' makes them.
func newApart(t *testing.T) *apart {
	t.Helper()
	path, environ := program(t)
	dir := t.TempDir()
	code, out, errs := florin(t, nil, "keys", "internal", "--to", filepath.Join(dir, "internal"))
	require.Equal(t, exitDone, code, "%s%s", out, errs)
	internal, err := freeAddress()
	require.NoError(t, err)
	common := []string{"--internal", internal, "--log-level", "warn", "--rate-per-second", "100000", "--rate-burst", "100000"}
	part := func(only string, more ...string) *child {
		files := split.FilesIn(filepath.Join(dir, "internal"), only)
		bank, _, err := newChild(path, filepath.Join(dir, "bank"), filepath.Join(dir, only+".log"), childEnvironment(environ),
			append(append([]string{"--only", only, "--internal-cert", files.Cert, "--internal-key", files.Key, "--internal-ca", files.CA}, common...), more...)...)
		require.NoError(t, err)
		return bank
	}
	listen, err := freeAddress()
	require.NoError(t, err)
	a := &apart{base: "http://" + listen, dir: filepath.Join(dir, "bank")}
	a.core, a.gateway = part("core", "--listen", listen, "--risk-policy", amountsPolicy), part("gateway", "--listen", listen)
	t.Cleanup(func() {
		_ = errors.Join(a.gateway.kill(), a.gateway.close())
		ends(t, a.core)
		if !t.Failed() {
			return
		}
		for _, name := range []string{"core.log", "gateway.log"} {
			text, _ := os.ReadFile(filepath.Join(dir, name))
			t.Logf("%s: %s", name, text[max(0, len(text)-4000):])
		}
	})
	return a
}

func (a *apart) kill() error { return a.core.kill() }

// start starts the core, and the gateway where it does not run: one that does finds
// the core again by itself.
func (a *apart) start(ctx context.Context) error {
	if err := a.core.start(ctx); err != nil {
		return err
	}
	if a.gateway.cmd == nil {
		return a.gateway.start(ctx)
	}
	found, done := context.WithTimeout(ctx, readyWithin)
	defer done()
	for !a.gateway.ready(found) {
		if found.Err() != nil {
			return errors.New("the gateway has not found the core again")
		}
	}
	return nil
}

// TestKillOfTheCoreLosesNothing is TestKillUnderLoadLosesNothing with the core behind
// a gateway that lives on: the clients hold their acknowledgements, and are answered
// 503 meanwhile.
func TestKillOfTheCoreLosesNothing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	bank := newApart(t)
	require.NoError(t, bank.start(ctx))
	storm := newStorm(ctx, t, bank, bank.base)
	for round := range max(kills()/5, 3) {
		storm.round(ctx, t, round)
	}
	require.NoError(t, bank.gateway.stop())
	require.NoError(t, bank.core.stop())
	v, err := verify(ctx, config{Dir: bank.dir}, newProgress(os.Stderr, true).begin("verify", 1))
	require.NoError(t, err)
	require.Equal(t, "ok", v.Verify)
	require.Zero(t, v.Ledger.Sum)
	require.Equal(t, storm.acks.count(), v.Initiated, "the log holds exactly the transfers that were asked for")
	t.Logf("%d transfers acknowledged, %d answers lost with a core, 0 lost, 0 doubled", storm.acks.count(), storm.unanswered.Load())
}

// TestAGatewayOutlivesItsCore has a gateway be there before its core, and after it.
func TestAGatewayOutlivesItsCore(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	bank := newApart(t)
	get := func(address string) (status int, after string) {
		answer, err := http.Get(address)
		require.NoError(t, err)
		defer answer.Body.Close()
		return answer.StatusCode, answer.Header.Get("Retry-After")
	}
	alone := func() {
		status, _ := get(bank.gateway.admin + "/livez")
		require.Equal(t, http.StatusOK, status)
		status, _ = get(bank.gateway.admin + "/readyz")
		require.Equal(t, http.StatusServiceUnavailable, status)
		began := time.Now()
		status, after := get(bank.base + "/oauth2/jwks")
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, "1", after)
		require.Less(t, time.Since(began), 5*time.Second, "at once")
	}
	orphan, stop := context.WithTimeout(ctx, 2*time.Second)
	defer stop()
	require.Error(t, bank.gateway.start(orphan), "it serves, and is not ready")
	require.NoError(t, bank.start(ctx))
	status, _ := get(bank.base + "/oauth2/jwks")
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, bank.core.kill())
	for status != http.StatusServiceUnavailable {
		status, _ = get(bank.gateway.admin + "/readyz")
	}
	alone()
	require.NoError(t, bank.start(ctx))
	status, _ = get(bank.base + "/oauth2/jwks")
	require.Equal(t, http.StatusOK, status, "without a restart of the gateway")
	address := strings.TrimPrefix(bank.base, "http://")
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	requireFramed(t, conn, address)
	client := newHTTPClient()
	anna, err := newPerson(ctx, bank.base, "anna", client)
	require.NoError(t, err)
	stopsWith(t, bank.gateway, follow(t, client, bank.base, anna))
	require.NoError(t, bank.gateway.start(ctx))
	stopsWith(t, bank.core, follow(t, client, bank.base, anna)) // in order, though a gateway followed it
	require.NoError(t, bank.gateway.stop())
}
