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

// operator tries the API as a person who runs the bank does: enrolled once, then
// logged in with two factors.
func (a *app) operator() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "operator",
		Short: "Act as an operator who is a person: enrol, log in, propose, approve",
		Long: `Acts as an operator who is a person: 'florin operator create --person' on the host prints the code to
enrol with. Keys, password, authenticator and tokens are kept in --state; give each operator a file.
A session is over when it was not used for a quarter of an hour, and what changes something wants a
login of the last five minutes: log in again when the bank asks for it.

  florin phone --state olga.json operator enrol --user olga --code XXXXXXXXXXXXX-XXXXXXXXXXXXX --password 'a long pass phrase'
  florin phone --state olga.json operator login
  florin phone --state olga.json operator post /v1/customers/cus_.../restriction '{"reason":"sanctions-check"}'
  florin phone --state olga.json operator propose reversal '{"transfer":"trf_..."}' --reason sent-twice
  florin phone --state otto.json operator get '/v1/operators/proposals?status=pending'
  florin phone --state otto.json operator approve prp_...`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.operatorEnrol(), a.operatorLogin(), a.operatorGet(), a.operatorPost(), a.operatorPropose(),
		a.operatorDecide("approve", "approval", "Agree to another operator's proposal, which is done with it", false),
		a.operatorDecide("reject", "rejection", "Disagree with another operator's proposal", true),
		a.operatorDecide("withdraw", "withdrawal", "Take an own proposal back", true))
	return cmd
}

func (a *app) operatorEnrol() *cobra.Command {
	var user, code, password string
	cmd := &cobra.Command{
		Use: "enrol", Short: "Enrol with the code from the host or from two operators", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := os.Stat(a.file); err == nil {
				return fmt.Errorf("there is a phone in %s already: give another --state", a.file)
			}
			p, err := a.fresh(cmd)
			if err != nil {
				return err
			}
			if err := p.EnrolOperator(cmd.Context(), user, code, password); err != nil {
				return err
			}
			if err := a.save(p); err != nil {
				return err
			}
			profile := p.Profile()
			return printJSON(cmd.OutOrStdout(), map[string]string{"operator_id": profile.Operator, "user_name": profile.UserName})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&user, "user", "", "user name")
	flags.StringVar(&code, "code", "", "enrolment code, both parts")
	flags.StringVar(&password, "password", "", "a new one")
	for _, flag := range []string{"user", "code", "password"} {
		_ = cmd.MarkFlagRequired(flag)
	}
	return cmd
}

// operatorLogin shows which scopes the roles have given.
func (a *app) operatorLogin() *cobra.Command {
	return a.act("login", "Log in with password and one-time password", func(cmd *cobra.Command, _ []string, p *phone.Phone) error {
		if p.Profile().Operator == "" {
			return fmt.Errorf("%w: this is a customer's phone", errUsage)
		}
		if err := p.Login(cmd.Context()); err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), map[string]string{"operator_id": p.Profile().Operator, "scope": p.Tokens().Scope})
	})
}

// operatorSend is a command that sends one signed request.
func (a *app) operatorSend(use, short string, args cobra.PositionalArgs, ask func(args []string) (path string, body any, err error)) *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			path, body, err := ask(args)
			if err != nil {
				return err
			}
			p, err := a.load(cmd)
			if err != nil {
				return err
			}
			if key == "" {
				key = p.NewID()
			}
			answer, err := p.Insist(cmd.Context(), http.MethodPost, path, body, key)
			if err = errors.Join(err, a.save(p)); err != nil {
				return err
			}
			return printAnswer(cmd, answer)
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "idempotency key (default: a new one); the same key is the same command")
	return cmd
}

func (a *app) operatorGet() *cobra.Command {
	return &cobra.Command{
		Use: "get PATH", Short: "Read a resource", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(cmd)
			if err != nil {
				return err
			}
			answer, err := p.Get(cmd.Context(), args[0])
			if err = errors.Join(err, a.save(p)); err != nil {
				return err
			}
			return printAnswer(cmd, answer)
		},
	}
}

func (a *app) operatorPost() *cobra.Command {
	return a.operatorSend("post PATH [BODY]", "Send a signed command", cobra.RangeArgs(1, 2), func(args []string) (string, any, error) {
		body, err := jsonOf(append(args, "{}")[1])
		return args[0], body, err
	})
}

func (a *app) operatorPropose() *cobra.Command {
	var reason string
	cmd := a.operatorSend("propose KIND DETAILS", "Propose what takes two: reversal, erasure, role-grant, ...", cobra.ExactArgs(2), func(args []string) (string, any, error) {
		details, err := jsonOf(args[1])
		return "/v1/operators/proposals", map[string]any{"kind": args[0], "details": details, "reason": reason}, err
	})
	cmd.Flags().StringVar(&reason, "reason", "", "a code")
	_ = cmd.MarkFlagRequired("reason")
	return cmd
}

func (a *app) operatorDecide(use, act, short string, reasoned bool) *cobra.Command {
	var reason string
	cmd := a.operatorSend(use+" PROPOSAL", short, cobra.ExactArgs(1), func(args []string) (string, any, error) {
		body := map[string]string{}
		if reasoned {
			body["reason"] = reason
		}
		return "/v1/operators/proposals/" + args[0] + "/" + act, body, nil
	})
	if reasoned {
		cmd.Flags().StringVar(&reason, "reason", "", "a code")
		_ = cmd.MarkFlagRequired("reason")
	}
	return cmd
}

func jsonOf(text string) (json.RawMessage, error) {
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("%w: BODY is JSON", errUsage)
	}
	return json.RawMessage(text), nil
}
