package main

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain"
	"florin/domain/money"
	"florin/domain/payment"
	"florin/gateway/rail/simulated"
)

// railway is a simulated rail in a process of its own.
type railway struct {
	t    *testing.T
	base string
	cmd  *exec.Cmd
}

// newRailway starts one, which must say where it serves.
func newRailway(t *testing.T, args ...string) *railway {
	t.Helper()
	path, environ := program(t)
	r := &railway{t: t, cmd: exec.Command(path, append([]string{"simulate", "rail"}, args...)...)}
	r.cmd.Env, r.cmd.Stderr = childEnvironment(environ), os.Stderr
	out, err := r.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, r.cmd.Start())
	t.Cleanup(func() { r.end() })
	said, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	r.base = strings.TrimSpace(strings.TrimPrefix(said, "rail: "))
	return r
}

// end asks it to end; nil: it did so in order.
func (r *railway) end() error {
	if r.cmd == nil {
		return nil
	}
	_ = r.cmd.Process.Signal(syscall.SIGTERM) // which has ended only if Wait says so
	err := r.cmd.Wait()
	r.cmd = nil
	return err
}

// told is what the rail was told so far.
func (r *railway) told() simulated.Report {
	r.t.Helper()
	report, err := r.report()
	require.NoError(r.t, err)
	return report
}

func (r *railway) report() (report simulated.Report, err error) {
	answer, err := http.Get(r.base + "/")
	if err != nil {
		return report, err
	}
	defer answer.Body.Close()
	return report, json.NewDecoder(answer.Body).Decode(&report)
}

// speaks tries what a bank asks of its rail.
func speaks(t *testing.T, rail commands.Rail) {
	t.Helper()
	ctx := context.Background()
	ask := commands.RailInstruction{Message: "m1", EndToEnd: "e1", Amount: money.Amount{Minor: 100, Currency: "EUR"}, DebtorName: domain.NewProfile("Anna"),
		Debtor: domain.NewEvidence("DE89370400440532013000"), Creditor: domain.NewEvidence("DE89370400440532013000"), CreditorName: domain.NewEvidence("Bob"), At: time.Now().UTC()}
	_, err := rail.Ask(ctx, "m1")
	require.ErrorIs(t, err, commands.ErrUnknownMessage)
	for range 2 {
		said, err := rail.Submit(ctx, ask)
		require.NoError(t, err)
		require.Equal(t, commands.RailSettled, said.Status)
	}
	said, err := rail.Ask(ctx, "m1")
	require.NoError(t, err)
	require.Equal(t, commands.RailSettled, said.Status)
	payee, err := rail.Verify(ctx, ask.Creditor, domain.NewEvidence("Wrong Bob"))
	require.NoError(t, err)
	require.Equal(t, payment.NoMatch, payee.Result)
	said, err = rail.Recall(ctx, commands.RailRecall{Recall: "c1", Original: "m1", EndToEnd: "e1", Amount: ask.Amount, Reason: "DUPL", Settled: ask.At, At: ask.At})
	require.NoError(t, err)
	require.Equal(t, commands.RailReturned, said.Status)
}

func TestASandboxHasARailOfItsOwn(t *testing.T) {
	t.Parallel()
	own, err := config{Sandbox: true, BIC: "FLRNDEF0XXX"}.openRail()
	require.NoError(t, err)
	speaks(t, own)
	other, err := config{Sandbox: true}.openRail()
	require.NoError(t, err)
	_, err = other.Ask(context.Background(), "m1")
	require.ErrorIs(t, err, commands.ErrUnknownMessage, "each has its own, which nobody has told of anything")
	none, err := config{}.openRail()
	require.NoError(t, err)
	require.Nil(t, none, "a bank in production is connected to nobody by itself")
	for _, wrong := range []string{"rail", "ftp://rail", "http://", "http://rail?x=1"} {
		_, err := config{Rail: wrong}.openRail()
		require.Error(t, err, wrong)
		code, _, says := florin(t, nil, "serve", "--sandbox", "--dir", filepath.Join(t.TempDir(), "bank"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--rail", wrong)
		require.Equal(t, exitUsage, code, says)
		require.Contains(t, says, "rail")
	}
}

func TestARailRunsByItself(t *testing.T) {
	t.Parallel()
	r := newRailway(t, "--listen", "127.0.0.1:0")
	for _, sandbox := range []bool{true, false} { // whatever the bank is
		rail, err := config{Sandbox: sandbox, Rail: r.base + "/", BIC: "FLRNDEF0XXX"}.openRail()
		require.NoError(t, err)
		if sandbox {
			speaks(t, rail)
		}
		said, err := rail.Ask(context.Background(), "m1")
		require.NoError(t, err)
		require.Equal(t, []any{commands.RailReturned, "FOCR"}, []any{said.Status, said.Reason}, "it is one rail for all")
	}
	told := r.told()
	require.Equal(t, []any{1, 1, 1, 0}, []any{len(told.Payments), told.Doubles, told.Recalls, told.Returns})
	require.Equal(t, []string{"m1", "1.00", "EUR", "returned"}, []string{told.Payments[0].Message, told.Payments[0].Amount.Decimal, told.Payments[0].Amount.Currency, told.Payments[0].Status})
	require.NoError(t, r.end(), "asked to end it ends in order")
	_, err := http.Get(r.base + "/")
	require.Error(t, err)

	taken := newRailway(t, "--listen", "127.0.0.1:0")
	code, _, says := florin(t, nil, "simulate", "rail", "--listen", strings.TrimPrefix(taken.base, "http://"))
	require.Equal(t, exitFailed, code, says)
	for _, wrong := range [][]string{
		{"--listen", "0.0.0.0:0"}, {"--listen", "192.0.2.1:80"}, {"--listen", "localhost"}, {"--bank", "http://127.0.0.1:1"}, {"--client", "opr_x"}, {"now"},
	} {
		code, _, says := florin(t, nil, append([]string{"simulate", "rail"}, wrong...)...)
		require.Equal(t, exitUsage, code, "%v: %s", wrong, says)
	}
	code, _, says = florin(t, nil, "simulate", "rail", "--bank", "http://127.0.0.1:1", "--client", "opr_x", "--key-file", filepath.Join(t.TempDir(), "none.pem"))
	require.Equal(t, exitFailed, code)
	require.Contains(t, says, "private key")
}
