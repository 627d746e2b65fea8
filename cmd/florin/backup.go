package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"florin/commands"
	"florin/eventbus"
	"florin/eventbus/embedded"
)

// copyOrder is what a backup is asked for. Keys go to a place of their own:
// together with the log they undo an erasure.
type copyOrder struct {
	To     string `json:"to"`      // a new directory
	KeysTo string `json:"keys_to"` // a new file; "": the ring is not copied
}

// backUp copies a ledger that is open, while it is written, and records that.
func backUp(ctx context.Context, l *ledger, b *commands.Bank, order copyOrder) (m embedded.Manifest, err error) {
	if l.engine.local == nil {
		return m, errElsewhere
	}
	host := hostOrder(b, "backup")
	if _, err := b.Accesses().Read(ctx, host, "backup", filepath.Base(order.To)); err != nil {
		return m, fmt.Errorf("record the backup: %w", err)
	}
	if order.KeysTo != "" { // keys first: a log whose keys are missing cannot be read
		if err := l.ring.Copy(order.KeysTo); err != nil {
			return m, fmt.Errorf("back up the keys: %w", err)
		}
	}
	return l.engine.local.Backup(order.To, l.log.Genesis().Ledger.String())
}

// serveBackup lets 'florin backup' ask the running bank, over the admin listener.
func (b *bank) serveBackup(w http.ResponseWriter, r *http.Request) {
	var order copyOrder
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&order); err != nil || !filepath.IsAbs(order.To) {
		http.Error(w, "to is an absolute path of a new directory", http.StatusBadRequest)
		return
	}
	m, err := backUp(r.Context(), b.ledger, b.write, order)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(m)
}

func newBackup(environ []string) *cobra.Command {
	var order copyOrder
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy the log to a new directory, also while the bank runs",
		Long: `Copies the log, as it is at this moment, into a new directory, also while the bank runs (then the
bank does it, asked over --admin with the token in --dir). The key ring goes to --keys-to, which belongs somewhere else:
whoever holds both can read what was erased. The master key is never copied.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			if order, err = order.absolute(); err != nil {
				return err
			}
			m, err := askBank[embedded.Manifest](cmd.Context(), c, "/backup", order)
			if errors.Is(err, syscall.ECONNREFUSED) {
				err = withLedger(cmd, environ, func(ctx context.Context, l *ledger, b *commands.Bank) error {
					m, err = backUp(ctx, l, b, order)
					return err
				})
				if held(err) {
					err = unheard(c)
				}
			}
			if err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), m)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Backed up to position %d in %s.\n", m.Position, order.To)
			if order.KeysTo == "" {
				fmt.Fprintln(cmd.OutOrStdout(), "The key ring is not in it: back it up apart, with --keys-to FILE. Without it every sealed field is lost.")
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&order.To, "to", "", "a new directory for the log")
	flags.StringVar(&order.KeysTo, "keys-to", "", "a new file for the key ring, elsewhere")
	addSettings(flags, "admin")
	_ = cmd.MarkFlagRequired("to")
	return cmd
}

func (o copyOrder) absolute() (copyOrder, error) {
	to, err := filepath.Abs(o.To)
	if err != nil {
		return o, err
	}
	keys := o.KeysTo
	if keys != "" {
		keys, err = filepath.Abs(keys)
	}
	return copyOrder{to, keys}, err
}

func newRestore(environ []string) *cobra.Command {
	var from, keys string
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Put a backup into a new --dir, and verify every record of it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd.Flags(), environ)
			if err != nil {
				return err
			}
			p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
			s := p.begin("restore and verify", 1)
			_, end, err := embedded.Restore(cmd.Context(), from, logDir(c.Dir), embedded.Options{}, func(done, total eventbus.Position) { s.of(int64(done), int64(total)) })
			if err != nil {
				s.fail(err.Error())
				p.wait()
				return err
			}
			s.end(fmt.Sprintf("whole up to position %d", end.Position))
			p.wait()
			if err := restoreKeys(keys, c.Dir); err != nil {
				return err
			}
			if jsonWanted(cmd) {
				return printJSON(cmd.OutOrStdout(), map[string]any{"position": end.Position, "hash": shortHash(end.Hash), "keys": keys != ""})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "Restored to %s. Put the master key to %s (or name it by --master-key-file), then serve.\n",
				c.Dir, filepath.Join(c.Dir, "keys", "master.key"))
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the directory that 'florin backup' made")
	cmd.Flags().StringVar(&keys, "keys", "", "the key ring's own backup")
	_ = cmd.MarkFlagRequired("from")
	return cmd
}

// restoreKeys puts the ring where the bank looks for it; it never overwrites one.
func restoreKeys(from, dir string) error {
	if from == "" {
		return nil
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the key ring's backup: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(ringFile(dir)), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(ringFile(dir), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("restore the key ring: %w", err)
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}
