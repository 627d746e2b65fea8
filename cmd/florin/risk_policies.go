package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/eventbus"
	"florin/schemas"
)

// policiesPath is where a running bank is asked for the policies in its log.
const policiesPath = "/risk/policies"

// policiesAsked asks for all policies in force, with the text of one: by its digest, or
// the beginning of it; "live": of the live one; "": of none.
type policiesAsked struct {
	Show string `json:"show"`
}

// policiesSaid is the answer.
type policiesSaid struct {
	Policies []commands.PolicyVersion `json:"policies"`
	Shown    string                   `json:"shown,omitempty"` // digest
	File     string                   `json:"file,omitempty"`  // YAML
}

func newRiskPolicyList(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "The policies that are or were in force, by what the log of --dir says",
		Long:  "Lists the policies that are or were in force. A running bank is asked over --admin with the token in --dir.",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			said, err := askPolicies(cmd, environ, "")
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), said.Policies)
			}
			table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "DIGEST\tNAME\tSTATUS\tSINCE\tREASON")
			for _, p := range said.Policies {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.Digest[:16], p.Name, p.Status, p.Since.Format(time.RFC3339), p.Reason)
			}
			return table.Flush()
		},
	}
	addSettings(cmd.Flags(), "admin")
	return cmd
}

func newRiskPolicyShow(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [DIGEST]",
		Short: "The file of a policy in the log of --dir, by the beginning of its digest; without one of the live policy",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			said, err := askPolicies(cmd, environ, append(args, "live")[0])
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), said)
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), said.File)
			return err
		},
	}
	addSettings(cmd.Flags(), "admin")
	return cmd
}

// askPolicies asks the log of a stopped bank, of a backup or a copy, or a running bank.
func askPolicies(cmd *cobra.Command, environ []string, show string) (said policiesSaid, err error) {
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return said, err
	}
	a, err := openArchive(cmd.Context(), c)
	if held(err) {
		said, err = askBank[policiesSaid](cmd.Context(), c, policiesPath, policiesAsked{show})
		if errors.Is(err, syscall.ECONNREFUSED) {
			err = unheard(c)
		}
		return said, err
	}
	if err != nil {
		return said, err
	}
	said, err = policiesIn(cmd.Context(), a.log, a.treaty, show)
	return said, errors.Join(err, a.close())
}

// errNoPolicy: nothing in the log is meant.
var errNoPolicy = errors.New("no policy, or more than one, that is or was in force has a digest that begins so: 'florin risk policy list' lists them")

func policiesIn(ctx context.Context, log eventbus.Log, treaty *schemas.Treaty, show string) (said policiesSaid, err error) {
	if said.Policies, err = commands.PoliciesInForce(ctx, log, treaty); err != nil || show == "" {
		return said, err
	}
	for _, p := range said.Policies {
		if show != "live" && !strings.HasPrefix(p.Digest, show) || show == "live" && p.Status != "live" {
			continue
		}
		if said.Shown != "" {
			return said, errNoPolicy
		}
		said.Shown = p.Digest
	}
	if said.Shown == "" {
		return said, errNoPolicy
	}
	engine, err := commands.PolicyInLog(ctx, log, treaty, said.Shown)
	if err != nil {
		return said, err
	}
	file, err := schemas.WritePolicy(engine.Policy())
	said.File = string(file)
	return said, err
}

// servePolicies answers the host from a running bank's log.
func (b *bank) servePolicies(w http.ResponseWriter, r *http.Request) {
	var asked policiesAsked
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, hostActBytesMax)).Decode(&asked); err != nil {
		http.Error(w, "the body is not what is asked here", http.StatusBadRequest)
		return
	}
	said, err := policiesIn(r.Context(), b.ledger.log, b.ledger.treaty, asked.Show)
	switch {
	case errors.Is(err, errNoPolicy):
		http.Error(w, err.Error(), http.StatusConflict)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(said)
	}
}
