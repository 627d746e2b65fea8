package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/gateway/split"
)

func newKeys(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List and rotate the keys that sign tokens, make those between processes",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := &cobra.Command{
		Use: "list", Short: "Every key that is published, and which one signs", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBank(cmd, environ, func(_ context.Context, b *commands.Bank) error {
				keys, err := listKeys(b)
				if err != nil {
					return err
				}
				return printKeys(cmd, keys)
			})
		},
	}
	var emergency bool
	rotate := &cobra.Command{
		Use: "rotate", Short: "Make a new signing key; tokens of the old one stay good until they expire", Args: cobra.NoArgs,
		Long: `Makes a new key. It is published at once, signs after ten minutes, and the old one is believed
until its last token has expired, so nobody is logged out. With --emergency the new key signs at
once and the others are not believed any more: for a key that has leaked. A running bank is asked
over --admin with the token in --dir, and goes on without a restart.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			lead := commands.KeyLead
			if emergency {
				lead = 0
			}
			keys, err := rotateKeys.run(cmd, environ, keyRotation{LeadSeconds: int64(lead / time.Second)})
			if err != nil {
				return err
			}
			return printKeys(cmd, keys)
		},
	}
	addSettings(rotate.Flags(), "admin")
	rotate.Flags().BoolVar(&emergency, "emergency", false, "believe no other key from now on")
	cmd.AddCommand(list, rotate, newKeysInternal())
	return cmd
}

// internalLife of certificates that 'keys internal' makes.
const internalLife = 365 * 24 * time.Hour

func newKeysInternal() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use: "internal", Short: "Make an internal authority and the certificates of core and gateway", Args: cobra.NoArgs,
		Long: `Writes ca.pem, core.pem and gateway.pem with their keys into a new directory, good for a year: for
'florin serve --only core' and '--only gateway'. A bank with an authority of its own issues them
itself, with Ed25519 or P-256 keys: core.florin.internal for servers, gateway.florin.internal for
clients. Whoever has gateway.key is a gateway; keep ca.key away from both.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := split.MakeAuthority(to, sources().Now(), internalLife); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "made the internal authority in %s: ca, core and gateway\n", to)
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "internal", "directory to write to")
	return cmd
}

// listedKey is a signing key as 'keys list' shows it.
type listedKey struct {
	KeyID     string `json:"kid"`
	Algorithm string `json:"alg"`
	Signs     bool   `json:"signs"` // the others are published and believed
}

// keyRotation is what a rotation is asked for: in how many seconds the new keys sign; 0
// is an emergency.
type keyRotation struct {
	LeadSeconds int64 `json:"lead_seconds"`
}

// rotateKeys is keys rotate.
var rotateKeys = hostAct[keyRotation, []listedKey]{"/keys/rotate", func(ctx context.Context, _ *ledger, b *commands.Bank, asked keyRotation) ([]listedKey, error) {
	lead := time.Duration(asked.LeadSeconds) * time.Second
	if lead != 0 && lead != commands.KeyLead {
		return nil, errors.New("the new keys sign at once, or when everybody has seen them")
	}
	if _, _, err := b.Signings().Rotate(ctx, hostOrder(b, "signing-key-rotated-on-host"), lead); err != nil {
		return nil, err
	}
	return listKeys(b)
}}

func listKeys(b *commands.Bank) (keys []listedKey, err error) {
	current, _, err := b.Signings().Current()
	if err != nil {
		return nil, err
	}
	currentRSA, _, err := b.Signings().CurrentRSA()
	if err != nil && !errors.Is(err, commands.ErrNoSigner) {
		return nil, err
	}
	for _, key := range b.Signings().Published() {
		keys = append(keys, listedKey{key.KeyID, key.Algorithm, key.KeyID == current || key.KeyID == currentRSA})
	}
	return keys, nil
}

func printKeys(cmd *cobra.Command, keys []listedKey) error {
	if jsonWanted(cmd) {
		return printJSON(cmd.OutOrStdout(), keys)
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tALGORITHM\tSIGNS")
	for _, key := range keys {
		fmt.Fprintf(table, "%s\t%s\t%t\n", key.KeyID, key.Algorithm, key.Signs)
	}
	return table.Flush()
}
