package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNoPageActsOnTheAdminListener: what a browser can be made to send reaches
// nothing that acts.
func TestNoPageActsOnTheAdminListener(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "keys"), 0o700))
	require.NoError(t, makeAdminToken(dir))
	token, err := readAdminToken(dir)
	require.NoError(t, err)
	info, err := os.Stat(adminTokenFile(dir))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, makeAdminToken(dir), "it is made once")
	again, err := readAdminToken(dir)
	require.NoError(t, err)
	require.Equal(t, token, again)

	acted := 0
	server := httptest.NewServer(guarded(dir, "bank.internal:9090", func(http.ResponseWriter, *http.Request) { acted++ }))
	t.Cleanup(server.Close)
	ask := func(change func(*http.Request)) int {
		request, err := http.NewRequest(http.MethodPost, server.URL+"/backup", strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+token)
		change(request)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	for name, c := range map[string]struct {
		status int
		change func(*http.Request)
	}{
		"a page's fetch":           {403, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }},
		"a page of this very host": {403, func(r *http.Request) { r.Header.Set("Origin", server.URL) }},
		"a sandboxed frame":        {403, func(r *http.Request) { r.Header.Set("Origin", "null") }},
		"a name that DNS rebinds":  {421, func(r *http.Request) { r.Host = "evil.example:9090" }},
		"a name that begins right": {421, func(r *http.Request) { r.Host = "127.0.0.1.evil.example" }},
		"a form":                   {415, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		"a form of text":           {415, func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; x=application/json") }},
		"no type":                  {415, func(r *http.Request) { r.Header.Del("Content-Type") }},
		"no token":                 {401, func(r *http.Request) { r.Header.Del("Authorization") }},
		"an empty token":           {401, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }},
		"another token":            {401, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+strings.Repeat("0", 64)) }},
		"two tokens":               {401, func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+token) }},
	} {
		require.Equal(t, c.status, ask(c.change), name)
	}
	require.Zero(t, acted)
	require.Equal(t, 200, ask(func(*http.Request) {}))
	require.Equal(t, 200, ask(func(r *http.Request) { r.Host = "bank.internal:9090" }))
	require.Equal(t, 200, ask(func(r *http.Request) { r.Host = "[::1]:9090" }))
	require.Equal(t, 3, acted)

	require.NoError(t, os.Chmod(adminTokenFile(dir), 0o644))
	require.Equal(t, 401, ask(func(*http.Request) {}), "a token that others could read is nobody's")
	_, err = readAdminToken(dir)
	require.ErrorContains(t, err, "open to others")
	require.NoError(t, os.Remove(adminTokenFile(dir)))
	require.Equal(t, 401, ask(func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }), "no token at all lets nobody in")
	require.NoError(t, os.WriteFile(adminTokenFile(dir), nil, 0o600))
	require.Equal(t, 401, ask(func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") }), "nor an empty one")
}
