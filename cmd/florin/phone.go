package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"florin/gateway/phone"
)

// newPhone is a simulated mobile app: it keeps its keys and tokens in a file and
// makes every proof and signature that the API asks for.
func newPhone() *cobra.Command {
	app := &app{}
	cmd := &cobra.Command{
		Use:   "phone",
		Short: "A simulated mobile app, for trying the API by hand",
		Long: `A simulated mobile app. It keeps two keys and its tokens in --state (owner only), and makes every
proof and signature that the API asks for. With --verbose it shows each request as it was sent.

  florin phone enrol --user ada --password 'a long pass phrase'
  florin phone login
  florin phone open --currency EUR
  florin phone deposit --to acc_... --amount 1000.00
  florin phone transfer --from acc_... --to acc_... --amount 12.50
  florin phone transfer --from acc_... --to acc_... --amount 900.00 --confirm
  florin phone get /v1/accounts
  florin phone contact --email ada@example.org          # verify it: with --code, the second time
  florin phone maker                                    # a simulated maker; then enrol --maker maker, and attest
  florin phone recovery-codes
  florin phone devices                                  # and rename, revoke, lost; sessions and end
  florin phone --state new.json join --user ada --password 'a long pass phrase' --by email
  florin phone approvals                                # and approve, deny: what a new phone asks with --by push
  florin phone recover --user ada --for password`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&app.base, "url", "http://127.0.0.1:8080", "the bank's issuer")
	flags.StringVar(&app.file, "state", "phone.json", "where the phone keeps its keys and tokens")
	flags.BoolVar(&app.verbose, "verbose", false, "show requests and answers as they were sent")
	cmd.AddCommand(app.enrol(), app.login(), app.refresh(), app.open(), app.deposit(), app.transfer(), app.get(), app.contact(), app.recoveryCodes(), app.recover(), app.machine(), app.operator(), app.join())
	cmd.AddCommand(app.maker(), app.attest())
	cmd.AddCommand(app.devices()...)
	cmd.AddCommand(app.approvals()...)
	return cmd
}

// app is the command line around a phone.
type app struct {
	base    string
	file    string
	verbose bool
	madeBy  string // directory of its maker
	format  string // that the maker attests by
}

// saved is the phone at rest, and which bank it belongs to.
type saved struct {
	Base  string          `json:"base"`
	Phone json.RawMessage `json:"phone"`
}

func (a *app) settings(cmd *cobra.Command) (phone.Settings, error) {
	settings := phoneSettings(a.base, nil)
	var err error
	if settings.Platform, err = a.platform(); err != nil {
		return settings, err
	}
	if a.verbose {
		settings.Trace = func(r phone.Request, answer phone.Answer) { show(cmd.ErrOrStderr(), r, answer) }
	}
	return settings, nil
}

// show prints an exchange. Tokens and proofs are part of it: it is for trying.
func show(w io.Writer, r phone.Request, answer phone.Answer) {
	fmt.Fprintf(w, "> %s %s\n", r.Method, r.Path)
	for _, name := range headerNames(r.Header) {
		fmt.Fprintf(w, "> %s: %s\n", name, strings.Join(r.Header[name], ", "))
	}
	if len(r.Body) > 0 {
		fmt.Fprintf(w, "> %s\n", r.Body)
	}
	fmt.Fprintf(w, "< %d %s\n", answer.Status, http.StatusText(answer.Status))
	for _, name := range headerNames(answer.Header) {
		fmt.Fprintf(w, "< %s: %s\n", name, strings.Join(answer.Header[name], ", "))
	}
	fmt.Fprintln(w)
}

func headerNames(header http.Header) []string {
	var names []string
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// load reads the phone back; the bank it belongs to wins over --url's default.
func (a *app) load(cmd *cobra.Command) (*phone.Phone, error) {
	data, err := os.ReadFile(a.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no phone in %s: begin with 'florin phone enrol'", a.file)
	}
	if err != nil {
		return nil, err
	}
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("read %s: %w", a.file, err)
	}
	if flag := cmd.Flags().Lookup("url"); s.Base != "" && !flag.Changed {
		a.base = s.Base
	}
	settings, err := a.settings(cmd)
	if err != nil {
		return nil, err
	}
	return phone.Load(settings, s.Phone)
}

func (a *app) save(p *phone.Phone) error { return savePhone(a.file, a.base, p) }

func savePhone(file, base string, p *phone.Phone) error {
	inner, err := p.Save()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(saved{base, inner}, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(file, data)
}

// writePrivate replaces a file that only its owner may read, all or nothing.
func writePrivate(path string, data []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".florin-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(data)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}

// act is a command that loads the phone, does something, and saves it.
func (a *app) act(use, short string, do func(*cobra.Command, []string, *phone.Phone) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.load(cmd)
			if err != nil {
				return err
			}
			return errors.Join(do(cmd, args, p), a.save(p))
		},
	}
}

// printAnswer shows a body as it came; a refusal is the command's error.
func printAnswer(cmd *cobra.Command, answer phone.Answer) error {
	if err := answer.OK(); err != nil {
		return err
	}
	var body any
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		_, err = cmd.OutOrStdout().Write(answer.Body)
		return err
	}
	return printJSON(cmd.OutOrStdout(), body)
}
