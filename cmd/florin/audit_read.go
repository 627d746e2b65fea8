package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"florin/domain/id"
	"florin/eventbus"
)

// line is an event as auditors export it: as stored, with its place in the chain.
type line struct {
	Position    eventbus.Position `json:"position"`
	EventID     uuid.UUID         `json:"event_id"`
	Stream      eventbus.Stream   `json:"stream"`
	Version     eventbus.Version  `json:"version"`
	Kind        string            `json:"kind"`
	Schema      uint16            `json:"schema_version"`
	Data        json.RawMessage   `json:"data"`
	Hash        string            `json:"hash"`
	CommitID    uuid.UUID         `json:"commit_id"`
	CommitHash  string            `json:"commit_hash"`
	RecordedAt  time.Time         `json:"recorded_at"`
	BookedAt    time.Time         `json:"booked_at,omitzero"`
	ActorType   string            `json:"actor_type,omitempty"`
	Actor       uuid.UUID         `json:"actor,omitzero"`
	OnBehalfOf  uuid.UUID         `json:"on_behalf_of,omitzero"`
	Approver    uuid.UUID         `json:"approver,omitzero"`
	Client      uuid.UUID         `json:"client,omitzero"`
	Device      uuid.UUID         `json:"device,omitzero"`
	Session     uuid.UUID         `json:"session,omitzero"`
	ACR         string            `json:"acr,omitempty"`
	AMR         []string          `json:"amr,omitempty"`
	TokenID     string            `json:"jti,omitempty"`
	Reason      string            `json:"reason,omitempty"`
	Correlation uuid.UUID         `json:"correlation,omitzero"`
	Causation   uuid.UUID         `json:"causation,omitzero"`
	Build       string            `json:"build,omitempty"`
	Epoch       uint64            `json:"epoch"`
	Told        *told             `json:"told,omitempty"` // in a timeline: the same for a reader
}

func lineOf(r eventbus.Record, e eventbus.Recorded) line {
	h := r.Header
	return line{
		Position: e.Position, EventID: e.ID, Stream: e.Stream, Version: e.Version, Kind: e.Kind, Schema: e.SchemaVersion,
		Data: json.RawMessage(e.Data), Hash: hex.EncodeToString(e.Hash[:]), CommitID: r.ID, CommitHash: hex.EncodeToString(r.Hash[:]),
		RecordedAt: r.RecordedAt, BookedAt: h.BookedAt, ActorType: h.ActorType, Actor: h.Actor, OnBehalfOf: h.OnBehalfOf,
		Approver: h.Approver, Client: h.Client, Device: h.Device, Session: h.Session, ACR: h.ACR, AMR: h.AMR, TokenID: h.TokenID,
		Reason: h.Reason, Correlation: h.Correlation, Causation: h.Causation, Build: h.BuildVersion, Epoch: r.WriterEpoch,
	}
}

// question selects events of the log.
type question struct {
	customer    id.Customer
	belongings  belongings // the customer's
	stream      eventbus.Stream
	correlation uuid.UUID
}

func (q question) wants(r eventbus.Record, e eventbus.Recorded) bool {
	switch {
	case q.stream != "":
		return e.Stream == q.stream
	case q.correlation != uuid.Nil:
		return r.Header.Correlation == q.correlation
	case !q.customer.IsZero():
		return q.belongings.tell(r, e)
	}
	return true
}

// each hands every wanted event to show, in the order of the log.
func (a *archive) each(ctx context.Context, q question, s *step, show func(line) error) error {
	for record, err := range a.log.ReadAll(ctx, 0) {
		if err != nil {
			return err
		}
		for _, e := range record.Events {
			if !q.wants(record, e) {
				continue
			}
			if err := show(lineOf(record, e)); err != nil {
				return err
			}
		}
		s.at(int64(record.Last()))
	}
	return nil
}

func newAuditTimeline(environ []string) *cobra.Command {
	var customer, stream, correlation string
	var open bool
	cmd := &cobra.Command{
		Use:   "timeline",
		Short: "What happened to a customer, in a stream, or under a correlation, in order",
		Long: `Prints what happened, in the order of the log. --customer is the customer's whole story: all that
names the customer, all that the customer did, and all of the accounts, transfers, devices, logins,
sessions and budgets of attempts that are the customer's. It answers who logged in, from which device
and with which factors (grant.code_issued: amr), why a payment was challenged (transfer.assessed: reasons),
when which key was bound (device.bound: key), and who revoked it (device.revoked, session.revoked).

Names, addresses and texts of persons stay sealed. --open opens them with the bank's key ring, which has
to lie in the data directory; what is erased reads as erased. Nothing is written: that somebody looked
has to be noted elsewhere.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			var q question
			if q, err = questionOf(customer, stream, correlation); err != nil {
				return err
			}
			return withArchive(cmd, environ, "read the log", func(a *archive, s *step) error {
				narrator, err := newNarrator(cmd, environ, a, q.customer, open)
				if err != nil {
					return err
				}
				defer narrator.close()
				if !q.customer.IsZero() {
					if q.belongings, err = a.belongings(cmd.Context(), q.customer); err != nil {
						return err
					}
				}
				if jsonWanted(cmd) {
					return a.tell(cmd.Context(), q, s, cmd.OutOrStdout(), narrator)
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "POSITION\tTIME\tWHAT\tBY\tDEVICE\tREASON\tDETAILS\tWHERE")
				err = a.each(cmd.Context(), q, s, func(l line) error {
					t := narrator.tell(l)
					_, err := fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Position, l.RecordedAt.Format(time.RFC3339), l.Kind, t.By, t.Device, l.Reason, t.line(), l.Stream)
					return err
				})
				return errors.Join(err, table.Flush())
			})
		},
	}
	cmd.Flags().StringVar(&customer, "customer", "", "cus_...")
	cmd.Flags().StringVar(&stream, "stream", "", "context/uuid, such as transfer/0190...")
	cmd.Flags().StringVar(&correlation, "correlation", "", "uuid")
	cmd.Flags().BoolVar(&open, "open", false, "open personal data with the bank's key ring")
	return cmd
}

func questionOf(customer, stream, correlation string) (q question, err error) {
	given := 0
	for _, text := range []string{customer, stream, correlation} {
		if text != "" {
			given++
		}
	}
	switch {
	case given != 1:
		err = errors.New("give one of --customer, --stream and --correlation")
	case customer != "":
		q.customer, err = id.Parse[id.Customer](customer)
	case correlation != "":
		q.correlation, err = uuid.Parse(correlation)
	default:
		q.stream = eventbus.Stream(stream)
	}
	if err != nil {
		return q, fmt.Errorf("%w: %w", errUsage, err)
	}
	return q, nil
}

func newAuditExport(environ []string) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Every event as one line of JSON, sealed fields sealed, each with its hash",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withArchive(cmd, environ, "export", func(a *archive, s *step) (err error) {
				if out == "" || out == "-" {
					return a.export(cmd.Context(), question{}, s, cmd.OutOrStdout())
				}
				file, err := os.OpenFile(out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
				if err != nil {
					return err
				}
				return errors.Join(a.export(cmd.Context(), question{}, s, file), file.Sync(), file.Close())
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "-", "a new file, or - for standard output")
	return cmd
}

func (a *archive) export(ctx context.Context, q question, s *step, w io.Writer) error {
	return a.tell(ctx, q, s, w, nil)
}

// tell writes what the question selects as lines of JSON; a narrator, if any, adds
// what they mean.
func (a *archive) tell(ctx context.Context, q question, s *step, w io.Writer, narrator *narrator) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	err := a.each(ctx, q, s, func(l line) error {
		if narrator != nil {
			t := narrator.tell(l)
			l.Told = &t
		}
		return encoder.Encode(l)
	})
	return errors.Join(err, buffered.Flush())
}

// withArchive opens the data directory for reading, and shows progress on
// standard error.
func withArchive(cmd *cobra.Command, environ []string, title string, do func(*archive, *step) error) error {
	c, err := loadConfig(cmd.Flags(), environ)
	if err != nil {
		return err
	}
	a, err := openArchive(cmd.Context(), c)
	if err != nil {
		return err
	}
	head, err := a.log.Head(cmd.Context())
	if err != nil {
		return errors.Join(err, a.close())
	}
	p := newProgress(cmd.ErrOrStderr(), jsonWanted(cmd))
	s := p.begin(title, int64(head.Position))
	if err = do(a, s); err != nil {
		s.fail(err.Error())
	} else {
		s.end(fmt.Sprintf("read up to position %d", head.Position))
	}
	p.wait()
	return errors.Join(err, a.close())
}
