package main

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var numberShown = regexp.MustCompile(`number ([1-9][0-9])\b`)

// asking is 'florin phone join --by push' as a process that waits for its answer.
type asking struct {
	t       *testing.T
	command *exec.Cmd
	number  string
	says    *bufio.Scanner
}

func (h *host) asks(args ...string) *asking {
	h.t.Helper()
	path, _ := program(h.t)
	a := &asking{t: h.t, command: exec.CommandContext(h.t.Context(), path, args...)}
	a.command.Env = h.environ
	pipe, err := a.command.StderrPipe()
	require.NoError(h.t, err)
	require.NoError(h.t, a.command.Start())
	a.says = bufio.NewScanner(pipe)
	require.True(h.t, a.says.Scan(), "it shows a number")
	found := numberShown.FindStringSubmatch(a.says.Text())
	require.NotNil(h.t, found, a.says.Text())
	a.number = found[1]
	return a
}

// ends waits for the process; what it still said is given.
func (a *asking) ends() (says string, err error) {
	var rest strings.Builder
	for a.says.Scan() {
		rest.WriteString(a.says.Text())
	}
	return rest.String(), a.command.Wait()
}

// A new phone asks, the old one answers by hand: everything on the real binary.
func TestAPersonApprovesALoginByHand(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	on := func(name string, args ...string) []string {
		return append([]string{"phone", "--url", h.base, "--state", filepath.Join(h.work, name+".json")}, args...)
	}
	who := []string{"--user", "ada", "--password", "a long pass phrase"}
	h.does(on("old", append([]string{"enrol"}, who...)...)...)
	type list struct {
		Approvals []struct {
			ID      string `json:"approval_id"`
			Display struct {
				Purpose, Asker string
			}
		}
	}
	waiting := func() list { return read[list](t, h.does(on("old", "approvals")...)) }
	require.Empty(t, waiting().Approvals)
	join := append([]string{"join", "--by", "push"}, who...)

	good := h.asks(on("new", join...)...)
	asked := waiting().Approvals
	require.Len(t, asked, 1)
	require.Equal(t, "login", asked[0].Display.Purpose)
	require.Contains(t, asked[0].Display.Asker, "Florin Phone")
	require.Contains(t, h.fails(on("old", "approve", asked[0].ID)...), "number")
	require.Contains(t, h.fails(on("old", "approve", "apr_00000000-0000-4000-8000-000000000000", "--number", good.number)...), "does not wait for this phone")
	require.Contains(t, h.does(on("old", "approve", asked[0].ID, "--number", good.number)...), `"approved"`)
	says, err := good.ends()
	require.NoError(t, err, says)
	require.Contains(t, h.does(on("new", "devices")...), `"current": true`)
	require.Empty(t, waiting().Approvals)

	bad := h.asks(on("third", join...)...)
	asked = waiting().Approvals
	require.Len(t, asked, 1)
	require.Contains(t, h.does(on("old", "deny", asked[0].ID)...), `"denied"`)
	says, err = bad.ends()
	require.Error(t, err)
	require.Contains(t, says, "access_denied")
	require.NoFileExists(t, filepath.Join(h.work, "third.json"))
}
