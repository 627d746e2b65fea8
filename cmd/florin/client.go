package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/domain"
	"florin/domain/client"
	"florin/eventbus"
	"florin/schemas"
)

func newClient(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Register, list and disable software that may ask for tokens: on the host, and nowhere else",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newClientRegister(environ), newClientList(environ), newClientDisable(environ))
	return cmd
}

func newClientRegister(environ []string) *cobra.Command {
	var ask commands.RegisterClient
	var keysFile, scopes, grants string
	cmd := &cobra.Command{
		Use:   "register CLIENT_ID",
		Short: "Register a third party, or a further app of the bank's own",
		Long: `Registers a client for good: what is registered never changes, a new shape is a new client_id. A
third party is confidential and authenticates by private_key_jwt: --jwks is the file of its public
keys (a JSON Web Key Set of P-256 or RSA keys with key ids, for ES256 or PS256); or it authenticates by a
TLS certificate that bears the subject or name which is given, if the bank is served with tls_client_ca. With --first-party it is a public app of the
bank's own that logs customers in natively. Redirect URIs are compared byte for byte. A running bank is
asked over --admin with the token in --dir.`,
		Example: `  florin client register shop --name 'Shop Ltd' --jwks shop.jwks.json \
    --redirect-uri https://shop.example/callback --scopes 'openid accounts.read'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ask.ClientID, ask.Scopes, ask.GrantTypes = args[0], words(scopes), words(grants)
			byCertificate := ask.TLSSubjectDN+ask.TLSSANDNS+ask.TLSSANURI != ""
			if ask.FirstParty == (keysFile != "" || byCertificate) || keysFile != "" && byCertificate {
				return fmt.Errorf("%w: a third party needs --jwks or one --tls-client-auth-...; an app of the bank's own has --first-party and neither", errUsage)
			}
			if keysFile != "" {
				var err error
				if ask.Keys, err = readKeySet(keysFile); err != nil {
					return err
				}
			}
			done, err := registerClient.run(cmd, environ, ask)
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), done)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Client %s is registered.\n", done.ClientID)
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&ask.Name, "name", "", "as customers are shown it when they are asked for consent")
	flags.StringVar(&keysFile, "jwks", "", "file with the client's public keys (RFC 7517)")
	flags.StringArrayVar(&ask.RedirectURIs, "redirect-uri", nil, "where customers are sent back to; may be given several times")
	flags.StringArrayVar(&ask.PostLogoutURIs, "post-logout-redirect-uri", nil, "where customers are sent once they have logged out; may be given several times")
	flags.StringVar(&ask.BackchannelURI, "backchannel-logout-uri", "", "where the client is told that a session is over; https, and no private address")
	flags.StringVar(&scopes, "scopes", "", "such as 'openid accounts.read'")
	flags.StringVar(&grants, "grant-types", client.AuthorizationCode+" "+client.RefreshToken, "what it may do at the token endpoint; "+client.CIBA+" has customers asked on their phones")
	flags.StringVar(&ask.TLSSubjectDN, "tls-client-auth-subject-dn", "", "subject of the certificate that it authenticates by, as RFC 4514 writes it (RFC 8705)")
	flags.StringVar(&ask.TLSSANDNS, "tls-client-auth-san-dns", "", "or a DNS name of that certificate")
	flags.StringVar(&ask.TLSSANURI, "tls-client-auth-san-uri", "", "or a URI of it")
	flags.BoolVar(&ask.TLSBound, "certificate-bound-tokens", false, "its access tokens are good only with the certificate that they were asked for with, beside the DPoP key")
	flags.StringVar(&ask.IDTokenAlgorithm, "id-token-signed-response-alg", "ES256", "how its ID and logout tokens are signed; RS256, which FAPI 2.0 leaves out, for one that cannot read ES256")
	flags.BoolVar(&ask.FirstParty, "first-party", false, "a public app of the bank's own")
	addSettings(flags, "admin")
	_ = cmd.MarkFlagRequired("name")
	_ = cmd.MarkFlagRequired("scopes")
	return cmd
}

// clientDone is which client was registered or disabled.
type clientDone struct {
	ClientID string `json:"client_id"`
}

// registerClient and disableClient are client register and disable.
var (
	registerClient = hostAct[commands.RegisterClient, clientDone]{"/clients/register", func(ctx context.Context, l *ledger, b *commands.Bank, ask commands.RegisterClient) (clientDone, error) {
		ask.NearURIs = ask.BackchannelURI != "" && l.log.Genesis().Mode == eventbus.Sandbox
		_, err := b.Clients().Register(ctx, hostOrder(b, "client-registered-on-host"), ask)
		return clientDone{ask.ClientID}, err
	}}
	disableClient = hostAct[schemas.DisableClient, clientDone]{"/clients/disable", func(ctx context.Context, _ *ledger, b *commands.Bank, ask schemas.DisableClient) (clientDone, error) {
		_, err := b.Clients().Disable(ctx, hostOrder(b, "client-disabled-on-host"), ask.ClientID, ask.Reason)
		return clientDone{ask.ClientID}, err
	}}
)

func words(list string) []string { return strings.Fields(strings.ReplaceAll(list, ",", " ")) }

// keySetBytesMax bounds a key set; twenty keys are some 4 KiB.
const keySetBytesMax = 64 << 10

// readKeySet reads public keys and refuses whatever could be a private one: it
// would have been sent to us, and then it is nobody's secret any more.
func readKeySet(path string) ([]domain.PublicKey, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the client's keys: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, keySetBytesMax))
	if err != nil {
		return nil, fmt.Errorf("read the client's keys: %w", err)
	}
	var set struct {
		Keys []struct {
			domain.PublicKey
			Use        string   `json:"use"`
			Operations []string `json:"key_ops"`
		} `json:"keys"`
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&set); err != nil {
		return nil, fmt.Errorf("read the client's keys: %s is no JSON Web Key Set of public keys alone: %w", path, err)
	}
	var keys []domain.PublicKey
	for _, key := range set.Keys {
		if key.Use != "" && key.Use != "sig" {
			return nil, fmt.Errorf("read the client's keys: key %q does not sign with ES256 or PS256", key.KeyID)
		}
		keys = append(keys, key.PublicKey)
	}
	if len(keys) == 0 {
		return nil, errors.New("read the client's keys: the set is empty")
	}
	return keys, nil
}

func newClientDisable(environ []string) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "disable CLIENT_ID", Short: "Give a client no token any more, for good", Args: cobra.ExactArgs(1),
		Long: `Disables a client: it gets no token and no refresh any more, and access tokens that it has end
within five minutes. A running bank is asked over --admin with the token in --dir.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := disableClient.run(cmd, environ, schemas.DisableClient{ClientID: args[0], Reason: reason})
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Client %s is disabled.\n", done.ClientID)
			return nil
		},
	}
	addSettings(cmd.Flags(), "admin")
	cmd.Flags().StringVar(&reason, "reason", "", "a code, such as key-leaked")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

// listedClient is a client as 'client list' shows it.
type listedClient struct {
	ClientID     string   `json:"client_id"`
	Name         string   `json:"name"`
	Type         string   `json:"type"`
	FirstParty   bool     `json:"first_party"`
	Disabled     bool     `json:"disabled"`
	GrantTypes   []string `json:"grant_types"`
	Scopes       []string `json:"scopes"`
	RedirectURIs []string `json:"redirect_uris"`
}

func newClientList(environ []string) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Every client, also the disabled ones", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withLedger(cmd, environ, func(ctx context.Context, l *ledger, _ *commands.Bank) error {
				clients, err := clientsOf(ctx, l)
				if err != nil {
					return err
				}
				if jsonWanted(cmd) {
					return printJSON(cmd.OutOrStdout(), clients)
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "CLIENT\tNAME\tTYPE\tDISABLED\tSCOPES\tREDIRECTS")
				for _, c := range clients {
					fmt.Fprintf(table, "%s\t%s\t%s\t%t\t%s\t%s\n", c.ClientID, c.Name, c.Type, c.Disabled,
						strings.Join(c.Scopes, " "), strings.Join(c.RedirectURIs, " "))
				}
				return table.Flush()
			})
		},
	}
}

// clientsOf folds the stream of every client that the log's index names.
func clientsOf(ctx context.Context, l *ledger) ([]listedClient, error) {
	clients := []listedClient{}
	for stream, err := range l.log.Streams(ctx, "client") {
		if err != nil {
			return nil, err
		}
		var s client.State
		for stored, err := range l.log.ReadStream(ctx, stream, 0) {
			if err != nil {
				return nil, err
			}
			event, err := l.treaty.Clients.Decode(stored.Kind, stored.SchemaVersion, stored.ID, stored.Data)
			if err != nil {
				return nil, fmt.Errorf("read client at position %d: %w", stored.Position, err)
			}
			s = s.Evolve(event)
		}
		clients = append(clients, listedClient{s.ClientID, s.Name, s.Type, s.FirstParty, s.Disabled, s.GrantTypes, s.Scopes, s.RedirectURIs})
	}
	slices.SortFunc(clients, func(a, b listedClient) int { return strings.Compare(a.ClientID, b.ClientID) })
	return clients, nil
}
