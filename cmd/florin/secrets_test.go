package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"florin/gateway/phone"
)

// dumpsTo has a child write its heap into a pipe whenever it is signalled: every
// object that is still in use, and every stack. It is a part of the tests alone; the
// program itself shows its memory to nobody.
func dumpsTo(pipe string) {
	signalled := make(chan os.Signal, 1)
	signal.Notify(signalled, syscall.SIGUSR1)
	go func() {
		for range signalled {
			runtime.GC()
			runtime.GC() // what lay in pools is gone after the second
			if file, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
				debug.WriteHeapDump(file.Fd())
				_ = file.Close()
			}
		}
	}()
}

// canaries are the secrets of all that a phone has sent and was sent.
type canaries struct {
	mu    sync.Mutex
	texts map[string]string // text -> what it is
}

func (c *canaries) plant(what, text string) {
	if len(text) < 10 {
		return
	}
	if long := len(text); long >= 64 { // kept in part it is kept: the signature, or the midst of what it says. And short ones are found quickly
		c.texts[text[long-32:]], c.texts[text[long/2-16:long/2+16]] = what, what
		return
	}
	c.texts[text], c.texts[url.QueryEscape(text)] = what, what
}

// see plants the secrets of one exchange.
func (c *canaries) see(asked phone.Request, answer phone.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plant("access token", strings.TrimPrefix(asked.Header.Get("Authorization"), "DPoP "))
	c.plant("proof", asked.Header.Get("Dpop"))
	if form, err := url.ParseQuery(string(asked.Body)); err == nil && asked.Header.Get("Content-Type") == "application/x-www-form-urlencoded" {
		for _, name := range []string{"password", "code", "code_verifier", "refresh_token", "recovery_code", "token", "auth_session"} {
			c.plant(name, form.Get(name))
		}
		c.plant("otp", "otp="+form.Get("otp"))
	}
	var said struct {
		Access   string   `json:"access_token"`
		Refresh  string   `json:"refresh_token"`
		Identity string   `json:"id_token"`
		Session  string   `json:"auth_session"`
		Code     string   `json:"authorization_code"`
		Secret   string   `json:"totp_secret"`
		Codes    []string `json:"codes"`
	}
	if json.Unmarshal(answer.Body, &said) == nil {
		for what, text := range map[string]string{"access token": said.Access, "refresh token": said.Refresh, "ID token": said.Identity,
			"auth_session": said.Session, "authorization code": said.Code, "TOTP secret": said.Secret} {
			c.plant(what, text)
		}
		for _, text := range said.Codes {
			c.plant("recovery code", text)
		}
	}
}

// in gives what of them stands in a text.
func (c *canaries) in(text []byte) []string {
	var found []string
	for canary, what := range c.texts {
		if bytes.Contains(text, []byte(canary)) {
			found = append(found, what)
		}
	}
	return found
}

// Row 54, and group 16: once the requests are over, no password, code, token or proof is in the
// memory of the running process (as far as its heap and stacks are in use), in what it
// writes, in what its listeners show, or in its last words.
func TestRow54NoSecretStaysInTheProcess(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path, environ := program(t)
	pipe, log := filepath.Join(t.TempDir(), "heap"), filepath.Join(t.TempDir(), "bank.log")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	bank, base, err := newChild(path, filepath.Join(t.TempDir(), "bank"), log, append(childEnvironment(environ), "FLORIN_TEST_HEAP="+pipe))
	require.NoError(t, err)
	require.NoError(t, bank.start(ctx))
	t.Cleanup(func() { ends(t, bank) })
	planted := &canaries{texts: map[string]string{}}
	client := newHTTPClient()
	settings := phoneSettings(base, client)
	settings.Trace = planted.see
	app, err := phone.New(settings)
	require.NoError(t, err)
	liveALittle(ctx, t, app, planted)
	what := map[string]bool{}
	for _, one := range planted.texts {
		what[one] = true
	}
	for _, one := range []string{"password", "otp", "code", "code_verifier", "auth_session", "access token", "refresh_token", "ID token", "proof", "TOTP secret", "recovery code"} {
		require.Contains(t, what, one, "a canary of each kind")
	}

	for _, address := range []string{bank.admin + "/metrics", bank.admin + "/health", bank.admin + "/readyz", bank.admin + "/debug/pprof/heap", bank.admin + "/debug/vars", base + "/debug/pprof", base + "/debug/vars"} {
		shown, err := client.Get(address)
		require.NoError(t, err)
		text, err := io.ReadAll(shown.Body)
		require.NoError(t, errors.Join(err, shown.Body.Close()))
		require.Empty(t, planted.in(text), address)
		require.Equal(t, strings.Contains(address, "/debug/"), shown.StatusCode == http.StatusNotFound, "%s: %d", address, shown.StatusCode)
	}
	client.CloseIdleConnections() // the server learns of it a little later
	var found []string
	for range 20 {
		require.NoError(t, bank.cmd.Process.Signal(syscall.SIGUSR1))
		heap, err := os.ReadFile(pipe) // until the child has written it all
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(heap, []byte("go1.7 heap dump\n")))
		require.Contains(t, string(heap), app.Thumbprint(), "what the bank does keep of a device is found")
		if found = planted.in(heap); len(found) == 0 {
			break
		}
	}
	require.Empty(t, found, "still in use")

	require.Error(t, bank.end(syscall.SIGQUIT)) // the runtime prints every stack
	written, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Contains(t, string(written), "goroutine ")
	require.Empty(t, planted.in(written))
}

// liveALittle has a phone show every kind of secret, right and wrong ones.
func liveALittle(ctx context.Context, t *testing.T, app *phone.Phone, planted *canaries) {
	t.Helper()
	require.NoError(t, app.Enrol(ctx, phone.Person{UserName: "canary", Phone: randomPhone(), Email: "canary@example.org", Name: "Canary", Password: "a canary sings at dawn"}))
	planted.plant("password", app.Profile().Password)
	planted.plant("TOTP secret", app.Profile().TOTPSecret)
	require.NoError(t, app.Register(ctx))
	require.NoError(t, app.Login(ctx))
	_, err := app.Challenge(ctx, url.Values{"client_id": {phone.ClientID}, "response_type": {"code"}, "scope": {"openid"}, "code_challenge_method": {"S256"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "username": {"canary"}, "password": {"a canary that sings wrongly"}}) // RFC 7636 appendix B
	require.Error(t, err)
	codes, err := app.Command(ctx, http.MethodPost, "/v1/factors/recovery-codes", nil, app.NewID())
	require.NoError(t, err)
	require.NoError(t, codes.OK(), "%s", codes.Body)
	require.NoError(t, app.Refresh(ctx))
	account, err := app.OpenAccount(ctx, "EUR")
	require.NoError(t, err)
	require.NoError(t, app.Deposit(ctx, account, "500.00", "EUR"))
	other, err := app.OpenAccount(ctx, "EUR")
	require.NoError(t, err)
	_, err = app.Transfer(ctx, phone.Order{From: account, To: other, Amount: "5.00", Currency: "EUR"}, app.NewID())
	require.NoError(t, err)
	_, err = app.Get(ctx, "/oauth2/userinfo")
	require.NoError(t, err)
	require.NoError(t, app.Revoke(ctx))
	require.Error(t, app.Refresh(ctx))
}
