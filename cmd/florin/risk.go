package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"florin/domain/risk"
	"florin/schemas"
)

func newRisk(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "risk",
		Short: "Check risk policies, and hold them against labelled transactions",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newRiskPolicy(environ), newRiskCheck(), newRiskDiff(), newRiskEvaluate(), newRiskFit(), newRiskBacktest(environ), newRiskData(environ))
	return cmd
}

func newRiskPolicy(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Print the policy that the bank comes with, to start another from; list and show those in a log",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(schemas.DefaultPolicy())
			return err
		},
	}
	cmd.AddCommand(newRiskPolicyList(environ), newRiskPolicyShow(environ))
	return cmd
}

// checked is what is said of a policy that can be put to work.
type checked struct {
	Name     string `json:"name"`
	Digest   string `json:"digest"`
	Cards    int    `json:"cards"`
	Rules    int    `json:"rules"`
	Examples int    `json:"examples"`
}

func newRiskCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Read a policy, try its examples, and print its digest",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			engine, digest, err := policyOf(args[0])
			if err != nil {
				return err
			}
			p := engine.Policy()
			found := checked{p.Name, digest, len(p.Scorecard), len(p.Rules), len(p.Examples)}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), found)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s can be put to work: %d features weighed, %d rules, and all of its %d examples come true.\ndigest %s\n",
				found.Name, found.Cards, found.Rules, found.Examples, found.Digest)
			return err
		},
	}
}

// compared is what is said of two policies.
type compared struct {
	From        string            `json:"from"` // digests
	To          string            `json:"to"`
	Differences []risk.Difference `json:"differences"`
}

func newRiskDiff() *cobra.Command {
	return &cobra.Command{
		Use:   "diff FILE [FILE]",
		Short: "Say what the last policy says otherwise than the first, or than the one that the bank comes with",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				args = []string{"", args[0]}
			}
			from, first, err := policyOf(args[0])
			if err != nil {
				return err
			}
			to, second, err := policyOf(args[1])
			if err != nil {
				return err
			}
			found := compared{first, second, risk.Diff(from.Policy(), to.Policy())}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), found)
			}
			for _, difference := range found.Differences {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), difference); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s -> %s, differences: %d\n", first, second, len(found.Differences))
			return err
		},
	}
}

// policyOf reads a policy file; without a name it is the bank's own.
func policyOf(file string) (*risk.Engine, string, error) {
	if file == "" {
		return schemas.ReadPolicy(schemas.DefaultPolicy())
	}
	text, err := policyText(file)
	if err != nil {
		return nil, "", err
	}
	return schemas.ReadPolicy(text)
}

// policyText is what a policy file says, or one byte too many.
func policyText(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, schemas.PolicyBytesMax+1))
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	return text, nil
}

// policy is what decides until the bank activates another one; nil: its own.
func (c config) policy() ([]byte, error) {
	switch {
	case c.policyText != nil:
		return c.policyText, nil
	case c.RiskPolicy == "":
		return nil, nil
	}
	text, err := policyText(c.RiskPolicy)
	if err == nil {
		_, _, err = schemas.ReadPolicy(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: risk_policy: %w", errUsage, err)
	}
	return text, nil
}
