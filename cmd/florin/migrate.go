package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"florin/eventbus"
)

// errOtherLog: the target holds something else than a beginning of the source.
var errOtherLog = errors.New("the target holds another log, or more than the source: name an empty one, or the one that an earlier run has begun")

// migrated is what 'florin migrate' has done.
type migrated struct {
	Copied   int               `json:"copied"` // commits, in this run
	Position eventbus.Position `json:"position"`
	Hash     string            `json:"hash"`
	Switched bool              `json:"switched"`
}

func newMigrate(environ []string) *cobra.Command {
	var to string
	var last bool
	cmd := &cobra.Command{
		Use:   "migrate --to URL",
		Short: "Copy the log to another engine, record for record, and move the bank there",
		Long: `Copies the log of --dir, of a backup or of --log to the engine that --to names: the same bytes, positions and
hashes, each of them verified where it has arrived. It goes on where an earlier run has stopped. A bank that serves from
--dir is copied from a backup ('florin backup'), again and again if that takes long; what is left then is copied with
--switch from the stopped bank: it takes in the rest, and closes the old log for good, which names where it has gone.
The keys stay where they are.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			target := c
			target.Log = to
			journal, err := openServer(cmd.Context(), target, true)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, journal.Close()) }()
			p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
			var m migrated
			if last {
				m, err = moveLog(cmd.Context(), c, journal, to, p)
			} else {
				m, err = copyArchive(cmd.Context(), c, journal, p)
			}
			p.wait()
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), m)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d commits copied; the target is whole up to position %d (%s).\n", m.Copied, m.Position, m.Hash)
			if m.Switched {
				fmt.Fprintf(cmd.OutOrStdout(), "The old log is closed. Serve the bank with --log, and the same --dir for its keys.\n")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "URL of the new engine, as --log takes it")
	cmd.Flags().BoolVar(&last, "switch", false, "copy the rest from the stopped bank, and close its log for good")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

// copyArchive copies what a log holds now, and changes nothing of it.
func copyArchive(ctx context.Context, c config, to eventbus.Journal, p *progress) (m migrated, err error) {
	a, err := openArchive(ctx, c)
	if held(err) {
		return m, fmt.Errorf("%w: copy from a backup while it runs (florin backup --to DIR; florin migrate --dir DIR --to ...)", err)
	}
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return copyLog(ctx, a.journal, to, p)
}

// moveLog copies the rest and closes the source. Nobody else can write it meanwhile: this
// process is its writer.
func moveLog(ctx context.Context, c config, to eventbus.Journal, target string, p *progress) (m migrated, err error) {
	if c.Sandbox, err = begunAsSandbox(ctx, c); err != nil {
		return m, err
	}
	c.LegalEntity = ""
	l, err := openLedger(ctx, c, false, nil)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if m, err = copyLog(ctx, l.engine.journal, to, p); err != nil {
		return m, err
	}
	_, err = l.log.CloseForGood(ctx, placeOf(target))
	m.Switched = err == nil
	return m, err
}

// placeOf is a URL without those who may use it: it stands in the log for ever.
func placeOf(target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return "another engine"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// copyLog appends to the target what the source holds beyond its end, and then verifies
// all of that where it lies.
func copyLog(ctx context.Context, from, to eventbus.Journal, p *progress) (m migrated, err error) {
	head, err := from.Head(ctx)
	if err != nil {
		return m, err
	}
	begun, err := to.Head(ctx)
	if err != nil {
		return m, err
	}
	if err := continues(ctx, from, begun); err != nil {
		return m, err
	}
	s := p.begin("copy", int64(head.Position-begun.Position))
	c := copier{to: to, end: begun, limits: to.Limits(), told: func(at eventbus.Position) { s.at(int64(at - begun.Position)) }}
	if err := c.copy(ctx, from, head.Position); err != nil {
		s.fail(err.Error())
		return m, fmt.Errorf("%w (the same command again goes on from position %d)", err, c.end.Position)
	}
	s.end(fmt.Sprintf("%d commits", c.copied))
	s = p.begin("verify what has arrived", int64(head.Position-begun.Position))
	end, err := eventbus.Verify(ctx, to, begun, func(at eventbus.Position) { s.at(int64(at - begun.Position)) })
	if err == nil && (end.Position != head.Position || end.Hash != head.Hash) {
		err = &eventbus.Damage{Position: min(end.Position, head.Position) + 1, Why: "the copy ends otherwise than the source"}
	}
	if err != nil {
		s.fail(err.Error())
		return m, err
	}
	s.end(fmt.Sprintf("up to position %d", end.Position))
	return migrated{Copied: c.copied, Position: end.Position, Hash: shortHash(end.Hash)}, nil
}

// continues tells whether the source holds the commit that the target ends with.
func continues(ctx context.Context, from eventbus.Journal, end eventbus.Mark) error {
	if end.Position == 0 {
		return nil
	}
	for entry, err := range from.Read(ctx, eventbus.Mark{Position: end.Position - 1}) {
		if err != nil {
			break
		}
		if o, err := eventbus.Peek(entry.Record); err == nil && o.Last == end.Position && o.Hash == end.Hash {
			return nil
		}
		break
	}
	return errOtherLog
}

// copier appends commits in groups as large as the target takes.
type copier struct {
	to     eventbus.Journal
	end    eventbus.Mark // of what the target holds
	limits eventbus.Limits
	copied int
	told   func(eventbus.Position)

	group [][]byte
	bytes int
	next  eventbus.Mark // of what is in the group
}

func (c *copier) copy(ctx context.Context, from eventbus.Journal, last eventbus.Position) error {
	c.next = c.end
	for entry, err := range from.Read(ctx, eventbus.Mark{Position: c.end.Position}) {
		if err != nil {
			return err
		}
		o, err := eventbus.Peek(entry.Record)
		switch {
		case err != nil:
			return &eventbus.Damage{Position: c.next.Position + 1, Why: err.Error()}
		case o.Last > last:
			return c.flush(ctx)
		case o.First != c.next.Position+1 || o.Previous != c.next.Hash: // what a leaky fence left: no part of the log
			continue
		}
		if len(c.group) == c.limits.GroupCommitsMax || c.bytes+len(entry.Record) > c.limits.GroupBytesMax {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
		c.group, c.bytes = append(c.group, entry.Record), c.bytes+len(entry.Record)
		c.next = eventbus.Mark{Position: o.Last, Hash: o.Hash}
	}
	return c.flush(ctx)
}

func (c *copier) flush(ctx context.Context) error {
	if len(c.group) == 0 {
		return nil
	}
	end, err := c.to.Append(ctx, c.end, c.group)
	if err != nil {
		return err
	}
	c.copied += len(c.group)
	c.end, c.group, c.bytes = end, c.group[:0], 0
	c.told(end.Position)
	return nil
}
