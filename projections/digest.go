package projections

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"florin/eventbus"
)

// Digest names what a view held at a position. Two that speak of the same
// position are equal exactly if every column of every row is, whatever the engine,
// and whether the rows were followed, rebuilt or replayed.
type Digest struct {
	View     string
	Position eventbus.Position // of the view's projection
	Rows     uint64
	SHA256   [32]byte
}

func (d Digest) String() string {
	return fmt.Sprintf("%s@%d %s (%d rows)", d.View, d.Position, hex.EncodeToString(d.SHA256[:]), d.Rows)
}

// Digest reads the view in the order of its key. Each row goes into SHA-256 as
// its columns: text by length and bytes, numbers as int64 big-endian. ErrUnknown.
func (r *Reads) Digest(ctx context.Context, name string) (Digest, error) {
	digests, err := r.Digests(ctx, name)
	if err != nil {
		return Digest{}, err
	}
	return digests[0], nil
}

// Digests takes the digests of several views (none named: of all) at one moment
// of the database.
func (r *Reads) Digests(ctx context.Context, names ...string) (digests []Digest, err error) {
	if len(names) == 0 {
		for _, v := range views {
			names = append(names, v.Name)
		}
	}
	tx, err := r.database.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("projections: beginning to read: %w", err)
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }() // it only reads
	for _, name := range names {
		v, ok := view(name)
		if !ok {
			return nil, fmt.Errorf("%w: view", ErrUnknown)
		}
		d := Digest{View: name}
		position := tx.QueryRowContext(ctx, r.database.dialect.rewrite("select position from checkpoints where projection = ?"), v.Projection)
		if err := position.Scan((*uint64)(&d.Position)); err != nil {
			return nil, fmt.Errorf("projections: reading a checkpoint: %w", err)
		}
		rows, err := tx.QueryContext(ctx, selectAll(v.Columns, v.Name)+" order by "+v.Key)
		if err != nil {
			return nil, fmt.Errorf("projections: digesting %s: %w", name, err)
		}
		if err := d.sum(rows, v.Columns); err != nil {
			return nil, err
		}
		digests = append(digests, d)
	}
	return digests, nil
}

func (d *Digest) sum(rows *sql.Rows, columns []Column) (err error) {
	defer rows.Close()
	hash := sha256.New()
	var line []byte
	stream(rows, columns, func(cells []Cell, problem error) bool {
		if err = problem; err != nil {
			return false
		}
		d.Rows++
		line = line[:0]
		for _, c := range cells {
			if c.Type == Text {
				line = binary.BigEndian.AppendUint64(line, uint64(len(c.Text)))
				line = append(line, c.Text...)
			} else {
				line = binary.BigEndian.AppendUint64(line, uint64(c.Number))
			}
		}
		hash.Write(line)
		return true
	})
	hash.Sum(d.SHA256[:0])
	return err
}
