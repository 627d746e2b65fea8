package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

// approvals are the commands of a phone that is asked for its owner's word: see
// what waits, and say yes with the number that the asking device shows, or no.
func (a *app) approvals() []*cobra.Command {
	list := a.act("approvals", "List what waits for this phone's word: what 'approve' and 'deny' take is approval_id", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		waiting, err := p.Approvals(cmd.Context())
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), map[string]any{"approvals": append([]phone.Approval{}, waiting...)})
	})
	var number string
	approve := a.act("approve ID", "Say yes with the number that the asking device shows; a wrong one says no", func(cmd *cobra.Command, args []string, p *phone.Phone) error {
		return decide(cmd, p, args[0], "approve", number)
	})
	approve.Flags().StringVar(&number, "number", "", "the two digits on the asking device")
	_ = approve.MarkFlagRequired("number")
	deny := a.act("deny ID", "Say no: it was not you", func(cmd *cobra.Command, args []string, p *phone.Phone) error {
		return decide(cmd, p, args[0], "deny", "")
	})
	approve.Args, deny.Args = cobra.ExactArgs(1), cobra.ExactArgs(1)
	return []*cobra.Command{list, approve, deny}
}

// decide shows what is signed before it is signed: the statement is the bank's,
// and only one that waits for this phone can be answered.
func decide(cmd *cobra.Command, p *phone.Phone, asked, decision, number string) error {
	waiting, err := p.Approvals(cmd.Context())
	if err != nil {
		return err
	}
	for _, one := range waiting {
		if one.ID != asked {
			continue
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "Signed with the fingerprint: %s\n", one.Display)
		status, err := p.Decide(cmd.Context(), one, decision, number)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), map[string]string{"approval_id": one.ID, "status": status})
	}
	return fmt.Errorf("%s does not wait for this phone: 'florin phone approvals' lists what does", asked)
}
