package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
	"florin/domain/id"
	"florin/domain/operator"
)

func (ask made) appoint(cmd *cobra.Command, ctx context.Context, b *commands.Bank) error {
	opened, _, err := b.Operators().Appoint(ctx, hostOrder(b, "operator-created-on-host"), commands.AppointOperator{
		Name: domain.NewProfile(ask.name), UserName: domain.NewProfile(ask.user), Scopes: listed(ask.scopes), Roles: listed(ask.roles),
	})
	if err != nil {
		return err
	}
	return printEnrolment(cmd, opened)
}

// printEnrolment shows the code, here and nowhere else.
func printEnrolment(cmd *cobra.Command, opened commands.EnrolmentAnswer) error {
	if jsonWanted(cmd) {
		return printJSON(cmd.OutOrStdout(), map[string]any{"operator": opened.Operator, "enrolment_code": opened.Code, "expires_in": int(operator.EnrolmentTTL.Seconds())})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Operator %s\nEnrolment code, good once and for %d minutes: %s\n", opened.Operator, int(operator.EnrolmentTTL.Minutes()), opened.Code)
	return nil
}

// newOperatorEnrol is for a person who has lost a factor.
func newOperatorEnrol(environ []string) *cobra.Command {
	return hostsWord(environ, "enrol", "Take a person's factors away and print a code to enrol anew with: one was lost",
		func(cmd *cobra.Command, ctx context.Context, b *commands.Bank, of id.Operator, reason string) error {
			opened, _, err := b.Operators().OpenEnrolment(ctx, hostOrder(b, reason), of)
			if err != nil {
				return err
			}
			return printEnrolment(cmd, opened)
		})
}

// newOperatorDisable is for a leaver, where no two operators are left to do it.
func newOperatorDisable(environ []string) *cobra.Command {
	return hostsWord(environ, "disable", "End an operator for good, and every session: a leaver, or a machine that is no more",
		func(cmd *cobra.Command, ctx context.Context, b *commands.Bank, of id.Operator, reason string) error {
			if _, err := b.Operators().Disable(ctx, hostOrder(b, reason), of, reason); err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), map[string]any{"operator": of, "status": "disabled"})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Operator %s is disabled.\n", of)
			return nil
		})
}

// hostsWord is a command about one operator, with its reason.
func hostsWord(environ []string, use, short string, do func(*cobra.Command, context.Context, *commands.Bank, id.Operator, string) error) *cobra.Command {
	var name, reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		Long: short + `. The reason is a code of lower-case letters, digits and hyphens, such as lost-phone,
and is kept in the log. The bank must not be running; two operators of a running one do the same by
POST /v1/operators/proposals.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := id.Parse[id.Operator](name)
			if err != nil {
				return fmt.Errorf("%w: --operator is opr_ and a UUID", errUsage)
			}
			return withBank(cmd, environ, func(ctx context.Context, b *commands.Bank) error { return do(cmd, ctx, b, of, reason) })
		},
	}
	cmd.Flags().StringVar(&name, "operator", "", "opr_...")
	cmd.Flags().StringVar(&reason, "reason", "", "a code")
	_ = cmd.MarkFlagRequired("operator")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func newOperatorRoles() *cobra.Command {
	return &cobra.Command{
		Use: "roles", Short: "List the roles and their scopes", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			roles := operator.Roles()
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), roles)
			}
			for _, name := range operator.RoleNames() {
				fmt.Fprintf(cmd.OutOrStdout(), "%-10s %s\n", name, strings.Join(roles[name], " "))
			}
			return nil
		},
	}
}

// listed are the words of a list; none is a list too.
func listed(list string) []string { return append([]string{}, words(list)...) }
