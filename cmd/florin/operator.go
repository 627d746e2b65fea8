package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
	"florin/schemas/seal"
)

func newOperator(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Make, enrol anew and disable operators, on the host",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newOperatorCreate(environ), newOperatorEnrol(environ), newOperatorDisable(environ), newOperatorRoles())
	return cmd
}

// hostOrder is the envelope of what is done on the host: whoever may run the binary on the bank's machine.
func hostOrder(b *commands.Bank, reason string) commands.Order {
	at := b.Sources().Time()
	id := b.Sources().NewID()
	return commands.Order{
		ID: id, At: at, Intent: []byte(reason), Subject: seal.Day(at),
		Caller: commands.Caller{ActorType: commands.ActorSystem, Actor: commands.DerivedID(uuid.Nil, "host"), Reason: reason, Correlation: id},
	}
}

// withLedger opens a stopped bank for a command of the host's, in the mode it was
// begun in. A mistyped --dir is an error, and begins no bank.
func withLedger(cmd *cobra.Command, environ []string, do func(context.Context, *ledger, *commands.Bank) error) error {
	return withLedgerAt(cmd, environ, false, do)
}

// withLedgerAt is withLedger, and if asked to begins a production bank where there
// is none, under the name of --legal-entity.
func withLedgerAt(cmd *cobra.Command, environ []string, create bool, do func(context.Context, *ledger, *commands.Bank) error) error {
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return err
	}
	if c.Sandbox, err = begunAsSandbox(cmd.Context(), c); err != nil {
		return err
	}
	if flag := cmd.Flags().Lookup("legal-entity"); flag == nil || !flag.Changed {
		c.LegalEntity = "" // said here, not left in the environment
	}
	l, err := openLedger(cmd.Context(), c, create, nil)
	if err != nil {
		return err
	}
	b, err := openCommands(cmd.Context(), c, l, slog.New(slog.DiscardHandler), true)
	if err == nil {
		err = b.FirstStart(cmd.Context())
	}
	if err == nil {
		err = do(cmd.Context(), l, b)
	}
	return errors.Join(err, l.close())
}

// withBank is withLedger for those who only give commands.
func withBank(cmd *cobra.Command, environ []string, do func(context.Context, *commands.Bank) error) error {
	return withLedger(cmd, environ, func(ctx context.Context, _ *ledger, b *commands.Bank) error { return do(ctx, b) })
}

// made is what 'florin operator create' is told.
type made struct {
	name, user, scopes, roles, keyFile string
	person                             bool
}

func newOperatorCreate(environ []string) *cobra.Command {
	var ask made
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Make an operator: a person (--person), or a machine that authenticates with a key",
		Long: `Makes a machine with scopes, and a P-256 key for private_key_jwt at the token endpoint: the private
key is written to --key-file, readable by its owner only, and kept nowhere else. Or, with --person,
makes a person who logs in under the name --user, and prints a code that enrols the person once, within
half an hour: POST /v1/operators/enrolment, or 'florin phone operator enrol'. The
bank must not be running. Where there is none yet, --legal-entity begins a bank in production, under
that name for ever.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if ask.person != (ask.user != "") || ask.person == (ask.keyFile != "") || !ask.person && ask.roles != "" {
				return fmt.Errorf("%w: --person takes --user and --roles, a machine --key-file", errUsage)
			}
			return withLedgerAt(cmd, environ, true, func(ctx context.Context, _ *ledger, b *commands.Bank) error {
				if ask.person {
					return ask.appoint(cmd, ctx, b)
				}
				return ask.create(cmd, ctx, b)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&ask.name, "name", "", "who this is")
	flags.StringVar(&ask.scopes, "scopes", "", "such as 'audit.read analytics.read'")
	flags.BoolVar(&ask.person, "person", false, "a person, who logs in with a passkey, or a password and one-time passwords")
	flags.StringVar(&ask.user, "user", "", "the person's user name, theirs for ever")
	flags.StringVar(&ask.roles, "roles", "", "the person's roles, such as 'teller auditor' ('florin operator roles' lists them)")
	flags.StringVar(&ask.keyFile, "key-file", "", "a new file for a machine's private key (PEM, PKCS #8)")
	addSettings(flags, "legal_entity")
	_ = cmd.MarkFlagRequired("name")
	return cmd
}

func (ask made) create(cmd *cobra.Command, ctx context.Context, b *commands.Bank) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := domain.ECKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writeKey(ask.keyFile, key); err != nil {
		return err
	}
	created, _, err := b.Operators().Create(ctx, hostOrder(b, "operator-created-on-host"), commands.CreateOperator{
		Name: domain.NewProfile(ask.name), Scopes: listed(ask.scopes), Key: public,
	})
	if err != nil {
		return errors.Join(err, os.Remove(ask.keyFile))
	}
	if jsonWanted(cmd) {
		return printJSON(cmd.OutOrStdout(), map[string]any{"operator": created.Operator, "client_id": created.Operator.String(), "key_file": ask.keyFile})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Operator %s\nclient_id at /oauth2/token (client_credentials, private_key_jwt, DPoP): %s\nPrivate key: %s\n",
		created.Operator, created.Operator, ask.keyFile)
	return nil
}

// writeKey keeps a private key in a new file of its owner's.
func writeKey(path string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("keep the private key: %w", err)
	}
	return errors.Join(pem.Encode(file, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), file.Sync(), file.Close())
}
