package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"florin/projections"
)

func newProjection(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "projection",
		Short: "List and rebuild the read models of a bank that is not running",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newProjectionList(environ), newProjectionRebuild(environ))
	return cmd
}

// withReads opens the read models of a stopped bank above its log.
func withReads(cmd *cobra.Command, environ []string, do func(context.Context, *archive, *projections.Reads) error) (err error) {
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return err
	}
	hold, err := holdDirectory(c)
	if err != nil {
		return err
	}
	if hold != nil {
		defer func() { err = errors.Join(err, hold.Close()) }()
	}
	a, err := openArchive(cmd.Context(), c)
	if err != nil {
		return err
	}
	reads, err := projections.Open(cmd.Context(), readsFile(c.Dir), a.log, a.treaty)
	if err != nil {
		return errors.Join(err, a.close())
	}
	return errors.Join(do(cmd.Context(), a, reads), reads.Close(), a.close())
}

func newProjectionList(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Each projection with its position, its lag and what it could not read",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := projectionsOf(cmd, environ)
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), list)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "PROJECTION\tPOSITION\tLAG\tPARKED STREAMS")
			for _, p := range list {
				fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", p.Name, p.Position, p.Lag, p.Parked)
			}
			return table.Flush()
		},
	}
}

// projectionsOf looks and leaves no trace: where there are no read models it makes none.
func projectionsOf(cmd *cobra.Command, environ []string) (list []projections.Status, err error) {
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(readsFile(c.Dir)); errors.Is(err, fs.ErrNotExist) {
		a, err := openArchive(cmd.Context(), c)
		if err != nil {
			return nil, err
		}
		list, err := projections.Unmade(cmd.Context(), a.log)
		return list, errors.Join(err, a.close())
	}
	err = withReads(cmd, environ, func(ctx context.Context, _ *archive, reads *projections.Reads) (err error) {
		list, err = reads.List(ctx)
		return err
	})
	return list, err
}

func newProjectionRebuild(environ []string) *cobra.Command {
	return &cobra.Command{
		Use:       "rebuild NAME|all",
		Short:     "Make read models anew from the log, beside the old ones, and swap them in",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: append([]string{projections.All}, projections.Names()...),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withReads(cmd, environ, func(ctx context.Context, a *archive, reads *projections.Reads) error {
				head, err := a.log.Head(ctx)
				if err != nil {
					return err
				}
				p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
				s := p.begin("rebuild "+args[0], int64(head.Position))
				if err := reads.Rebuild(ctx, args[0], func(done, _ uint64) { s.at(int64(done)) }); err != nil {
					s.fail(err.Error())
					p.wait()
					return err
				}
				s.end(fmt.Sprintf("%d events", head.Position))
				p.wait()
				if jsonWanted(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"rebuilt": args[0], "events": head.Position})
				}
				return nil
			})
		},
	}
}
