package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

// machine tries the API as an operator or machine does: with a registered key,
// and no customer, device or state.
func (a *app) machine() *cobra.Command {
	var keyFile, clientID string
	cmd := &cobra.Command{
		Use:   "machine",
		Short: "Act as an operator or machine, with the key that 'florin operator create' wrote",
		Long: `Acts as an operator or machine: asks for a token with private_key_jwt and DPoP for every call, and
signs what it posts. Nothing is kept.

  florin phone machine --key-file eve.pem --client opr_... get /v1/audit/events?limit=5
  florin phone machine --key-file eve.pem --client opr_... get /v1/analytics/v_accounts
  florin phone machine --key-file eve.pem --client opr_... post /v1/deposits '{"to":"acc_...","amount":"100.00","currency":"EUR"}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&keyFile, "key-file", "", "the private key (PEM, PKCS #8)")
	flags.StringVar(&clientID, "client", "", "client_id: opr_..., or that of a registered client")
	for _, flag := range []string{"key-file", "client"} {
		_ = cmd.MarkPersistentFlagRequired(flag)
	}
	login := func(cmd *cobra.Command) (*phone.Phone, error) {
		key, err := readKey(keyFile)
		if err != nil {
			return nil, err
		}
		p, err := a.fresh(cmd)
		if err != nil {
			return nil, err
		}
		return p, p.LoginByKey(cmd.Context(), clientID, key)
	}
	cmd.AddCommand(machineGet(login), machinePost(login))
	return cmd
}

// keyed logs in with the key of the flags.
type keyed func(*cobra.Command) (*phone.Phone, error)

func machineGet(login keyed) *cobra.Command {
	return &cobra.Command{
		Use: "get PATH", Short: "Read a resource", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := login(cmd)
			if err != nil {
				return err
			}
			answer, err := p.Get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printAnswer(cmd, answer)
		},
	}
}

func machinePost(login keyed) *cobra.Command {
	var idempotencyKey string
	post := &cobra.Command{
		Use: "post PATH [BODY]", Short: "Send a signed command", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			body := json.RawMessage("{}")
			if len(args) == 2 {
				body = json.RawMessage(args[1])
			}
			if !json.Valid(body) {
				return fmt.Errorf("%w: BODY is JSON", errUsage)
			}
			p, err := login(cmd)
			if err != nil {
				return err
			}
			if idempotencyKey == "" {
				idempotencyKey = p.NewID()
			}
			answer, err := p.Insist(cmd.Context(), http.MethodPost, args[0], body, idempotencyKey)
			if err != nil {
				return err
			}
			return printAnswer(cmd, answer)
		},
	}
	post.Flags().StringVar(&idempotencyKey, "key", "", "idempotency key (default: a new one); the same key is the same command")
	return post
}

// readKey is the private key that writeKey kept.
func readKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the private key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("read the private key: %s is not PEM of a PKCS #8 key", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("read the private key: it cannot be parsed") // err might show a part of it
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("read the private key: it is not an EC key")
	}
	return key, nil
}
