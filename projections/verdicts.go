package projections

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"

	"florin/domain"
	"florin/domain/customer"
	"florin/domain/signing"
	"florin/eventbus"
)

// verdict is what the log has said about a session, device, customer, operator or
// signing key. Ended is for ever.
type verdict int64

const (
	good    verdict = iota
	limited         // a customer who may look and not touch: pending or restricted
	ended
)

// then is the verdict after another one.
func (v verdict) then(next verdict) verdict {
	if v == ended {
		return ended
	}
	return next
}

// judged tells whether judge has something to say about events of the kind.
func judged(kind string) bool {
	switch kind {
	case "session.revoked", "device.revoked", "device.reported_lost", "signing.retired", "operator.disabled",
		"customer.enrolled", "customer.activated", "customer.restricted",
		"customer.reported_deceased", "customer.closed", "customer.erasure_requested", "customer.erased":
		return true
	}
	return false
}

// decodes tells whether judge has to see the event itself.
func decodes(kind string) bool { return kind == "customer.enrolled" || kind == "signing.retired" }

// judge says what an event means for its subject: the stream, or the key it
// names. What cannot be read (nil) counts against the subject; a key that cannot
// be named is an error.
func judge(kind string, stream eventbus.Stream, event domain.Event) (subject string, v verdict, err error) {
	switch kind {
	case "customer.activated":
		return string(stream), good, nil
	case "customer.restricted":
		return string(stream), limited, nil
	case "customer.enrolled":
		if enrolled, ok := event.(customer.Enrolled); ok && enrolled.Status == customer.Active {
			return string(stream), good, nil
		}
		return string(stream), limited, nil
	case "signing.retired":
		retired, ok := event.(signing.Retired)
		if !ok {
			return "", ended, errors.New("cannot read which signing key was retired")
		}
		return keySubject(retired.KeyID), ended, nil
	}
	return string(stream), ended, nil
}

func keySubject(keyID string) string { return "key/" + keyID }

// guardRow keeps a verdict for Guards.Seed: a snapshot, not a read model.
type guardRow struct {
	subject string
	verdict verdict
}

var guardsTable = table{name: "guards", key: []string{"subject"}, columns: []column{{"subject", text}, {"verdict", bigint}}}

func (g *guardRow) fields() []any { return []any{&g.subject, (*int64)(&g.verdict)} }

type guardsFold struct{ rows *rows[string, guardRow] }

func beginGuards(tables []table) fold {
	return guardsFold{newRows(tables[0], func(k string) []any { return []any{k} }, (*guardRow).fields)}
}

func (g guardsFold) flush(w *writer) { g.rows.flush(w) }
func (g guardsFold) forget()         { g.rows.forget() }

func (g guardsFold) apply(w *writer, _ *commit, f *fact) error {
	if !judged(f.Kind) {
		return nil
	}
	subject, v, err := judge(f.Kind, f.Stream, f.event)
	if err != nil {
		return err
	}
	row, known := g.rows.get(w, subject)
	switch {
	case known:
		row.verdict = row.verdict.then(v)
	case v != good:
		g.rows.add(subject, guardRow{subject, v})
	}
	return nil
}

// verdicts reads the snapshot and the mark it was taken at; a position of 0 says
// that there is none to rely on.
func (r *Reads) verdicts(ctx context.Context) (verdicts map[string]verdict, mark eventbus.Mark, err error) {
	tx, err := r.database.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, mark, fmt.Errorf("projections: beginning to read: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }() // it only reads
	var hash string
	var parked int64
	rewrite := r.database.dialect.rewrite
	row := tx.QueryRowContext(ctx, rewrite("select position, hash, (select count(*) from parked where projection = ?) from checkpoints where projection = ?"), guardsName, guardsName)
	if err := row.Scan((*uint64)(&mark.Position), &hash, &parked); err != nil {
		return nil, mark, fmt.Errorf("projections: reading a checkpoint: %w", err)
	}
	if _, err := hex.Decode(mark.Hash[:], []byte(hash)); err != nil || parked > 0 {
		return nil, eventbus.Mark{}, nil
	}
	rows, err := tx.QueryContext(ctx, "select subject, verdict from guards where verdict > 0")
	if err != nil {
		return nil, mark, fmt.Errorf("projections: reading guards: %w", err)
	}
	defer rows.Close()
	verdicts = map[string]verdict{}
	for rows.Next() {
		var g guardRow
		if err := rows.Scan(g.fields()...); err != nil {
			return nil, mark, fmt.Errorf("projections: reading guards: %w", err)
		}
		verdicts[g.subject] = g.verdict
	}
	return verdicts, mark, rows.Err()
}
