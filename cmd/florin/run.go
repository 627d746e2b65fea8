package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage marks an error of the command line: the answer ends with how to get help.
var errUsage = errors.New("usage")

// run is the whole program but for signals and the exit itself; tests call it.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	root := newRoot(environ)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	begun := false
	root.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	err := root.ExecuteContext(ctx)
	if err != nil && !errors.Is(err, errUsage) && (!begun || strings.HasPrefix(err.Error(), "required flag")) {
		err = fmt.Errorf("%w: %w", errUsage, err) // cobra's own: an unknown command, wrong arguments, missing flags
	}
	switch {
	case err == nil:
		return exitDone
	case jsonAsked(root, args):
		return sayJSON(stderr, err)
	case errors.Is(err, errUsage):
		fmt.Fprintf(stderr, "florin: %v\nSee 'florin --help'.\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "florin: %v\n", err)
		return exitFailed
	}
}

// jsonAsked tells whether --json was given, also on a command line that could not
// be read to its end.
func jsonAsked(root *cobra.Command, args []string) bool {
	wanted, _ := root.PersistentFlags().GetBool("json")
	return wanted || slices.Contains(args, "--json")
}

// sayJSON writes the error as one JSON object on one line: what is on standard
// output is the answer, and whole, whatever has failed.
func sayJSON(stderr io.Writer, failed error) (code int) {
	encoder := json.NewEncoder(stderr)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(struct { // nobody is left to be told
		Error string `json:"error"`
	}{failed.Error()})
	if errors.Is(failed, errUsage) {
		return exitUsage
	}
	return exitFailed
}

func newRoot(environ []string) *cobra.Command {
	root := &cobra.Command{
		Use:           "florin",
		Short:         "An event-sourced core for mobile banks",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	addCommonFlags(root)
	root.AddCommand(
		newServe(environ), newDemo(environ), newPhone(), newAudit(environ), newProjection(environ), newRisk(environ), newOperator(environ), newCustomer(environ), newClient(environ),
		newKeys(environ), newBackup(environ), newRestore(environ), newMigrate(environ), newBench(), newConfig(environ), newOpenAPI(), newSimulate(),
	)
	return root
}

// printJSON writes one value as indented JSON, for --json.
func printJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// jsonWanted tells whether --json was given.
func jsonWanted(cmd *cobra.Command) bool {
	wanted, _ := cmd.Flags().GetBool("json")
	return wanted
}
