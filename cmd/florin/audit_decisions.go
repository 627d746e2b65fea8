package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain/id"
	"florin/eventbus"
)

// decisionsAgain is what 'florin audit replay --decisions' prints as JSON.
type decisionsAgain struct {
	commands.Replayed
	Differences []commands.Difference `json:"differences"`
}

// replayDecisions makes the decisions of risk again from the log alone; differences
// are printed as they are found, unless JSON is wanted.
func replayDecisions(cmd *cobra.Command, environ []string, one string, policies []string) error {
	var only id.Decision
	if one != "" {
		var err error
		if only, err = id.Parse[id.Decision](one); err != nil {
			return fmt.Errorf("%w: --decision: %w", errUsage, err)
		}
	}
	found := decisionsAgain{Differences: []commands.Difference{}}
	out := cmd.OutOrStdout()
	if jsonWanted(cmd) {
		out = io.Discard
	}
	err := withArchive(cmd, environ, "decisions", func(a *archive, s *step) (err error) {
		found.Replayed, err = again(cmd.Context(), a, only, policies, s, func(d commands.Difference) {
			found.Differences = append(found.Differences, d)
			fmt.Fprintf(out, "%s at position %d: %s was %s, and is %s\n", d.Decision, d.Position, d.Part, d.Kept, d.Again)
		})
		return err
	})
	if err != nil {
		return err
	}
	if jsonWanted(cmd) {
		err = printJSON(cmd.OutOrStdout(), found)
	} else {
		fmt.Fprintf(out, "%d decisions: %d come out the same, %d differ, %d were not made for the scorer had failed.\n", found.Decisions, found.Equal, found.Differ, found.NotMade)
	}
	switch {
	case err != nil:
		return err
	case found.Differ > 0:
		return fmt.Errorf("%d of %d decisions come out otherwise than they were kept", found.Differ, found.Decisions)
	case found.Decisions == 0 && one != "":
		return fmt.Errorf("there is no decision %s in this log", one)
	}
	return nil
}

// again makes decisions anew, by the policies in the log, the bank's own and those of the
// files.
func again(ctx context.Context, a *archive, only id.Decision, policies []string, s *step, differs func(commands.Difference)) (commands.Replayed, error) {
	var texts [][]byte
	for _, file := range policies {
		text, err := os.ReadFile(file)
		if err != nil {
			return commands.Replayed{}, err
		}
		texts = append(texts, text)
	}
	known, err := commands.PoliciesOf(texts...)
	if err != nil {
		return commands.Replayed{}, err
	}
	head, err := a.log.Head(ctx)
	if err != nil {
		return commands.Replayed{}, err
	}
	return commands.DecisionReplay{Log: a.log, Treaty: a.treaty, Policies: known, Only: only, Differs: differs,
		Progress: func(done eventbus.Position) { s.of(int64(done), 2*int64(head.Position)) }}.Run(ctx)
}

// decisions makes every decision of risk of both banks again: none may come out otherwise.
func (d *demo) decisions(ctx context.Context) error {
	return d.scene("make every decision of risk again from the log", 1, func(s *step) (string, error) {
		for _, dir := range []string{d.bankDir(), d.watchedDir()} {
			if err := d.decideAgain(ctx, dir, s); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("%d decisions, none comes out otherwise", d.facts.Decisions), nil
	})
}

func (d *demo) decideAgain(ctx context.Context, dir string, s *step) error {
	a, err := openArchive(ctx, config{Dir: dir})
	if err != nil {
		return err
	}
	var differences []string
	all, err := again(ctx, a, id.Decision{}, nil, s, func(found commands.Difference) {
		differences = append(differences, fmt.Sprintf("%s: %s was %s, and is %s", found.Decision, found.Part, found.Kept, found.Again))
	})
	if closed := a.close(); err == nil {
		err = closed
	}
	d.facts.Decisions += all.Decisions
	d.facts.DecisionsDiffer += all.Differ
	if err == nil && all.Differ > 0 {
		err = errors.New(strings.Join(differences, "; "))
	}
	return err
}
