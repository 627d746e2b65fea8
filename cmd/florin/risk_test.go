package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/domain/risk"
	"florin/schemas"
)

// soldThings writes labelled transactions of ninety days: terminals that are taken
// over now and then, and customers whose cards are.
func soldThings(t *testing.T, dir string) string {
	t.Helper()
	source := rand.New(rand.NewPCG(7, 8))
	var out strings.Builder
	out.WriteString("ID,Time,Customer,Terminal,Amount,Label\n")
	at, taken, stolen := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC), map[int]int{}, map[int]int{}
	for i := range 18_000 {
		day := i / 200
		if i%200 == 0 {
			at = time.Date(2026, 1, 1+day, 8, 0, 0, 0, time.UTC)
			taken[source.IntN(150)], stolen[source.IntN(300)] = day+20, day+10
		}
		at = at.Add(time.Duration(source.IntN(300)) * time.Second)
		customer, terminal := source.IntN(300), source.IntN(150)
		cents, fraud := 1000+source.IntN(4000), 0
		if taken[terminal] > day && source.IntN(2) == 0 {
			fraud = 1
		}
		if stolen[customer] > day && source.IntN(3) == 0 {
			cents, fraud = cents*6, 1
		}
		fmt.Fprintf(&out, "%d,%s,c%d,t%d,%d.%02d,%d\n", i, at.Format(time.DateTime), customer, terminal, cents/100, cents%100, fraud)
	}
	file := filepath.Join(dir, "sold.csv")
	require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o600))
	return file
}

func TestAPolicyIsFittedAndHeldAgainstWhatItHasNotSeen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sold, policy := soldThings(t, dir), filepath.Join(dir, "fitted.yaml")
	_, environ := program(t)
	does := func(args ...string) string {
		t.Helper()
		code, out, says := florin(t, childEnvironment(environ), append([]string{"risk"}, args...)...)
		require.Equal(t, exitDone, code, says)
		return out
	}
	fails := func(args ...string) string {
		t.Helper()
		code, _, says := florin(t, childEnvironment(environ), append([]string{"risk"}, args...)...)
		require.NotEqual(t, exitDone, code)
		return says
	}
	first := read[fitted](t, does("fit", "--json", "--csv", sold, "--until", "2026-03-01", "--out", policy, "--name", "sold-1"))
	require.EqualValues(t, 59*200, first.Transactions)
	require.Contains(t, fails("fit", "--csv", sold, "--out", policy), "exist", "a frozen policy is never written over")
	require.Contains(t, does("check", policy), first.Digest)
	second := read[fitted](t, does("fit", "--json", "--csv", sold, "--until", "2026-03-01", "--out", policy+"2", "--name", "sold-1"))
	require.Equal(t, first.Digest, second.Digest, "the same part of the same file gives the same policy")

	shipped := read[evaluated](t, does("evaluate", "--json", "--csv", sold, "--from", "2026-03-01", "--alerts", "20"))
	own := read[evaluated](t, does("evaluate", "--json", "--csv", sold, "--from", "2026-03-01", "--alerts", "20", "--policy", policy))
	require.EqualValues(t, 31*200, own.Transactions)
	require.Len(t, own.Days, 31)
	require.Greater(t, own.Frauds, int64(200))
	base := float64(own.Frauds) / float64(own.Transactions)
	require.Greater(t, shipped.AUCPR, 2*base, "what the bank comes with tells more than chance")
	require.Greater(t, own.AUCPR, shipped.AUCPR, "and a fitted one more than that")
	require.Greater(t, own.Precision, 3*base)
	var all int64
	for _, n := range own.Outcomes {
		all += n
	}
	require.Equal(t, own.Transactions, all)
	told := does("evaluate", "--csv", sold, "--from", "2026-03-01", "--policy", policy)
	for _, word := range []string{"sold-1", first.Digest, "AUC-PR", "of 100 alerts a day", "value recall", "2026-03-31"} {
		require.Contains(t, told, word)
	}
}

func TestThePolicyThatTheBankComesWithIsChecked(t *testing.T) {
	t.Parallel()
	_, environ := program(t)
	code, text, says := florin(t, childEnvironment(environ), "risk", "policy")
	require.Equal(t, exitDone, code, says)
	require.Equal(t, string(schemas.DefaultPolicy()), text)
	file := filepath.Join(t.TempDir(), "policy.yaml")
	check := func(text string) (int, string, string) {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return florin(t, childEnvironment(environ), "risk", "check", "--json", file)
	}
	code, out, says := check(text)
	require.Equal(t, exitDone, code, says)
	require.Equal(t, "florin-default", read[checked](t, out).Name)
	for want, spoiled := range map[string]string{
		"promises allow":   strings.Replace(text, "base: -6900", "base: -1000", 1),
		"karma":            strings.Replace(text, "feature: amount_unusual", "feature: karma", 1),
		"field bass not":   strings.Replace(text, "base: -6900", "bass: -6900", 1),
		"already":          text + "\nbase: 1\n",
		"one policy":       text + "\n---\nname: another\n",
		"cannot be read":   strings.Replace(text, "count_10m >= 20", "count_10m >=", 1),
		"cannot unmarshal": strings.Replace(text, "base: -6900", "base: 1.5e3.", 1),
		"more than":        text + strings.Repeat("#", schemas.PolicyBytesMax),
	} {
		code, _, says := check(spoiled)
		require.NotEqual(t, exitDone, code, want)
		require.Contains(t, says, want)
	}
}

func TestTransactionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, environ := program(t)
	const names, good = "id,time,customer,payee,amount,label\n", "1,2026-01-01T00:00:00Z,a,b,1.00,0\n"
	file := filepath.Join(t.TempDir(), "bad.csv")
	for want, text := range map[string]string{
		"no column payee or terminal": "id,time,customer,shop,amount,label\n" + good,
		"line of names":               "",
		"line 2: the time":            names + "1,yesterday,a,b,1.00,0\n",
		"line 3: the amount":          names + good + "2,2026-01-01T00:00:00Z,a,b,1.001,0\n",
		"line 2: the amount \"-1\"":   names + "1,2026-01-01T00:00:00Z,a,b,-1,0\n",
		"line 2: the amount \"1e3\"":  names + "1,2026-01-01T00:00:00Z,a,b,1e3,0\n",
		"line 2: the amount \"1.-5\"": names + "1,2026-01-01T00:00:00Z,a,b,1.-5,0\n",
		"line 2: the label":           names + "1,2026-01-01T00:00:00Z,a,b,1,maybe\n",
		"wrong number of fields":      names + "1,2026-01-01T00:00:00Z,a,b\n",
		"quoted-field":                names + "1,2026-01-01T00:00:00Z,a,\"b,1,0\n",
		"sort them first":             names + good + "2,2025-12-31T00:00:00Z,a,b,1.00,0\n",
	} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		code, out, says := florin(t, childEnvironment(environ), "risk", "evaluate", "--csv", file)
		require.NotEqual(t, exitDone, code, want)
		require.Empty(t, out)
		require.Contains(t, strings.ReplaceAll(says, `extraneous or missing " in `, ""), want)
	}
	code, _, says := florin(t, childEnvironment(environ), "risk", "evaluate", "--csv", file, "--from", "soon")
	require.Equal(t, exitUsage, code)
	require.Contains(t, says, "2026-01-31")
}

func TestAmountsAndTimesOfAFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": 0, "1": 100, "1.5": 150, "1.50": 150, "1.500": 150, "12.34": 1234, "0.07": 7, "10000000000000": 1e15} {
		got, err := hundredths(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", ".", ".5", "+1", "1.2.3", "1,5", " 1", "1.005", "10000000000001", "0x1", "1.+5", "9223372036854775808"} {
		_, err := hundredths(text)
		require.Error(t, err, text)
	}
	at, err := timeOf("1767225600")
	require.NoError(t, err)
	same, err := timeOf("2026-01-01 00:00:00")
	require.NoError(t, err)
	require.True(t, at.Equal(same))
}

func TestTwoPolicyFilesAreCompared(t *testing.T) {
	t.Parallel()
	stricter := filepath.Join(t.TempDir(), "stricter.yaml")
	require.NoError(t, os.WriteFile(stricter, []byte(strings.Replace(string(schemas.DefaultPolicy()), "{challenge: -4800, block: 500}", "{challenge: -5200, block: 500}", 1)), 0o600))
	_, environ := program(t)
	code, out, says := florin(t, childEnvironment(environ), "risk", "diff", stricter)
	require.Equal(t, exitDone, code, says)
	require.Contains(t, out, "threshold login from 0: challenge: at -4800 -> at -5200\n")
	require.Contains(t, out, ", differences: 1\n")
	code, out, says = florin(t, childEnvironment(environ), "risk", "diff", stricter, stricter)
	require.Equal(t, exitDone, code, says)
	require.Contains(t, out, ", differences: 0\n")
	code, _, says = florin(t, childEnvironment(environ), "risk", "diff", stricter+".gone")
	require.Equal(t, exitFailed, code)
	require.Contains(t, says, "stricter.yaml.gone")
}

// riskPolicies looks at what a bank decides by, running or stopped.
func (h *host) riskPolicies(more ...string) {
	policy := func(args ...string) []string {
		return append(append([]string{"risk", "policy"}, args...), append([]string{"--dir", h.dir}, more...)...)
	}
	all := read[[]commands.PolicyVersion](h.t, h.does(policy("list", "--json")...))
	require.Len(h.t, all, 1)
	require.Equal(h.t, []string{"florin-default", "live"}, []string{all[0].Name, all[0].Status})
	require.Contains(h.t, h.does(policy("list")...), all[0].Digest[:16])
	live := h.does(policy("show")...)
	require.Equal(h.t, live, h.does(policy("show", all[0].Digest[:8])...))
	_, digest, err := schemas.ReadPolicy([]byte(live))
	require.NoError(h.t, err)
	require.Equal(h.t, all[0].Digest, digest, "what is shown is the policy itself")
	require.Contains(h.t, h.fails(policy("show", "zz")...), "florin risk policy list")
}

// riskBacktest holds a stricter policy against what the stopped bank has decided.
func (h *host) riskBacktest() {
	stricter := filepath.Join(h.work, "stricter.yaml")
	require.NoError(h.t, os.WriteFile(stricter, []byte(strings.Replace(string(schemas.DefaultPolicy()), "rules:\n", "rules:\n  - {when: amount > 90000 && amount < 99000, outcome: hold, reason: amount-over-limit}\n", 1)), 0o600))
	ask := []string{"risk", "backtest", "--dir", h.dir, "--policy", stricter}
	found := read[backtested](h.t, h.does(append(ask, "--json")...))
	require.Greater(h.t, found.Decisions, int64(4))
	require.Zero(h.t, found.Frauds)
	held := map[risk.Outcome]int64{}
	for _, flip := range found.Flips {
		held[flip.New] += flip.Decisions
	}
	require.Equal(h.t, map[risk.Outcome]int64{risk.Hold: 1}, held, "the one of 901.00")
	one := found.Flips[0].Examples[0]
	labels := h.keySet("labels.csv", "id,label\n"+one+",1\nother,0\n")
	labelled := read[backtested](h.t, h.does(append(ask, "--json", "--labels", labels)...))
	require.EqualValues(h.t, 1, labelled.Frauds)
	require.EqualValues(h.t, 1, labelled.RiskBacktested.Policy.Levels[2].Caught)
	told := h.does(append(ask, "--labels", labels)...)
	for _, word := range []string{found.Policy, found.Against, "hold or more", "CUSTOMERS HIT", one} {
		require.Contains(h.t, told, word)
	}
	require.Zero(h.t, read[backtested](h.t, h.does(append(ask, "--json", "--to", "2020-01-01")...)).Decisions)
	require.Contains(h.t, h.fails(append(ask, "--from", "soon")...), "2026-01-31")
	require.Contains(h.t, h.fails(append(ask, "--labels", h.keySet("bad.csv", "id,label\nx,maybe\n"))...), "line 2")
	require.Contains(h.t, h.fails(append(ask, "--labels", h.keySet("bad.csv", "name,label\n"))...), "id,label")
}
