package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"florin/eventbus"
)

// Limits of one INSERT.
const (
	groupBytesMax   = 4 << 20
	groupCommitsMax = 1024
)

// SchemaDefault is the schema of the table where nobody names another one.
const SchemaDefault = "florin"

// Options of a journal.
type Options struct {
	Schema          string // of the table; "": SchemaDefault
	CreateIfMissing bool   // the schema and the table
}

var (
	// ErrAbsent: there is no journal, and it was not to be made.
	ErrAbsent = errors.New("postgres: there is no journal in this schema")
	// ErrNotDurable: the server acknowledges what it may lose. Mend its settings; nothing
	// was written.
	ErrNotDurable = errors.New("postgres: the server acknowledges what it may lose")
	// ErrReadOnly: the server is a standby. Name the primary, or all of them and
	// target_session_attrs=read-write.
	ErrReadOnly = errors.New("postgres: the server takes no writes, it is a standby")
)

// Journal is the table. It is safe for use by several at once.
type Journal struct {
	pool   *pgxpool.Pool
	schema string
	table  string // quoted
	insert string
	news   *news
}

var _ eventbus.Journal = (*Journal)(nil)

// Open connects, and makes the table if it may. url is a connection string as libpq
// knows them; several hosts with target_session_attrs=read-write follow a fail-over.
//
// Errors: ErrAbsent, ErrNotDurable and ErrReadOnly, each to be mended by an operator; all
// others are of the connection, and the same call again may do.
func Open(ctx context.Context, url string, o Options) (*Journal, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err) // pgx leaves the password out of it
	}
	if o.Schema == "" {
		o.Schema = SchemaDefault
	}
	config.AfterConnect = trustworthy
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	j := &Journal{pool: pool, schema: o.Schema, table: pgx.Identifier{o.Schema, "journal"}.Sanitize()}
	j.insert = fmt.Sprintf(insertGroup, j.table)
	if err := j.prepare(ctx, o); err != nil {
		pool.Close()
		return nil, err
	}
	j.news = newNews(config.ConnConfig.Copy(), o.Schema)
	return j, nil
}

// trustworthy refuses a server that may lose what it acknowledges. It asks at every new
// connection, because the settings can change while it runs.
func trustworthy(ctx context.Context, c *pgx.Conn) error {
	var fsync, commit string
	var standby bool
	err := c.QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit'), pg_is_in_recovery()").Scan(&fsync, &commit, &standby)
	switch {
	case err != nil:
		return err
	case fsync != "on":
		return fmt.Errorf("%w: set fsync = on in postgresql.conf and restart it", ErrNotDurable)
	case commit == "off":
		return fmt.Errorf("%w: set synchronous_commit = on for this role and database (ALTER ROLE ... SET synchronous_commit = on)", ErrNotDurable)
	case standby:
		return ErrReadOnly
	}
	return nil
}

const createTable = `
CREATE TABLE IF NOT EXISTS %[1]s (
	last   bigint PRIMARY KEY CHECK (last >= 0),
	prev   bigint UNIQUE REFERENCES %[1]s (last),
	hash   bytea NOT NULL CHECK (octet_length(hash) = 32),
	record bytea NOT NULL,
	CHECK ((last = 0) = (prev IS NULL)),
	CHECK (prev < last)
);
ALTER TABLE %[1]s ALTER COLUMN record SET STORAGE EXTERNAL; -- sealed data does not compress
INSERT INTO %[1]s (last, prev, hash, record) VALUES (0, NULL, decode(repeat('00', 32), 'hex'), '') ON CONFLICT DO NOTHING;`

// prepare makes the table, or finds it.
func (j *Journal) prepare(ctx context.Context, o Options) error {
	var there bool
	if err := j.pool.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", j.table).Scan(&there); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	switch {
	case there:
		return nil
	case !o.CreateIfMissing:
		return fmt.Errorf("%w: %s", ErrAbsent, o.Schema)
	}
	schema := pgx.Identifier{o.Schema}.Sanitize()
	if err := pgx.BeginFunc(ctx, j.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext($1))", "florin journal "+o.Schema) // CREATE IF NOT EXISTS alone fails when two do it
		if err == nil {
			_, err = tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema)
		}
		if err == nil {
			_, err = tx.Exec(ctx, fmt.Sprintf(createTable, j.table))
		}
		return err
	}); err != nil {
		return fmt.Errorf("postgres: make the journal: %w", err)
	}
	return nil
}

// Head implements eventbus.Journal.
func (j *Journal) Head(ctx context.Context) (eventbus.Mark, error) {
	var last int64
	var hash []byte
	err := j.pool.QueryRow(ctx, "SELECT last, hash FROM "+j.table+" ORDER BY last DESC LIMIT 1").Scan(&last, &hash)
	if err != nil {
		return eventbus.Mark{}, fmt.Errorf("postgres: head: %w: %w", eventbus.ErrUnavailable, err)
	}
	return eventbus.Mark{Position: eventbus.Position(last), Hash: eventbus.Hash(hash)}, nil
}

// insertGroup keeps all rows or none, tells whether it did, and whoever listens.
const insertGroup = `
WITH kept AS (
	INSERT INTO %[1]s (last, prev, hash, record)
	SELECT * FROM unnest($3::bigint[], $4::bigint[], $5::bytea[], $6::bytea[])
	WHERE EXISTS (SELECT FROM %[1]s WHERE last = $1 AND hash = $2)
	RETURNING 1)
SELECT count(*), pg_notify($7, '') FROM kept`

// Append implements eventbus.Journal: one INSERT.
func (j *Journal) Append(ctx context.Context, at eventbus.Mark, commits [][]byte) (eventbus.Mark, error) {
	last, prev, hashes := make([]int64, len(commits)), make([]int64, len(commits)), make([][]byte, len(commits))
	end := eventbus.Mark{Position: at.Position, Hash: at.Hash}
	for i, record := range commits {
		o, err := eventbus.Peek(record)
		if err != nil {
			return eventbus.Mark{}, fmt.Errorf("postgres: append: %w", err)
		}
		if o.Last > math.MaxInt64 {
			return eventbus.Mark{}, fmt.Errorf("postgres: append: position %d", o.Last)
		}
		last[i], prev[i], hashes[i] = int64(o.Last), int64(end.Position), o.Hash[:]
		end.Position, end.Hash = o.Last, o.Hash
	}
	var kept int
	err := j.pool.QueryRow(ctx, j.insert, int64(at.Position), at.Hash[:], last, prev, hashes, commits, j.news.channel).Scan(&kept, nil)
	switch {
	case err == nil && kept == len(commits):
		j.news.tell()
		return end, nil
	case err == nil || isFence(err):
		return eventbus.Mark{}, j.fenced(ctx)
	}
	return eventbus.Mark{}, fmt.Errorf("postgres: append: %w", err)
}

// isFence tells the violations that say: another commit stands there, or none does.
func isFence(err error) bool {
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refused.Code == "23505" || refused.Code == "23503") // unique_violation, foreign_key_violation
}

// fenced says where the end is now.
func (j *Journal) fenced(ctx context.Context) error {
	head, err := j.Head(ctx)
	if err != nil {
		return err
	}
	return &eventbus.Fenced{Head: head}
}

// Limits implements eventbus.Journal.
func (j *Journal) Limits() eventbus.Limits {
	return eventbus.Limits{GroupBytesMax: groupBytesMax, GroupCommitsMax: groupCommitsMax}
}

// Close ends all followers and connections.
func (j *Journal) Close() error {
	j.news.close()
	j.pool.Close()
	return nil
}
