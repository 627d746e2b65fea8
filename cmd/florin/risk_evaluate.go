package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"florin/domain/risk"
	"florin/domain/risk/study"
)

// labelled is a file of transactions and how it is gone through.
type labelled struct {
	csv   string
	delay time.Duration
	from  string
	until string
}

func (l *labelled) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.csv, "csv", "", "labelled transactions: id, time, customer, payee or terminal, amount, label; in order of time (required)")
	cmd.Flags().DurationVar(&l.delay, "label-delay", 7*24*time.Hour, "how long after a fraud the bank knows of it")
	cmd.Flags().StringVar(&l.from, "from", "", "first day that counts, as 2026-01-31; what was before is history")
	cmd.Flags().StringVar(&l.until, "until", "", "first day that counts no more")
	cobra.CheckErr(cmd.MarkFlagRequired("csv")) // of a flag that was made just now
}

// window is the time that counts.
func (l *labelled) window() (from, until time.Time, err error) {
	until = time.Unix(1<<60, 0)
	if l.from != "" {
		if from, err = time.Parse(time.DateOnly, l.from); err != nil {
			return from, until, fmt.Errorf("%w: --from is a day such as 2026-01-31", errUsage)
		}
	}
	if l.until != "" {
		if until, err = time.Parse(time.DateOnly, l.until); err != nil {
			return from, until, fmt.Errorf("%w: --until is a day such as 2026-01-31", errUsage)
		}
	}
	return from, until, nil
}

// replay goes through the file and shows what counts.
func (l *labelled) replay(ctx context.Context, p *progress, title string, see func(study.Transaction, *risk.Vector) error) (fact int64, err error) {
	from, until, err := l.window()
	if err != nil {
		return 0, err
	}
	file, err := os.Open(l.csv)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	size := int64(1)
	if info, err := file.Stat(); err == nil {
		size = info.Size()
	}
	s := p.begin(title, size)
	err = study.Replay(transactionsIn(file, s.at), l.delay, func(t study.Transaction, v *risk.Vector) error {
		if t.At.Before(from) || !t.At.Before(until) {
			return ctx.Err()
		}
		fact++
		return see(t, v)
	})
	if err != nil {
		s.fail(err.Error())
		return fact, err
	}
	s.end(fmt.Sprintf("%d transactions", fact))
	return fact, nil
}

// evaluated is what florin risk evaluate says.
type evaluated struct {
	Policy   string                 `json:"policy"`
	Digest   string                 `json:"digest"`
	Outcomes map[risk.Outcome]int64 `json:"outcomes"`
	Seconds  float64                `json:"seconds"`
	study.Result
}

func newRiskEvaluate() *cobra.Command {
	var file string
	var alerts int
	l := &labelled{}
	cmd := &cobra.Command{
		Use:   "evaluate --csv FILE",
		Short: "How well a policy tells fraud in labelled transactions",
		Long: "Makes the transactions of a file in their order, each scored by what was known before it, through the code that\n" +
			"scores payments; and says how well the scores tell fraud, for so many alerts a day. What the bank alone knows\n" +
			"(devices, addresses, sessions) is unknown here.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, digest, err := policyOf(file)
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
			defer p.wait()
			began, found := time.Now(), evaluated{Policy: engine.Policy().Name, Digest: digest, Outcomes: map[risk.Outcome]int64{}}
			evaluation := study.NewEvaluation(alerts)
			if _, err := l.replay(cmd.Context(), p, "transactions", func(t study.Transaction, v *risk.Vector) error {
				d := engine.Decide(risk.Payment, v)
				found.Outcomes[d.Outcome]++
				evaluation.Add(study.Judged{At: t.At, Score: d.Score, Amount: t.Amount, Fraud: t.Fraud})
				return nil
			}); err != nil {
				return err
			}
			found.Result, found.Seconds = evaluation.Result(), time.Since(began).Seconds()
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), found)
			}
			return tellEvaluated(cmd.OutOrStdout(), found)
		},
	}
	l.flags(cmd)
	cmd.Flags().StringVar(&file, "policy", "", "policy file; without it the one that the bank comes with")
	cmd.Flags().IntVar(&alerts, "alerts", 100, "how many of a day's highest scores somebody looks at")
	return cmd
}

func tellEvaluated(out io.Writer, e evaluated) error {
	fmt.Fprintf(out, "policy %s, digest %s\n%d transactions, %d of them fraud, in %.1f s\n\n", e.Policy, e.Digest, e.Transactions, e.Frauds, e.Seconds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "AUC-PR\t%.4f\taverage precision, over all thresholds\n", e.AUCPR)
	fmt.Fprintf(table, "precision\t%.4f\tof %d alerts a day\n", e.Precision, e.AlertsADay)
	fmt.Fprintf(table, "recall\t%.4f\tof all frauds\n", e.Recall)
	fmt.Fprintf(table, "value recall\t%.4f\tof all money that fraud took\n", e.ValueRecall)
	for _, o := range []risk.Outcome{risk.Allow, risk.Challenge, risk.Limit, risk.Hold, risk.Block} {
		fmt.Fprintf(table, "%s\t%d\ttransactions\n", o, e.Outcomes[o])
	}
	fmt.Fprintln(table, "\nDAY\tTRANSACTIONS\tFRAUDS\tALERTS\tCAUGHT\tPRECISION\tRECALL\tVALUE RECALL")
	for _, d := range e.Days {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%.3f\t%.3f\t%.3f\n", d.Date, d.Transactions, d.Frauds, d.Alerts, d.Caught, d.Precision, d.Recall, d.ValueRecall)
	}
	return table.Flush()
}
