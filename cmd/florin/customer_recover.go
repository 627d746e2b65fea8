package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
)

// newRecover permits a recovery on the host, as operators of a running bank do by
// POST /v1/customers/{id}/recovery.
func newRecover(environ []string) *cobra.Command {
	var name, email, phone string
	var ask commands.PermitRecovery
	cmd := &cobra.Command{
		Use: "recover", Short: "Let a person who was identified recover the account, after a waiting time", Args: cobra.NoArgs,
		Long: `Permits a recovery by a person who was identified and has nothing left to prove it by. It prints a
code for the person: with the code that is sent to their contact it recovers the account, from the
time that is shown on. All contacts are told and can object, and so can every device.`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if ask.Customer, err = id.Parse[id.Customer](name); err != nil {
				return fmt.Errorf("%w: --customer is cus_ and a UUID", errUsage)
			}
			if email != "" {
				ask.Email = domain.NewProfile(email)
			}
			if phone != "" {
				ask.Phone = domain.NewProfile(phone)
			}
			return withLedger(cmd, environ, func(ctx context.Context, _ *ledger, b *commands.Bank) error {
				permitted, _, err := b.Recoveries().Permit(ctx, hostOrder(b, ask.Reason), ask)
				if err != nil {
					return err
				}
				if jsonWanted(cmd) {
					return printJSON(cmd.OutOrStdout(), map[string]any{"recovery_id": permitted.Recovery, "recovery_code": permitted.Code,
						"usable_from": permitted.UsableFrom, "expires_at": permitted.ExpiresAt})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Give this code to the person: %s\nIt is good from %s to %s.\n", permitted.Code,
					permitted.UsableFrom.Format("2006-01-02 15:04 MST"), permitted.ExpiresAt.Format("2006-01-02 15:04 MST"))
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&name, "customer", "", "cus_...")
	flags.StringVar(&ask.For, "for", "factors", "password, factors, contact or unlock")
	flags.StringVar(&ask.Reason, "reason", "", "a code, such as identified-at-desk")
	flags.StringVar(&email, "email", "", "where the person is reached from now on, if the old contacts are lost")
	flags.StringVar(&phone, "phone", "", "the same, E.164")
	_, _ = cmd.MarkFlagRequired("customer"), cmd.MarkFlagRequired("reason")
	return cmd
}
