package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

// devices are the commands about what may act for the customer: devices, sessions
// and factors. Each list says in its answer what the others take.
func (a *app) devices() []*cobra.Command {
	end := func(use, short, method, path, suffix, next string) *cobra.Command {
		cmd := a.act(use+" ID", short, func(cmd *cobra.Command, args []string, p *phone.Phone) error {
			answer, err := p.Command(cmd.Context(), method, path+args[0]+suffix, nil, p.NewID())
			if err != nil {
				return err
			}
			if answer.Status == http.StatusUnauthorized {
				fmt.Fprintln(cmd.ErrOrStderr(), "This takes a login of the last five minutes: 'florin phone login', then the same again.")
			} else if answer.OK() == nil {
				fmt.Fprintln(cmd.ErrOrStderr(), next)
			}
			return printAnswer(cmd, answer)
		})
		cmd.Args = cobra.ExactArgs(1)
		return cmd
	}
	list := func(use, short, path string) *cobra.Command {
		return a.act(use, short, func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
			answer, err := p.Get(cmd.Context(), path)
			if err != nil {
				return err
			}
			return printAnswer(cmd, answer)
		})
	}
	return []*cobra.Command{
		list("devices", "List the customer's devices: what 'rename', 'revoke' and 'lost' take is device_id", "/v1/devices"),
		list("sessions", "List the customer's sessions: what 'end' takes is session_id", "/v1/sessions"),
		list("factors", "List the ways to log in: what 'remove-factor' takes is factor_id", "/v1/factors"),
		a.rename(), a.authenticator(), a.passkey(), a.expect(),
		end("revoke", "Remove a device and end its sessions", http.MethodDelete, "/v1/devices/", "", "The device is logged out. If it was this one: 'florin phone join' with another --state makes a new one."),
		end("lost", "Report a device lost and end its sessions", http.MethodPost, "/v1/devices/", "/lost",
			"The device is logged out. Without any phone, the bank's page /account/devices does the same."),
		end("end", "End a session", http.MethodDelete, "/v1/sessions/", "", "The session is ended. If it was this one: 'florin phone login' begins another."),
		end("remove-factor", "Remove a way to log in", http.MethodDelete, "/v1/factors/", "", "It is good for nothing any more."),
	}
}

func (a *app) rename() *cobra.Command {
	cmd := a.act("rename ID NAME", "Give a device a name", func(cmd *cobra.Command, args []string, p *phone.Phone) error {
		answer, err := p.Command(cmd.Context(), http.MethodPatch, "/v1/devices/"+args[0], map[string]string{"name": args[1]}, p.NewID())
		if err != nil {
			return err
		}
		return printAnswer(cmd, answer)
	})
	cmd.Args = cobra.ExactArgs(2)
	return cmd
}

// authenticator adds a second authenticator app, which is this phone as well: it
// confirms the secret with its first code and keeps it.
func (a *app) authenticator() *cobra.Command {
	return a.act("totp", "Add an authenticator app (this phone is it) and confirm it", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		answer, err := p.AddAuthenticator(cmd.Context())
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "From now on 'login' uses it. It authorises payments after 24 hours.")
		return printAnswer(cmd, answer)
	})
}

func (a *app) expect() *cobra.Command {
	return a.act("expect", "Give a word for the next phone: with it nobody who guesses at the name keeps that phone out", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		answer, err := p.Expect(cmd.Context())
		if err != nil {
			return err
		}
		if answer.OK() == nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "On the next phone, within ten minutes: 'florin phone join --expected' with this word.")
		}
		return printAnswer(cmd, answer)
	})
}

func (a *app) passkey() *cobra.Command {
	return a.act("passkey", "Add a passkey that this phone holds", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		answer, err := p.AddPasskey(cmd.Context())
		if err != nil {
			return err
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "'florin phone login --passkey' uses it. It authorises payments after 24 hours.")
		return printAnswer(cmd, answer)
	})
}

// join makes a phone of a customer who has another one, or had one.
func (a *app) join() *cobra.Command {
	var who phone.Profile
	var by, given, word string
	cmd := &cobra.Command{
		Use: "join", Short: "Register this phone and log in as a customer who is there already", Args: cobra.NoArgs,
		Long: `Registers a new phone in --state and logs in with the password and one thing more:

  --by totp           the code of the authenticator app
  --by email, sms     a code that is sent: 'florin serve' prints it. It lets this phone look, and not act
  --by recovery-code  one of the codes that 'florin phone recovery-codes' has printed
  --by push           the customer's word on another phone: 'florin phone approve'

The code is asked for and read from standard input, or given with --code.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.newPhone(cmd)
			if err != nil {
				return err
			}
			p.Remember(who)
			p.Bring(word)
			if err := p.Register(cmd.Context()); err != nil {
				return err
			}
			if by == "push" {
				err = p.LoginByApproval(cmd.Context(), func(number string) {
					fmt.Fprintf(cmd.ErrOrStderr(), "On the other phone, within two minutes: 'florin phone approvals', then 'approve' with the number %s\n", number)
				})
				return a.joined(cmd, p, err)
			}
			err = p.LoginBy(cmd.Context(), by, func(prompt string) (code string, err error) {
				if given != "" {
					return given, nil
				}
				fmt.Fprint(cmd.ErrOrStderr(), prompt+": ")
				if _, err = fmt.Fscanln(cmd.InOrStdin(), &code); err != nil {
					err = fmt.Errorf("no code was typed; type it when you are asked, or give --code: %w", err)
				}
				return code, err
			})
			return a.joined(cmd, p, err)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&who.UserName, "user", "", "user name, phone number or e-mail address")
	flags.StringVar(&who.Password, "password", "", "the customer's")
	flags.StringVar(&by, "by", "totp", "totp, email, sms, recovery-code or push")
	flags.StringVar(&word, "expected", "", "the word that 'florin phone expect' has printed on another phone")
	flags.StringVar(&given, "code", "", "do not ask for the code: this is it")
	_, _ = cmd.MarkFlagRequired("user"), cmd.MarkFlagRequired("password")
	return cmd
}

// joined keeps a phone that has logged in, and none that has not.
func (a *app) joined(cmd *cobra.Command, p *phone.Phone, err error) error {
	if err != nil {
		return err
	}
	if err := a.save(p); err != nil {
		return err
	}
	return printTokens(cmd, p)
}
