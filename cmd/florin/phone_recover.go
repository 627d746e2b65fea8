package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

// recover is both halves of getting back into an account: with --user and --for one
// begins, with --recovery and the proofs one ends. On a phone that is new the keys
// are made and registered first.
func (a *app) recover() *cobra.Command {
	var user, what string
	var proofs phone.Proofs
	cmd := &cobra.Command{
		Use: "recover", Short: "Get back into an account: two proofs, and what is to be set anew", Args: cobra.NoArgs,
		Long: `Gets back into an account when a password, the second factors or a contact are lost, or unlocks it.
It takes two proofs: the code that was sent to a verified contact, this phone's fingerprint if it was
yours before, a recovery code (of your list, or the one that an operator gave you).

  florin phone recover --user ada --for password
  florin phone recover --recovery rec_... --code 123456 --fingerprint --password 'another pass phrase'
  florin phone recover --recovery rec_... --code 123456 --recovery-code ABCD-... --password '...'
  florin phone recover --recovery rec_... --fingerprint --recovery-code ABCD-... --email ada@new.example
  florin phone recover --recovery rec_... --email ada@new.example --contact-code 123456`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.loadOrMake(cmd)
			if err != nil {
				return err
			}
			var answer phone.Recovery
			switch {
			case proofs.Recovery != "":
				answer, err = p.CompleteRecovery(cmd.Context(), proofs)
			case user == "" || what == "":
				err = fmt.Errorf("%w: --user and --for begin a recovery, --recovery ends it", errUsage)
			default:
				answer, err = p.Recover(cmd.Context(), user, what)
				if profile := p.Profile(); err == nil && profile.UserName == "" {
					profile.UserName = user
					p.Remember(profile)
				}
			}
			if err := errors.Join(err, a.save(p)); err != nil {
				return err
			}
			answer.TOTP.Secret = "" // the phone keeps it
			return printJSON(cmd.OutOrStdout(), answer)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&user, "user", "", "user name, phone or e-mail")
	flags.StringVar(&what, "for", "", "password, factors, contact or unlock")
	flags.StringVar(&proofs.Recovery, "recovery", "", "rec_..., as it was begun")
	flags.StringVar(&proofs.Code, "code", "", "the code that was sent")
	flags.StringVar(&proofs.RecoveryCode, "recovery-code", "", "of your list, or the one that an operator gave you")
	flags.BoolVar(&proofs.BySCAKey, "fingerprint", false, "confirm with the key behind the fingerprint")
	flags.StringVar(&proofs.Password, "password", "", "the new one")
	flags.StringVar(&proofs.Email, "email", "", "the new one")
	flags.StringVar(&proofs.Phone, "phone", "", "the new one, E.164")
	flags.StringVar(&proofs.ContactCode, "contact-code", "", "the code that was sent to the new contact")
	return cmd
}

// loadOrMake reads the phone back; if there is none it is a new one, registered.
func (a *app) loadOrMake(cmd *cobra.Command) (*phone.Phone, error) {
	if _, err := os.Stat(a.file); err == nil {
		return a.load(cmd)
	}
	p, err := a.fresh(cmd)
	if err != nil {
		return nil, err
	}
	return p, errors.Join(p.Register(cmd.Context()), a.save(p))
}

// contact changes or verifies where the customer is reached.
func (a *app) contact() *cobra.Command {
	body := map[string]string{}
	var email, number, code string
	cmd := a.act("contact", "Change or verify a contact: first without, then with the code that was sent there", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		for name, value := range map[string]string{"email": email, "phone": number, "code": code} {
			if value != "" {
				body[name] = value
			}
		}
		answer, err := p.Command(cmd.Context(), http.MethodPatch, "/v1/customers/me", body, p.NewID())
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
	flags := cmd.Flags()
	flags.StringVar(&email, "email", "", "one of the two")
	flags.StringVar(&number, "phone", "", "E.164")
	flags.StringVar(&code, "code", "", "the code that was sent there")
	return cmd
}

// recoveryCodes shows a new list, once.
func (a *app) recoveryCodes() *cobra.Command {
	return a.act("recovery-codes", "Make a new list of recovery codes; the one before ends", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		answer, err := p.Command(cmd.Context(), http.MethodPost, "/v1/factors/recovery-codes", nil, p.NewID())
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
}
