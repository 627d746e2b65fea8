package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"florin/domain/risk"
	"florin/domain/risk/study"
	"florin/schemas"
)

// fitted is what florin risk fit says.
type fitted struct {
	Transactions int64   `json:"transactions"`
	Policy       string  `json:"policy"`
	Digest       string  `json:"digest"`
	File         string  `json:"file"`
	Seconds      float64 `json:"seconds"`
}

func newRiskFit() *cobra.Command {
	var file, out, name string
	l := &labelled{}
	cmd := &cobra.Command{
		Use:   "fit --csv FILE --out POLICY",
		Short: "Fit a scorecard's weights to labelled transactions, and freeze a policy",
		Long: "Takes features and bins from a policy, fits their weights to a part of a file (binned logistic regression), and\n" +
			"writes the policy. Rules and thresholds stay as they were; examples that come true no more are left out, and named.\n" +
			"Evaluate it on the other part: fit --until DAY, then evaluate --from DAY.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			engine, _, err := policyOf(file)
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
			defer p.wait()
			began, policy := time.Now(), engine.Policy()
			policy.Name = name
			sample := study.NewSample(policy)
			n, err := l.replay(cmd.Context(), p, "transactions", func(t study.Transaction, v *risk.Vector) error {
				sample.Add(v, t.Fraud)
				return nil
			})
			if err != nil {
				return err
			}
			s := p.begin("weights", 1)
			policy, err = sample.Fit()
			if err != nil {
				s.fail(err.Error())
				return err
			}
			s.end(fmt.Sprintf("base %d", policy.Base))
			digest, left, err := freeze(policy, out)
			if err != nil {
				return err
			}
			found := fitted{n, policy.Name, digest, out, time.Since(began).Seconds()}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), found)
			}
			for _, example := range left {
				fmt.Fprintf(cmd.ErrOrStderr(), "left out, for it comes true no more: %s\n", example)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %d transactions in %s, digest %s\nLook at its thresholds, then: florin risk evaluate --policy %s --csv %s\n",
				found.Policy, found.Transactions, out, digest, out, l.csv)
			return err
		},
	}
	l.flags(cmd)
	cmd.Flags().StringVar(&file, "policy", "", "policy file that gives features and bins; without it the one that the bank comes with")
	cmd.Flags().StringVar(&out, "out", "", "where the policy is written; the file must not be there yet (required)")
	cmd.Flags().StringVar(&name, "name", "fitted", "name of the policy")
	cobra.CheckErr(cmd.MarkFlagRequired("out"))
	return cmd
}

// freeze writes a policy without the examples that it does not keep, which it names.
func freeze(policy risk.Policy, file string) (digest string, left []string, err error) {
	examples := policy.Examples
	policy.Examples = nil
	var broken error
	for _, example := range examples {
		one := policy
		one.Examples = []risk.Example{example}
		if _, err := risk.NewEngine(one); err != nil {
			left, broken = append(left, example.Name), err
			continue
		}
		policy.Examples = append(policy.Examples, example)
	}
	if len(policy.Examples) == 0 {
		return "", left, fmt.Errorf("none of the examples comes true with these weights: %w", broken)
	}
	text, err := schemas.WritePolicy(policy)
	if err != nil {
		return "", left, err
	}
	if _, digest, err = schemas.ReadPolicy(text); err != nil {
		return "", left, err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", left, err
	}
	_, err = f.Write(text)
	return digest, left, errors.Join(err, f.Sync(), f.Close())
}
