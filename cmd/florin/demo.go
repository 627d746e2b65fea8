package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

// What the demo is made of. Few customers, so that password hashing (52 ms each)
// does not eat the time; many accounts, so that money has somewhere to go.
const (
	demoCustomers = 8
	demoAccounts  = 200
	demoTransfers = 1000
	demoRetried   = 30 // 3 %
	demoWorkers   = 16
)

// facts is what the demo proved; --json prints it.
type facts struct {
	Accounts          int     `json:"accounts"`
	TransfersPosted   int     `json:"transfers_posted"`
	Retried           int     `json:"retried"`
	Duplicates        int     `json:"duplicates"`
	AttacksTried      int     `json:"attacks_tried"`
	AttacksRefused    int     `json:"attacks_refused"`
	Challenged        string  `json:"challenged"`
	Frauds            []fraud `json:"frauds"`
	Traveller         string  `json:"traveller"`
	Acknowledged      int     `json:"acknowledged"`
	AcknowledgedLost  int     `json:"acknowledged_lost"`
	LedgerSum         string  `json:"ledger_sum"`
	Rebuilt           string  `json:"rebuilt"`
	Decisions         int     `json:"decisions"` // of risk, made again
	DecisionsDiffer   int     `json:"decisions_differ"`
	Events            uint64  `json:"events"`
	Verify            string  `json:"verify"`
	TamperFoundAt     uint64  `json:"tamper_found_at"`
	CommandsPerSecond float64 `json:"commands_per_second"`
	P50               float64 `json:"p50_ms"`
	P99               float64 `json:"p99_ms"`
	Seconds           float64 `json:"seconds"`
}

// wrong lists what must not be; a demo with any of it fails.
func (f facts) wrong() error {
	var errs []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	must(f.Accounts == demoAccounts, "%d of %d accounts", f.Accounts, demoAccounts)
	must(f.TransfersPosted >= demoTransfers, "%d of %d transfers posted", f.TransfersPosted, demoTransfers)
	must(f.Retried == demoRetried, "%d of %d retries gave the first answer", f.Retried, demoRetried)
	must(f.Duplicates == 0, "%d transfers were made twice", f.Duplicates)
	must(f.AttacksTried > 0 && f.AttacksRefused == f.AttacksTried, "%d of %d attacks refused", f.AttacksRefused, f.AttacksTried)
	must(f.Challenged == "posted", "the challenged transfer is %q", f.Challenged)
	must(len(f.Frauds) == demoFrauds, "%d of %d frauds stopped", len(f.Frauds), demoFrauds)
	for _, tried := range f.Frauds {
		must(tried.Outcome != "allow" && tried.Reason != "" && tried.Words != "", "the fraud %s: %s for %q", tried.Name, tried.Outcome, tried.Reason)
	}
	must(f.Traveller == "challenge, let in", "the honest traveller: %q", f.Traveller)
	must(f.Acknowledged > 0 && f.AcknowledgedLost == 0, "%d of %d acknowledged transfers lost", f.AcknowledgedLost, f.Acknowledged)
	must(f.LedgerSum == "0", "the ledger sums to %s", f.LedgerSum)
	must(f.Rebuilt == "equal", "rebuilt read models are %s", f.Rebuilt)
	must(f.Decisions >= demoTransfers && f.DecisionsDiffer == 0, "%d of %d decisions differ", f.DecisionsDiffer, f.Decisions)
	must(f.Verify == "ok", "the log verifies as %s", f.Verify)
	must(f.TamperFoundAt > 0, "a flipped byte was not found")
	return errors.Join(errs...)
}

func newDemo(environ []string) *cobra.Command {
	var keep bool
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "A bank, a phone, attackers, fraudsters, kill -9 and an auditor, in under 20 seconds",
		Long: `Runs a sandbox bank in a child process on free ports of this machine, and drives it over HTTP
with simulated phones: people enrol, money moves, attacks are refused, fraudsters
are stopped and the reason told, the bank is killed in mid-write, and an auditor finds what he must. Each line ends in the fact it proved.

The data goes into a temporary directory, or into --dir, which must be empty.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, remove, err := demoDir(cmd, keep)
			if err != nil {
				return err
			}
			defer remove()
			program, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			p := newProgress(cmd.OutOrStdout(), jsonWanted(cmd))
			d := &demo{program: program, environ: childEnvironment(environ), dir: dir, progress: p}
			err = d.run(cmd.Context())
			p.wait()
			if jsonWanted(cmd) {
				if printErr := printJSON(cmd.OutOrStdout(), d.facts); printErr != nil {
					return printErr
				}
			} else if err == nil {
				fmt.Fprintf(cmd.OutOrStdout(), "\nAll of it true, in %.1f s.\n", d.facts.Seconds)
			}
			if err == nil && keep {
				return d.serveOn(cmd.Context(), cmd.OutOrStdout())
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "leave the bank serving, and print ready-made calls")
	return cmd
}

// demoDir is where the demo's bank lives, and how it is cleared away.
func demoDir(cmd *cobra.Command, keep bool) (dir string, remove func(), err error) {
	if flag := cmd.Flags().Lookup("dir"); flag.Changed {
		dir = flag.Value.String()
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return "", nil, fmt.Errorf("--dir %s is not empty: the demo needs a new bank", dir)
		}
		return dir, func() {}, os.MkdirAll(dir, 0o700)
	}
	dir, err = os.MkdirTemp("", "florin-demo-")
	if err != nil {
		return "", nil, fmt.Errorf("make a directory for the demo: %w", err)
	}
	return dir, func() {
		if !keep {
			os.RemoveAll(dir)
		}
	}, nil
}

// childEnvironment keeps the caller's FLORIN_* settings away from the demo's bank.
func childEnvironment(environ []string) []string {
	var kept []string
	for _, pair := range environ {
		if len(pair) < 7 || pair[:7] != "FLORIN_" || pair == "FLORIN_TEST_MAIN=1" {
			kept = append(kept, pair)
		}
	}
	return kept
}

//go:embed demo_policy.yaml
var demoPolicy []byte

// demo is one run of the story.
type demo struct {
	program  string
	environ  []string
	dir      string
	progress *progress
	facts    facts

	bank   *child
	base   string
	people []*person
	acks   *acks
}

func (d *demo) bankDir() string { return filepath.Join(d.dir, "bank") }

func (d *demo) policy() string { return filepath.Join(d.dir, "policy.yaml") }

// run tells the story, scene by scene; the first scene that fails ends it.
func (d *demo) run(ctx context.Context) (err error) {
	began := time.Now()
	d.acks = newAcks()
	if err := os.WriteFile(d.policy(), demoPolicy, 0o600); err != nil {
		return err
	}
	d.bank, d.base, err = newChild(d.program, d.bankDir(), filepath.Join(d.dir, "bank.log"), d.environ, "--risk-policy", d.policy(),
		"--rate-per-second", "100000", "--rate-burst", "100000", "--log-level", "warn")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.bank.kill()) }()
	for _, scene := range []func(context.Context) error{
		d.open, d.enrol, d.move, d.attack, d.challenge, d.frauds, d.crash, d.rebuild, d.decisions, d.verify, d.tamper,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	d.facts.Seconds = time.Since(began).Seconds()
	return d.facts.wrong()
}

// scene runs one step of the story; what it returns is the fact it proved.
func (d *demo) scene(title string, total int, play func(*step) (string, error)) error {
	s := d.progress.begin(title, int64(total))
	fact, err := play(s)
	if err != nil {
		s.fail(err.Error())
		return fmt.Errorf("%s: %w", title, err)
	}
	s.end(fact)
	return nil
}

func (d *demo) open(ctx context.Context) error {
	return d.scene("open a sandbox bank", 1, func(*step) (string, error) {
		began := time.Now()
		if err := d.bank.start(ctx); err != nil {
			return "", err
		}
		return fmt.Sprintf("serving %s after %d ms", d.base, time.Since(began).Milliseconds()), nil
	})
}
