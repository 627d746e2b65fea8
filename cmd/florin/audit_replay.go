package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"florin/eventbus"
	"florin/projections"
)

func newAuditReplay(environ []string) *cobra.Command {
	var alone, decisions bool
	var decision string
	var policies []string
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Make every view anew from the log alone, and compare it with the one that serves",
		Long: `Makes every view anew from the whole log, and compares it with the read model of the bank, which is
not touched. Status 1 if a view differs, is behind or has passed over a stream, or if there is no
read model, as in a backup: --alone then asks for the digests of the replay and for no comparison.

With --decisions it makes every decision of risk again instead, and compares features, score, outcome,
contributions and reasons with those that were kept, and the policy with the one that was in force.
Status 1 if any differs. Policies are in the log; those of a log from before they were are read from
the files that --policy names.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			if decisions || decision != "" {
				return replayDecisions(cmd, environ, decision, policies)
			}
			reads := readsFile(c.Dir)
			if alone {
				reads = ""
			}
			var compared []projections.Compared
			err = withArchive(cmd, environ, "replay", func(a *archive, s *step) (err error) {
				compared, err = projections.CompareFile(cmd.Context(), reads, a.log, a.treaty, func(done, _ uint64) { s.at(int64(done)) })
				return err
			})
			if err == nil {
				err = printCompared(cmd, compared)
			}
			if err == nil && !alone {
				err = disagreement(compared, c.Dir)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&alone, "alone", false, "print the digests of the replay and compare with nothing")
	cmd.Flags().BoolVar(&decisions, "decisions", false, "make every decision of risk again, and compare")
	cmd.Flags().StringVar(&decision, "decision", "", "make this one decision again, and compare")
	cmd.Flags().StringArrayVar(&policies, "policy", nil, "file of a risk policy that decided and is not in the log; may be given more than once")
	return cmd
}

// comparison is one view, as it serves and as the log alone makes it.
type comparison struct {
	View     string            `json:"view"`
	State    projections.State `json:"state"`
	Equal    bool              `json:"equal"`
	Position eventbus.Position `json:"position"` // of the replay: the head of the log
	Rows     uint64            `json:"rows"`
	Shows    eventbus.Position `json:"live_position"`  // of the read model
	Live     string            `json:"live,omitempty"` // digests over the business columns
	Replayed string            `json:"replayed"`
}

func printCompared(cmd *cobra.Command, compared []projections.Compared) error {
	views := []comparison{}
	for _, c := range compared {
		v := comparison{
			View: c.View, State: c.State, Equal: c.Equal(), Position: c.Replayed.Position, Rows: c.Replayed.Rows,
			Shows: c.Live.Position, Replayed: hex.EncodeToString(c.Replayed.SHA256[:]),
		}
		if c.State != projections.Absent {
			v.Live = hex.EncodeToString(c.Live.SHA256[:])
		}
		views = append(views, v)
	}
	if jsonWanted(cmd) {
		return printJSON(cmd.OutOrStdout(), views)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VIEW\tSTATE\tPOSITION\tROWS\tDIGEST")
	for _, v := range views {
		state := string(v.State)
		if !v.Equal && v.State != projections.Absent {
			state = strings.ToUpper(state)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", v.View, state, v.Position, v.Rows, v.Replayed[:16])
	}
	return table.Flush()
}

// disagreement is the error that a comparison amounts to, with its mend.
func disagreement(compared []projections.Compared, dir string) error {
	count := map[projections.State]int{}
	for _, c := range compared {
		count[c.State]++
	}
	switch {
	case count[projections.Equal] == len(compared):
		return nil
	case count[projections.Absent] > 0:
		return fmt.Errorf("no read model in %s to compare with: 'florin serve' makes one, --alone asks for the digests of the log alone", dir)
	case count[projections.Differs] > 0:
		return fmt.Errorf("%d views hold what the log does not say: keep %s as evidence, then 'florin projection rebuild all'", count[projections.Differs], readsFile(dir))
	case count[projections.Behind] > 0:
		return fmt.Errorf("%d views are behind the log, at position %d of %d: serve until the bank is ready, or 'florin projection rebuild all'",
			count[projections.Behind], lowest(compared), compared[0].Replayed.Position)
	}
	return errors.New("streams could not be read and are passed over: 'florin projection list' counts them, 'florin projection rebuild all' tries again")
}

func lowest(compared []projections.Compared) eventbus.Position {
	return slices.MinFunc(compared, func(a, b projections.Compared) int { return int(a.Live.Position) - int(b.Live.Position) }).Live.Position
}
