package projections

// rows is the copy of one table that a fold works on: what a batch touches is
// read once, changed in memory, and written back together. So a hot account
// costs one row per batch, whatever happens on it.
type rows[K comparable, R any] struct {
	table  table
	fields func(*R) []any
	key    func(K) []any

	held  map[K]*entry[R]
	dirty []*entry[R]
	gone  []K
}

type entry[R any] struct {
	row            R
	dirty, deleted bool
}

// heldMax bounds what is kept between batches, in rows.
const heldMax = 20_000

func newRows[K comparable, R any](t table, key func(K) []any, fields func(*R) []any) *rows[K, R] {
	return &rows[K, R]{table: t, key: key, fields: fields, held: map[K]*entry[R]{}}
}

// get finds the row, to be changed: it is written back with the batch.
func (r *rows[K, R]) get(w *writer, key K) (*R, bool) {
	e, ok := r.held[key]
	if !ok {
		e = &entry[R]{}
		if !w.row(r.table.selectByKey(), r.key(key), destinations(r.fields(&e.row))) {
			return nil, false
		}
		r.held[key] = e
	}
	if e.deleted {
		return nil, false
	}
	r.touch(e)
	return &e.row, true
}

// add makes the row, in the place of any that was there.
func (r *rows[K, R]) add(key K, row R) *R {
	e, ok := r.held[key]
	if !ok {
		e = &entry[R]{}
		r.held[key] = e
	}
	e.row, e.deleted = row, false
	r.touch(e)
	return &e.row
}

// remove deletes the row with the batch.
func (r *rows[K, R]) remove(key K) {
	if e, ok := r.held[key]; ok {
		e.deleted = true
		r.gone = append(r.gone, key)
	}
}

func (r *rows[K, R]) touch(e *entry[R]) {
	if !e.dirty {
		e.dirty = true
		r.dirty = append(r.dirty, e)
	}
}

// flush writes back what was changed.
func (r *rows[K, R]) flush(w *writer) {
	for _, key := range r.gone {
		if e, ok := r.held[key]; ok && e.deleted { // not made again since
			w.exec(r.table.deleteByKey(), r.key(key)...)
			delete(r.held, key)
		}
	}
	kept := r.dirty[:0]
	for _, e := range r.dirty {
		if e.dirty = false; !e.deleted {
			kept = append(kept, e)
		}
	}
	writeAll(w, kept, r.table.upsert, func(values []any, e *entry[R]) []any {
		return appendValues(values, r.fields(&e.row))
	})
	r.dirty, r.gone = r.dirty[:0], r.gone[:0]
	if len(r.held) > heldMax {
		clear(r.held)
	}
}

// forget drops everything: the transaction it belonged to did not hold.
func (r *rows[K, R]) forget() {
	clear(r.held)
	r.dirty, r.gone = nil, nil
}

// added is a table whose rows are only ever added.
type added[R any] struct {
	table  table
	fields func(*R) []any
	rows   []R
}

func (a *added[R]) add(row R) { a.rows = append(a.rows, row) }

func (a *added[R]) flush(w *writer) {
	writeAll(w, a.rows, a.table.insert, func(values []any, row R) []any {
		return appendValues(values, a.fields(&row))
	})
	a.rows = a.rows[:0]
}

func (a *added[R]) forget() { a.rows = a.rows[:0] }

// writeAll writes rows in statements of a few fixed sizes, so that each is
// prepared once.
func writeAll[R any](w *writer, all []R, statement func(rows int) string, bind func([]any, R) []any) {
	var values []any
	for _, size := range []int{64, 8, 1} {
		if len(all) < size || w.err != nil {
			continue
		}
		text := statement(size)
		for len(all) >= size {
			values = values[:0]
			for _, row := range all[:size] {
				values = bind(values, row)
			}
			w.exec(text, values...)
			all = all[size:]
		}
	}
}
