package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// figure is one measured number beside the bare thing that bounds it.
type figure struct {
	Name       string  `json:"name"`
	Value      float64 `json:"value"`
	Unit       string  `json:"unit"`
	Floor      float64 `json:"floor"` // what the bare thing did in the same run; 0: none
	Ratio      float64 `json:"ratio"` // value / floor
	Conditions string  `json:"conditions"`
}

// guarantees hold in every figure of the bank's own side; floors say what they lack.
const guarantees = "on: fsync before every acknowledgement, hash chain, version checks, permanent receipts, legs summed; commands sealed and their signatures verified where a figure names them. " +
	"Stored events are not validated against their JSON Schemas at run time (every test does)."

// experiment is one side-by-side measurement; it may give several figures.
type experiment struct {
	name    string
	figures []string // names of what it gives
	run     func(ctx context.Context, b *bench) ([]figure, error)
}

func experiments() []experiment {
	var all []experiment
	all = append(all, logExperiments()...)
	all = append(all, ledgerExperiments()...)
	all = append(all, httpExperiments()...)
	all = append(all, identityExperiments()...)
	all = append(all, namesExperiments()...)
	all = append(all, revocationExperiments()...)
	all = append(all, memoryExperiments()...)
	all = append(all, riskExperiments()...)
	all = append(all, engineExperiments()...)
	return all
}

// bench is what a run of experiments shares.
type bench struct {
	dir   string // for the experiments' own directories; on the disk to be measured
	quick bool
	slice time.Duration // how long one side of a comparison runs at a time
	turns int           // how often each side has its turn
}

func newBench() *cobra.Command {
	var only string
	var quick bool
	cmd := &cobra.Command{
		Use:   "bench [FIGURE]",
		Short: "Figures, each beside the bare thing that bounds it",
		Long: "Measures the log, the ledger, HTTP, memory and projections on this machine. Both sides of a figure run in\n" +
			"turns in the same process, and the medians are compared: ratios are steadier than absolute numbers.\n\n" +
			"Guarantees " + guarantees + "\n\nFigures: " + strings.Join(figureNames(), ", ") +
			"\n\nThose of other engines want a server: " + benchPostgres + "=postgres://..., " + benchNATS + "=nats://...",
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if only != "" {
					return fmt.Errorf("%w: a figure and --only", errUsage)
				}
				only = args[0]
			}
			chosen, err := choose(only)
			if err != nil {
				return err
			}
			return runBench(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), chosen, quick, jsonWanted(cmd), only)
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "shorter turns and smaller data: everything in under 40 seconds")
	cmd.Flags().StringVar(&only, "only", "", "the same as FIGURE: one, or all whose names begin so")
	return cmd
}

func figureNames() []string {
	var names []string
	for _, e := range experiments() {
		names = append(names, e.figures...)
	}
	return names
}

// wanted tells whether a figure is asked for: by its very name or, where no
// figure has that, by how its name begins.
func wanted(name, only string) bool {
	if slices.Contains(figureNames(), only) {
		return name == only
	}
	return strings.HasPrefix(name, only)
}

// choose finds the experiments that give the named figures.
func choose(only string) ([]experiment, error) {
	var chosen []experiment
	for _, e := range experiments() {
		if slices.ContainsFunc(e.figures, func(name string) bool { return wanted(name, only) }) {
			chosen = append(chosen, e)
		}
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%w: no figure begins with %q; there are %s", errUsage, only, strings.Join(figureNames(), ", "))
	}
	return chosen, nil
}

func runBench(ctx context.Context, out, progressOut io.Writer, chosen []experiment, quick, asJSON bool, only string) error {
	dir, err := os.MkdirTemp("", "florin-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir: dir, quick: quick, slice: time.Second, turns: 5}
	if quick {
		b.slice, b.turns = 250*time.Millisecond, 3
	}
	p := newProgress(progressOut, asJSON)
	figures := []figure{}
	for _, e := range chosen {
		s := p.begin(e.name, 1)
		found, err := e.run(ctx, b)
		if err != nil {
			s.fail(err.Error())
			return fmt.Errorf("bench %s: %w", e.name, err)
		}
		found = slices.DeleteFunc(found, func(f figure) bool { return !wanted(f.Name, only) })
		s.end(fmt.Sprintf("%d figures", len(found))) // none of an engine whose server is not named
		figures = append(figures, found...)
	}
	p.wait()
	if asJSON {
		return printJSON(out, figures)
	}
	return printFigures(out, figures)
}

func printFigures(out io.Writer, figures []figure) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FIGURE\tVALUE\tUNIT\tFLOOR\tRATIO\tCONDITIONS")
	for _, f := range figures {
		floor, ratio := "-", "-"
		if f.Floor > 0 {
			floor, ratio = number(f.Floor), fmt.Sprintf("%.2f", f.Ratio)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, number(f.Value), f.Unit, floor, ratio, f.Conditions)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%d cores, %s, %s. Guarantees %s\n", runtime.NumCPU(), runtime.Version(), runtime.GOARCH, guarantees)
	return err
}

// number keeps three significant digits of what is small.
func number(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// beside makes a figure of two measurements.
func beside(name, unit string, value, floor float64, conditions string) figure {
	f := figure{Name: name, Value: value, Unit: unit, Floor: floor, Conditions: conditions}
	if floor > 0 {
		f.Ratio = value / floor
	}
	return f
}

// side is one of the things compared: it works for about as long as it is told
// and gives its rate per second.
type side func(ctx context.Context, length time.Duration) (perSecond float64, err error)

// inTurns lets the sides run one after the other, again and again, and gives
// the median of each. A first short turn of each is not counted.
func (b *bench) inTurns(ctx context.Context, sides ...side) ([]float64, error) {
	rates := make([][]float64, len(sides))
	for turn := range b.turns + 1 {
		length := b.slice
		if turn == 0 {
			length = b.slice / 4
		}
		for i, run := range sides {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rate, err := run(ctx, length)
			if err != nil {
				return nil, err
			}
			if turn > 0 {
				rates[i] = append(rates[i], rate)
			}
		}
	}
	medians := make([]float64, len(sides))
	for i := range rates {
		medians[i] = percentile(rates[i], 50)
	}
	return medians, nil
}

// percentile sorts the values.
func percentile[T cmp.Ordered](values []T, p int) (v T) {
	if len(values) == 0 {
		return v
	}
	slices.Sort(values)
	return values[min(len(values)*p/100, len(values)-1)]
}
