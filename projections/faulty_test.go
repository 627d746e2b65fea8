package projections

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"
)

var errDisk = errors.New("the disk says no")

// fault makes one statement fail: the one that brings left to nought.
type fault struct {
	left  atomic.Int64 // 0: none
	after bool         // fail once the statement has been carried out
}

func (f *fault) strikes() bool { return f.left.Load() > 0 && f.left.Add(-1) == 0 }

// faultyDatabase opens the file with a driver that can fail.
func faultyDatabase(t *testing.T, path string, f *fault) *database {
	plain, err := openSQLite(path)
	require.NoError(t, err)
	require.NoError(t, plain.close()) // the file exists, in WAL mode
	dsn := "file:" + path + "?_pragma=busy_timeout(10000)&_pragma=synchronous(0)"
	read, err := sql.Open("sqlite", dsn)
	require.NoError(t, err)
	return newDatabase(sqlite3, sql.OpenDB(faultyConnector{dsn, f}), read)
}

type faultyConnector struct {
	dsn string
	*fault
}

func (c faultyConnector) Driver() driver.Driver { return &sqlite.Driver{} }

func (c faultyConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.Driver().Open(c.dsn)
	return faultyConn{conn, c.fault}, err
}

type faultyConn struct {
	driver.Conn
	*fault
}

func (c faultyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if c.strikes() {
		return nil, errDisk
	}
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	return faultyStmt{stmt, c.fault}, err
}

type faultyStmt struct {
	driver.Stmt
	*fault
}

func (s faultyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	strikes := s.strikes()
	if strikes && !s.after {
		return nil, errDisk
	}
	result, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if strikes && err == nil {
		return nil, errDisk
	}
	return result, err
}

func (s faultyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if s.strikes() {
		return nil, errDisk
	}
	return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
}
