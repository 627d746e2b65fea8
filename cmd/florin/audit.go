package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"florin/eventbus"
	"florin/eventbus/embedded"
	"florin/projections"
	"florin/schemas"
	"florin/schemas/seal"
)

// Auditors need no keys and write nothing: what they read is a stopped bank's
// data directory, a backup or a copy. Sealed fields stay sealed.

func newAudit(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "The log as evidence: verify, replay, timeline, export",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuditVerify(environ), newAuditReplay(environ), newAuditTimeline(environ), newAuditExport(environ))
	return cmd
}

// archive is a log that is only read.
type archive struct {
	journal  eventbus.Journal
	log      eventbus.Log
	treaty   *schemas.Treaty
	promised embedded.Manifest // of a backup: what it must hold
}

// openArchive opens the log of a data directory, one that 'florin backup' has made, or
// that on a server, also while a bank writes it, and adds nothing to it.
func openArchive(ctx context.Context, c config) (*archive, error) {
	var journal eventbus.Journal
	var manifest embedded.Manifest
	var err error
	if c.Log != "" {
		journal, err = openServer(ctx, c, false)
	} else {
		journal, manifest, err = openDirectory(c.Dir)
	}
	if err != nil {
		return nil, err
	}
	ring, err := seal.Memory(rand.Reader) // holds no key: nothing will be opened
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	return &archive{journal, eventbus.ReadOnly(journal), schemas.New(ring), manifest}, nil
}

func openDirectory(dir string) (_ eventbus.Journal, manifest embedded.Manifest, err error) {
	path := logDir(dir)
	manifest, err = embedded.ReadManifest(vfs.Default, dir)
	switch {
	case err == nil:
		path = dir
	case !errors.Is(err, embedded.ErrNoBackup):
		return nil, manifest, err
	}
	journal, err := embedded.Open(path, embedded.Options{})
	if errors.Is(err, embedded.ErrAbsent) {
		err = fmt.Errorf("%w: --dir %s is neither a bank's data directory nor one that 'florin backup' has made", err, dir)
	}
	return journal, manifest, err
}

func (a *archive) close() error { return a.journal.Close() }

// verdict is what an auditor finds.
type verdict struct {
	Verify    string                      `json:"verify"` // ok, or what is wrong
	DamagedAt eventbus.Position           `json:"damaged_at,omitempty"`
	Position  eventbus.Position           `json:"position"` // of the head
	Hash      string                      `json:"hash"`     // of the head
	Commits   int                         `json:"commits"`
	Events    uint64                      `json:"events"`
	Ledger    projections.LedgerSummary   `json:"ledger"`
	Findings  []projections.LedgerFinding `json:"findings,omitempty"`
	Initiated int                         `json:"transfers_initiated"`
}

// verify checks everything that can be checked of a log: that it opens, that
// every commit extends the one before it by hash and position, and that the
// money in it is right. The error says that it could not be checked; what is
// wrong with the log is in the verdict.
func verify(ctx context.Context, c config, s *step) (verdict, error) {
	a, err := openArchive(ctx, c)
	if damage, ok := errors.AsType[*eventbus.Damage](err); ok {
		return verdict{Verify: damage.Error(), DamagedAt: damage.Position}, nil
	}
	if err != nil {
		return verdict{}, err
	}
	v, err := a.verify(ctx, s)
	if damage, ok := errors.AsType[*eventbus.Damage](err); ok {
		v.Verify, v.DamagedAt, err = damage.Error(), damage.Position, nil
	}
	return v, errors.Join(err, a.close())
}

func (a *archive) verify(ctx context.Context, s *step) (v verdict, err error) {
	head, err := eventbus.Verify(ctx, a.journal, eventbus.Mark{}, func(p eventbus.Position) { s.at(int64(p)) })
	v.Position, v.Hash, v.Events = head.Position, shortHash(head.Hash), uint64(head.Position)
	if err != nil {
		return v, err
	}
	money := projections.NewLedger()
	kept := a.promised.Position == 0
	for record, err := range a.log.ReadAll(ctx, 0) {
		if err != nil {
			return v, err
		}
		v.Commits++
		kept = kept || record.Last() == a.promised.Position && hex.EncodeToString(record.Hash[:]) == a.promised.Hash
		for _, e := range record.Events {
			if e.Kind == "transfer.initiated" {
				v.Initiated++
			}
		}
		if err := money.Read(record, a.treaty); err != nil {
			return v, &eventbus.Damage{Position: record.First, Why: err.Error()}
		}
		s.at(int64(record.Last()))
	}
	if !kept {
		return v, &eventbus.Damage{Position: min(head.Position+1, a.promised.Position), Why: "the backup does not hold the head that its manifest names"}
	}
	v.Ledger, v.Findings, v.Verify = money.Summary(), money.Findings(), "ok"
	if len(v.Findings) > 0 {
		v.Verify = v.Findings[0].String()
		v.DamagedAt = v.Findings[0].Position
	}
	return v, nil
}

// errVerdict ends a command whose answer was printed already.
var errVerdict = errors.New("the log does not verify; do not write to it: restore a backup, and keep the damaged directory as evidence")

func newAuditVerify(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check every hash, position and leg of the log, and name the first that is wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
			s := p.begin("verify "+c.where(), headOf(cmd.Context(), c))
			v, err := verify(cmd.Context(), c, s)
			if err != nil {
				s.fail(err.Error())
				p.wait()
				return err
			}
			if v.Verify == "ok" {
				s.end(fmt.Sprintf("%d events in %d commits, head %d %s", v.Events, v.Commits, v.Position, v.Hash))
			} else {
				s.fail(v.Verify)
			}
			p.wait()
			if jsonWanted(cmd) {
				err = printJSON(cmd.OutOrStdout(), v)
			} else if v.Verify == "ok" {
				fmt.Fprintf(cmd.OutOrStdout(), "The chain is whole. %d postings of %d legs over %d accounts sum to nought in every currency.\n",
					v.Ledger.Postings, v.Ledger.Legs, v.Ledger.Accounts)
			}
			if err == nil && v.Verify != "ok" {
				err = errVerdict
			}
			return err
		},
	}
}

// headOf is how long a log is, for a bar; 0 if it cannot be told.
func headOf(ctx context.Context, c config) int64 {
	a, err := openArchive(ctx, c)
	if err != nil {
		return 0
	}
	defer a.close()
	head, err := a.journal.Head(ctx)
	if err != nil {
		return 0
	}
	return int64(head.Position)
}
