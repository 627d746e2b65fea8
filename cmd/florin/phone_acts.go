package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

func (a *app) enrol() *cobra.Command {
	var who phone.Person
	cmd := &cobra.Command{
		Use: "enrol", Short: "Make a customer (sandbox), register this phone, log in", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.newPhone(cmd)
			if err != nil {
				return err
			}
			if who.Email == "" {
				who.Email = who.UserName + "@example.org"
			}
			if who.Phone == "" {
				who.Phone = randomPhone()
			}
			if who.Name == "" {
				who.Name = who.UserName
			}
			if err := p.Enrol(cmd.Context(), who); err != nil {
				return err
			}
			if err := a.save(p); err != nil { // the TOTP secret is shown once
				return err
			}
			if err := p.Register(cmd.Context()); err != nil {
				return err
			}
			if err := errors.Join(p.Login(cmd.Context()), a.save(p)); err != nil {
				return err
			}
			profile := p.Profile()
			profile.Password, profile.TOTPSecret, profile.Passkey = "***", "***", nil
			return printJSON(cmd.OutOrStdout(), profile)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&who.UserName, "user", "", "user name")
	flags.StringVar(&who.Password, "password", "", "at least 12 characters")
	flags.StringVar(&who.Name, "name", "", "as payers see it (default: the user name)")
	flags.StringVar(&who.Email, "email", "", "default: made up")
	flags.StringVar(&who.Phone, "phone", "", "E.164; default: made up")
	_, _ = cmd.MarkFlagRequired("user"), cmd.MarkFlagRequired("password")
	a.addMaker(cmd)
	return cmd
}

// newPhone is one that nobody has logged in on; there must be none in --state yet.
func (a *app) newPhone(cmd *cobra.Command) (*phone.Phone, error) {
	if _, err := os.Stat(a.file); err == nil {
		return nil, fmt.Errorf("there is a phone in %s already: give another --state", a.file)
	}
	return a.fresh(cmd)
}

// fresh is a phone with new keys.
func (a *app) fresh(cmd *cobra.Command) (*phone.Phone, error) {
	settings, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	return phone.New(settings)
}

func (a *app) login() *cobra.Command {
	var passkey, scaKey bool
	cmd := a.act("login", "Log in again with password and, where the bank asks, TOTP; or with --passkey or --sca-key", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		logIn := p.Login
		switch {
		case passkey:
			logIn = p.LoginByPasskey
		case scaKey:
			logIn = p.LoginBySCAKey
		}
		if err := logIn(cmd.Context()); errors.Is(err, phone.ErrNoPasskey) {
			return fmt.Errorf("%w: 'florin phone passkey'", err)
		} else if err != nil {
			return err
		}
		return printTokens(cmd, p)
	})
	cmd.Flags().BoolVar(&passkey, "passkey", false, "with the passkey that 'florin phone passkey' has made")
	cmd.Flags().BoolVar(&scaKey, "sca-key", false, "without a password, by the key behind the fingerprint")
	cmd.MarkFlagsMutuallyExclusive("passkey", "sca-key")
	return cmd
}

func (a *app) refresh() *cobra.Command {
	return a.act("refresh", "Rotate the refresh token", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		if err := p.Refresh(cmd.Context()); err != nil {
			return err
		}
		return printTokens(cmd, p)
	})
}

func printTokens(cmd *cobra.Command, p *phone.Phone) error {
	tokens := p.Tokens()
	return printJSON(cmd.OutOrStdout(), map[string]any{"scope": tokens.Scope, "expires_in": tokens.ExpiresIn, "token_type": tokens.Type})
}

func (a *app) open() *cobra.Command {
	var currency string
	cmd := a.act("open", "Open an account", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		answer, err := p.Insist(cmd.Context(), http.MethodPost, "/v1/accounts", map[string]string{"currency": currency}, p.NewID())
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
	cmd.Flags().StringVar(&currency, "currency", "EUR", "ISO 4217 code")
	return cmd
}

func (a *app) deposit() *cobra.Command {
	var order phone.Order
	cmd := a.act("deposit", "Pay cash into an account (sandbox)", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		body := map[string]string{"to": order.To, "amount": order.Amount, "currency": order.Currency}
		answer, err := p.Insist(cmd.Context(), http.MethodPost, "/v1/deposits", body, p.NewID())
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
	orderFlags(cmd, &order)
	return cmd
}

func orderFlags(cmd *cobra.Command, order *phone.Order) {
	flags := cmd.Flags()
	flags.StringVar(&order.To, "to", "", "acc_...")
	flags.StringVar(&order.Amount, "amount", "", "decimal with the currency's digits, such as 12.50")
	flags.StringVar(&order.Currency, "currency", "EUR", "ISO 4217 code")
	_, _ = cmd.MarkFlagRequired("to"), cmd.MarkFlagRequired("amount")
}

func (a *app) transfer() *cobra.Command {
	var order phone.Order
	var key, confirm string
	cmd := a.act("transfer", "Transfer money; answer the challenge with --confirm", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		if key == "" {
			key = p.NewID()
		}
		transfer, err := p.Transfer(cmd.Context(), order, key)
		if err != nil {
			return err
		}
		if transfer.Status == "challenged" && confirm != "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "The phone shows: %s\n", transfer.Challenge.Display)
			if transfer, err = confirmBy(cmd, p, transfer, confirm); err != nil {
				return err
			}
		}
		var body any
		if err := json.Unmarshal(transfer.Raw, &body); err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), body)
	})
	orderFlags(cmd, &order)
	flags := cmd.Flags()
	flags.StringVar(&order.From, "from", "", "acc_...")
	flags.StringVar(&order.Reference, "reference", "", "remittance text")
	flags.StringVar(&key, "key", "", "idempotency key (default: a new one); the same key is the same transfer")
	flags.StringVar(&confirm, "confirm", "", "answer a challenge: sca-key or totp")
	flags.Lookup("confirm").NoOptDefVal = "sca-key"
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

func confirmBy(cmd *cobra.Command, p *phone.Phone, transfer phone.Transfer, method string) (phone.Transfer, error) {
	switch method {
	case "sca-key":
		return p.AuthoriseBySCAKey(cmd.Context(), transfer)
	case "totp":
		return p.AuthoriseByTOTP(cmd.Context(), transfer)
	}
	return phone.Transfer{}, fmt.Errorf("%w: --confirm is sca-key or totp", errUsage)
}

func (a *app) get() *cobra.Command {
	cmd := a.act("get PATH", "Read a resource, such as /v1/accounts", func(cmd *cobra.Command, args []string, p *phone.Phone) error {
		answer, err := p.Get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
	cmd.Args = cobra.ExactArgs(1)
	return cmd
}
