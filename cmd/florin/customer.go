package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain/customer"
	"florin/domain/id"
	"florin/eventbus"
)

func newCustomer(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "customer",
		Short: "A customer's standing: activate, restrict, recover, erase, on the host",
		Long: `Changes and shows the standing of one customer, on the host. A reason is a code of lower-case letters,
digits and hyphens, such as identity-checked, and is kept in the log: never write about a person in
it. The bank must not be running; operators of a running one use POST /v1/customers/{id}/activation
and its sisters.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newStanding(environ, "activate", "Let a pending or restricted customer move money", func(ctx context.Context, c commands.Customers, order commands.Order, of id.Customer) (commands.Outcome, error) {
			return c.Activate(ctx, order, of)
		}),
		newStanding(environ, "restrict", "Let a customer look and not touch", func(ctx context.Context, c commands.Customers, order commands.Order, of id.Customer) (commands.Outcome, error) {
			return c.Restrict(ctx, order, of, order.Caller.Reason)
		}),
		newStanding(environ, "erase", "Forget a person: --reason is the legal basis, such as gdpr-17-1-b. The keys are destroyed when the bank next runs", func(ctx context.Context, c commands.Customers, order commands.Order, of id.Customer) (commands.Outcome, error) {
			return c.RequestErasure(ctx, order, of, order.Caller.Reason)
		}),
		newRecover(environ),
		newStanding(environ, "status", "Show a customer's standing", nil),
	)
	return cmd
}

// standing is a customer as the commands show them: nothing of the person.
type standing struct {
	Customer id.Customer     `json:"customer_id"`
	Status   customer.Status `json:"status"`
	Erasure  string          `json:"erasure,omitzero"` // requested or done
	Factors  int             `json:"factors"`
	Devices  int             `json:"devices"` // ever bound
}

// newStanding is a command that does one verb, if there is one, and shows what the
// customer is then.
func newStanding(environ []string, use, short string,
	verb func(context.Context, commands.Customers, commands.Order, id.Customer) (commands.Outcome, error)) *cobra.Command {
	var name, reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := id.Parse[id.Customer](name)
			if err != nil {
				return fmt.Errorf("%w: --customer is cus_ and a UUID", errUsage)
			}
			return withLedger(cmd, environ, func(ctx context.Context, l *ledger, b *commands.Bank) error {
				if verb != nil {
					if _, err := verb(ctx, b.Customers(), hostOrder(b, reason), of); err != nil {
						return err
					}
				}
				now, err := standingOf(ctx, l, of)
				if err != nil {
					return err
				}
				if jsonWanted(cmd) {
					return printJSON(cmd.OutOrStdout(), now)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "Customer %s is %s.\n", now.Customer, now.Status)
				if now.Erasure != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "Erasure is %s.\n", now.Erasure)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&name, "customer", "", "cus_...")
	_ = cmd.MarkFlagRequired("customer")
	if verb != nil {
		cmd.Flags().StringVar(&reason, "reason", "", "a code")
		_ = cmd.MarkFlagRequired("reason")
	}
	return cmd
}

// standingOf folds the customer's stream: the read models may be behind.
func standingOf(ctx context.Context, l *ledger, of id.Customer) (standing, error) {
	var state customer.State
	for recorded, err := range l.log.ReadStream(ctx, eventbus.Stream(of.Stream()), 0) {
		if err != nil {
			return standing{}, fmt.Errorf("read %s: %w", of, err)
		}
		event, err := l.treaty.Customers.Decode(recorded.Kind, recorded.SchemaVersion, recorded.ID, recorded.Data)
		if err != nil {
			return standing{}, fmt.Errorf("read %s: %w", of, err)
		}
		state = state.Evolve(event)
	}
	if state.Customer.IsZero() {
		return standing{}, customer.ErrUnknown
	}
	now := standing{Customer: of, Status: state.Status, Factors: len(state.Factors), Devices: len(state.Devices)}
	switch {
	case state.Gone:
		now.Erasure = "done"
	case state.Erasing:
		now.Erasure = "requested"
	}
	return now, nil
}
