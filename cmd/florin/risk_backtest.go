package main

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain/risk"
	"florin/domain/risk/study"
	"florin/eventbus"
	"florin/schemas"
)

// backtested is what florin risk backtest says.
type backtested struct {
	Policy  string  `json:"policy_digest"`
	Against string  `json:"against_digest"`
	Seconds float64 `json:"seconds"`
	commands.RiskBacktested
}

// backtest is what is asked for.
type backtest struct {
	policy, against, labels string
	from, to                string
	examples                int
}

func newRiskBacktest(environ []string) *cobra.Command {
	var ask backtest
	cmd := &cobra.Command{
		Use:   "backtest --policy FILE",
		Short: "What a policy would have said of the decisions in the log of --dir",
		Long: `Has every decision of a log made again by a policy and by the live one, each of what was known at its time,
and says how well both tell fraud: precision, recall and value for each outcome that may count as an
alert, alerts a day, customers who would be stopped without fraud, and the decisions that flip. What
was fraud --labels says: a file with the columns id (of a decision, or of what it was about) and label
(0 or 1); without it what operators have confirmed, as the log says. Nothing is written.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found, err := ask.run(cmd, environ)
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), found)
			}
			return tellBacktested(cmd.OutOrStdout(), found)
		},
	}
	cmd.Flags().StringVar(&ask.policy, "policy", "", "policy file that is tried (required)")
	cmd.Flags().StringVar(&ask.against, "against", "", "policy file that it is held against; without it the one that is live in the log")
	cmd.Flags().StringVar(&ask.labels, "labels", "", "file that says what was fraud; without it what operators have found, as the log says")
	cmd.Flags().StringVar(&ask.from, "from", "", "first day that counts, as 2026-01-31")
	cmd.Flags().StringVar(&ask.to, "to", "", "first day that counts no more")
	cmd.Flags().IntVar(&ask.examples, "examples", 3, "how many decisions are named for each way in which an outcome flips")
	cobra.CheckErr(cmd.MarkFlagRequired("policy"))
	return cmd
}

func (ask backtest) run(cmd *cobra.Command, environ []string) (found backtested, err error) {
	test := commands.RiskBacktest{Examples: max(ask.examples, 0)}
	if test.Policy, found.Policy, err = policyOf(ask.policy); err != nil {
		return found, err
	}
	if test.From, err = dayOf("from", ask.from); err != nil {
		return found, err
	}
	if test.To, err = dayOf("to", ask.to); err != nil {
		return found, err
	}
	if ask.labels != "" {
		if test.Labels, err = labelsIn(ask.labels); err != nil {
			return found, err
		}
	}
	began := time.Now()
	err = withArchive(cmd, environ, "back-test", func(a *archive, s *step) (err error) {
		test.Log, test.Treaty = a.log, a.treaty
		test.Progress = func(p eventbus.Position) { s.at(int64(p)) }
		if ask.against != "" {
			test.Live, found.Against, err = policyOf(ask.against)
		} else {
			test.Live, found.Against, err = liveIn(cmd.Context(), a)
		}
		if err == nil && ask.labels == "" {
			test.Labels, err = commands.FraudsFound(cmd.Context(), a.log, a.treaty, 0)
		}
		if err == nil {
			found.RiskBacktested, err = test.Run(cmd.Context())
		}
		return err
	})
	found.Seconds = time.Since(began).Seconds()
	return found, err
}

// dayOf reads a bound of time; zero where none is given.
func dayOf(flag, text string) (day time.Time, err error) {
	if text == "" {
		return day, nil
	}
	if day, err = time.Parse(time.DateOnly, text); err != nil {
		return day, fmt.Errorf("%w: --%s is a day such as 2026-01-31", errUsage, flag)
	}
	return day, nil
}

// liveIn is the policy that decides at the log's head; of a log that never activated one
// what the bank comes with.
func liveIn(ctx context.Context, a *archive) (*risk.Engine, string, error) {
	all, err := commands.PoliciesInForce(ctx, a.log, a.treaty)
	if err != nil {
		return nil, "", err
	}
	for _, p := range all {
		if p.Status == "live" {
			engine, err := commands.PolicyInLog(ctx, a.log, a.treaty, p.Digest)
			return engine, p.Digest, err
		}
	}
	return schemas.ReadPolicy(schemas.DefaultPolicy())
}

// errLabels: a file of labels cannot be read; the text says where.
var errLabels = errors.New("labels")

func labelsIn(path string) (commands.FraudLabels, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows := csv.NewReader(file)
	names, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: the line of names cannot be read: %w", errLabels, err)
	}
	id, label := slices.Index(names, "id"), slices.Index(names, "label")
	if id < 0 || label < 0 {
		return nil, fmt.Errorf("%w: a file begins with the line id,label", errLabels)
	}
	labels := commands.FraudLabels{}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return labels, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errLabels, err)
		}
		line, _ := rows.FieldPos(0)
		switch row[label] {
		case "1":
			labels[strings.Clone(row[id])] = true
		case "0":
		default:
			return nil, fmt.Errorf("%w: line %d: the label %q is neither 0 nor 1", errLabels, line, row[label])
		}
	}
}

func tellBacktested(out io.Writer, b backtested) error {
	fmt.Fprintf(out, "policy  %s\nagainst %s\n%d decisions in %.1f days, %d of them fraud; %d the scorer had failed to make; in %.1f s\n\n",
		b.Policy, b.Against, b.Decisions, b.Days, b.Frauds, b.NotMade, b.Seconds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "OUTCOME\tFRAUD\tNO FRAUD\tFRAUD, AGAINST\tNO FRAUD, AGAINST")
	for i, o := range b.RiskBacktested.Policy.Outcomes {
		live := b.Live.Outcomes[i]
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\n", o.Outcome, o.Fraud, o.NoFraud, live.Fraud, live.NoFraud)
	}
	fmt.Fprintln(table, "\nALERT\tPOLICY\tCAUGHT\tFALSE\tMISSED\tPRECISION\tRECALL\tVALUE CAUGHT\tVALUE RECALL\tALERTS A DAY\tCUSTOMERS HIT")
	for i, level := range b.RiskBacktested.Policy.Levels {
		tellLevel(table, "tried", level)
		tellLevel(table, "against", b.Live.Levels[i])
	}
	fmt.Fprintln(table, "\nAGAINST\tTRIED\tDECISIONS\tFRAUDS\tSUCH AS")
	for _, f := range b.Flips {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", f.Live, f.New, f.Decisions, f.Frauds, cmp.Or(strings.Join(f.Examples, " "), "-"))
	}
	if len(b.Flips) == 0 {
		fmt.Fprintln(table, "-\t-\t0\t0\tno decision flips")
	}
	return table.Flush()
}

func tellLevel(table io.Writer, whose string, l study.Level) {
	fmt.Fprintf(table, "%s or more\t%s\t%d\t%d\t%d\t%.3f\t%.3f\t%d.%02d\t%.3f\t%.1f\t%d\n", l.AtLeast, whose, l.Caught, l.Alarms, l.Missed,
		l.Precision, l.Recall, l.ValueCaught/100, l.ValueCaught%100, l.ValueRecall, l.AlertsADay, l.CustomersHit)
}
