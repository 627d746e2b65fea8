package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// dialect is all that differs between engines. Statements are written once:
// types text and bigint, "?" for parameters, nothing of one engine alone.
type dialect struct {
	begin   string // of a transaction that writes
	rewrite func(statement string) string
}

// sqlite3: only "integer primary key" is the table's own key there; any other
// spelling would keep a second tree.
var sqlite3 = dialect{"begin immediate", func(s string) string {
	return strings.ReplaceAll(s, "bigint primary key", "integer primary key")
}}

// postgres numbers its parameters. No statement holds a question mark in a literal.
var postgres = dialect{"begin", func(s string) string {
	var out strings.Builder
	n := 0
	for _, r := range s {
		if r != '?' {
			out.WriteRune(r)
			continue
		}
		n++
		out.WriteString("$" + strconv.Itoa(n))
	}
	return out.String()
}}

// database is one connection that writes and a few that read; in WAL mode they
// do not wait for one another.
type database struct {
	dialect dialect
	write   *sql.DB
	read    *sql.DB

	queries sync.Map // text -> *sql.Stmt, of the readers

	writing    sync.Mutex // one transaction at a time; guards what follows
	conn       *sql.Conn
	statements map[string]*sql.Stmt // prepared on conn
}

// readersMax bounds concurrent queries; more wait their turn.
const readersMax = 4

// openSQLite opens or makes the file. It is disposable: with synchronous=NORMAL
// a crash never tears it, a power loss may lose the last batches, and the
// checkpoint is lost with them, so the log is followed from there.
func openSQLite(path string) (*database, error) {
	pragmas := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "wal_autocheckpoint(4000)", "temp_store(MEMORY)",
	}}
	writer := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode() + "&_pragma=cache_size(-32768)"
	reader := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode() + "&_pragma=cache_size(-8192)&_pragma=query_only(1)"
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // what SQLite puts beside it gets the same mode
	if err != nil {
		return nil, fmt.Errorf("projections: opening %s: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("projections: opening %s: %w", path, err)
	}
	write, err := sql.Open("sqlite", writer)
	if err != nil {
		return nil, fmt.Errorf("projections: opening %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", reader)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("projections: opening %s: %w", path, err), write.Close())
	}
	return newDatabase(sqlite3, write, read), nil
}

func newDatabase(d dialect, write, read *sql.DB) *database {
	write.SetMaxOpenConns(1)
	read.SetMaxOpenConns(readersMax)
	read.SetMaxIdleConns(readersMax)
	return &database{dialect: d, write: write, read: read}
}

func (d *database) close() error {
	d.writing.Lock()
	defer d.writing.Unlock()
	return errors.Join(d.disconnect(), d.read.Close(), d.write.Close())
}

// disconnect drops the writing connection, and with it whatever transaction is
// open on it.
func (d *database) disconnect() error {
	if d.conn == nil {
		return nil
	}
	for _, stmt := range d.statements {
		_ = stmt.Close() // the connection goes with them
	}
	err := d.conn.Close()
	d.conn, d.statements = nil, nil
	return err
}

// remove deletes a closed SQLite file and what lies beside it.
func remove(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// query asks a reader with a statement that is kept prepared: for the fixed
// texts of this package, never for one built from a request. SQLite itself
// prepares it again when a table has been swapped.
func (d *database) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	kept, ok := d.queries.Load(text)
	if !ok {
		stmt, err := d.read.PrepareContext(ctx, d.dialect.rewrite(text))
		if err != nil {
			return nil, err
		}
		var lost bool
		if kept, lost = d.queries.LoadOrStore(text, stmt); lost {
			_ = stmt.Close()
		}
	}
	return kept.(*sql.Stmt).QueryContext(ctx, args...)
}

// scanner is a row of a result.
type scanner interface{ Scan(into ...any) error }

// each runs the query and hands every row to scan.
func (d *database) each(ctx context.Context, text string, args []any, scan func(scanner) error) error {
	rows, err := d.query(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("projections: reading: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("projections: reading a row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("projections: reading: %w", err)
	}
	return nil
}

// transact runs work in one write transaction: all of it holds on return, or
// (with an error) nothing. The statements inside are short and bounded, so they
// are not interrupted; ctx is asked before.
func (d *database) transact(ctx context.Context, work func(*writer) error) error {
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if d.conn == nil {
		conn, err := d.write.Conn(ctx)
		if err != nil {
			return fmt.Errorf("projections: connecting: %w", err)
		}
		d.conn, d.statements = conn, map[string]*sql.Stmt{}
	}
	w := &writer{ctx: ctx, database: d}
	w.exec(d.dialect.begin)
	if w.err == nil {
		if err := work(w); err != nil {
			w.fail(err)
		}
	}
	w.exec("commit")
	if w.err == nil {
		return nil
	}
	_, rollback := d.conn.ExecContext(ctx, "rollback")
	if rollback != nil { // begin or commit failed, or the connection is gone: leave nothing open
		_ = d.disconnect()
	}
	return w.err
}

// writer is one transaction. Its first error sticks: folds go on as if nothing
// were there, and the transaction is rolled back.
type writer struct {
	ctx      context.Context
	database *database
	err      error
}

func (w *writer) statement(text string) *sql.Stmt {
	if w.err != nil {
		return nil
	}
	stmt, ok := w.database.statements[text]
	if !ok {
		var err error
		if stmt, err = w.database.conn.PrepareContext(w.ctx, w.database.dialect.rewrite(text)); err != nil {
			w.fail(fmt.Errorf("projections: preparing %q: %w", firstWords(text), err))
			return nil
		}
		w.database.statements[text] = stmt
	}
	return stmt
}

// exec runs a statement that is kept prepared.
func (w *writer) exec(text string, args ...any) {
	stmt := w.statement(text)
	if stmt == nil {
		return
	}
	if _, err := stmt.ExecContext(w.ctx, args...); err != nil {
		w.fail(fmt.Errorf("projections: %q: %w", firstWords(text), err))
	}
}

// define runs a statement that makes, renames or drops something, once.
func (w *writer) define(text string) {
	if w.err != nil {
		return
	}
	if _, err := w.database.conn.ExecContext(w.ctx, w.database.dialect.rewrite(text)); err != nil {
		w.fail(fmt.Errorf("projections: %q: %w", firstWords(text), err))
	}
}

// row scans the one row that the statement finds; false if there is none.
func (w *writer) row(text string, args []any, into []any) bool {
	stmt := w.statement(text)
	if stmt == nil {
		return false
	}
	err := stmt.QueryRowContext(w.ctx, args...).Scan(into...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		w.fail(fmt.Errorf("projections: %q: %w", firstWords(text), err))
	}
	return err == nil
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func firstWords(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(3, len(words))], " ")
}
