package split

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// New certificates are taken without a restart; what cannot be used is not.
func TestCredentialsAreReadAgain(t *testing.T) {
	t.Parallel()
	dir, next, now := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b"), time.Now()
	require.NoError(t, MakeAuthority(dir, now, time.Hour))
	require.Error(t, MakeAuthority(dir, now, time.Hour), "no key is written over")
	require.NoError(t, MakeAuthority(next, now, 2*time.Hour))
	core, err := LoadCredentials(FilesIn(dir, "core"), now)
	require.NoError(t, err)
	gateway, err := LoadCredentials(FilesIn(dir, "gateway"), now)
	require.NoError(t, err)
	clock := func() time.Time { return now }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	shake := func() error {
		served := make(chan error, 1)
		go func() {
			conn, err := listener.Accept()
			if err == nil {
				err = tls.Server(conn, core.Server(clock)).Handshake()
				_ = conn.Close()
			}
			served <- err
		}()
		conn, err := tls.Dial("tcp", listener.Addr().String(), gateway.Client(clock))
		if err == nil {
			_ = conn.Close()
		}
		return errors.Join(err, <-served)
	}
	require.NoError(t, shake())
	before := core.Signer()
	copied := func(role string) {
		from, to := FilesIn(next, role), FilesIn(dir, role)
		for source, target := range map[string]string{from.Cert: to.Cert, from.Key: to.Key, from.CA: to.CA} {
			text, err := os.ReadFile(source)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(target, text, 0o600))
		}
	}
	require.NoError(t, os.WriteFile(FilesIn(dir, "core").Cert, []byte("half a file"), 0o600))
	changed, err := core.Reload(now)
	require.Error(t, err)
	require.False(t, changed)
	require.NoError(t, shake(), "the former stands")
	copied("core")
	changed, err = core.Reload(now)
	require.NoError(t, err)
	require.True(t, changed)
	require.NotEqual(t, before, core.Signer())
	require.Error(t, shake(), "another authority's")
	copied("gateway")
	_, err = gateway.Reload(now)
	require.NoError(t, err)
	require.NoError(t, shake())
	_, err = LoadCredentials(FilesIn(dir, "core"), now.Add(3*time.Hour))
	require.ErrorContains(t, err, "valid from")
}
