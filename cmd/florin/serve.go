package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/spf13/cobra"
)

func newServe(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the bank: HTTP API, log and read models, in one process or apart",
		Long: `Serves the bank on --listen, and its health and metrics on --admin. The first start in an empty
--dir begins a new bank: its log, its keys, its mode.

A bank begun with --sandbox lets anybody enrol and pay in, serves localhost only, and stays a
sandbox for ever. Without it the bank is in production: it begins with a --legal-entity, so that no
mistyped --dir begins one, and its operators are created on the host, with 'florin operator create'.

With --log the log lies on a server. A process that finds another one writing it stands by until that one ends.

With --only core and --only gateway the bank is two processes, or more: strangers talk to a gateway,
which holds no log and no key ring, and it talks to the core at --internal over mTLS.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			logger, err := newLogger(cmd.ErrOrStderr(), c.LogLevel)
			if err != nil {
				return err
			}
			slog.SetDefault(logger)
			if c.Only == onlyGateway {
				return serveEdge(cmd.Context(), c, logger)
			}
			b, err := build(cmd.Context(), c, logger)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, b.close()) }()
			if err := makeAdminToken(c.Dir); err != nil {
				return err
			}
			return b.run(cmd.Context(), func(public, admin net.Addr) {
				logger.Info("serving", "issuer", c.Issuer, "listen", public.String(), "admin", admin.String(), "dir", c.Dir,
					"mode", b.ledger.log.Genesis().Mode, "build", buildVersion())
			})
		},
	}
	addServeFlags(cmd.Flags())
	return cmd
}

// newLogger writes one JSON object a line; personal data redacts itself.
func newLogger(w io.Writer, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("%w: log level %q: debug, info, warn or error", errUsage, level)
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l})), nil
}
