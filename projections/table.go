package projections

import (
	"fmt"
	"strings"
)

// kind is how a column is stored. There are two on purpose: both engines mean
// the same by them, and a digest of rows is the same on both.
type kind string

const (
	text   kind = "text"
	bigint kind = "bigint" // whole numbers, minor units, microseconds since 1970 UTC, 0 and 1
)

type column struct {
	name string
	kind kind
}

// index is built at the end of a rebuild: sorting once is cheaper than
// inserting in random order.
type index struct {
	name    string
	columns string
}

// table is the shape of one table; every statement that writes it is made from
// here. Nothing is null: absent is "" or 0.
type table struct {
	name    string
	key     []string
	columns []column
	indexes []index
}

// beside is the table that a rebuild fills while t serves.
func (t table) beside() table {
	t.name += "_next"
	return t
}

func (t table) past() string { return t.name + "_past" }

func (t table) create() string {
	lines := make([]string, 0, len(t.columns)+1)
	single := len(t.key) == 1
	for _, c := range t.columns {
		line := c.name + " " + string(c.kind)
		if single && c.name == t.key[0] {
			line += " primary key"
		} else {
			line += " not null"
		}
		lines = append(lines, line)
	}
	if !single {
		lines = append(lines, "primary key ("+strings.Join(t.key, ", ")+")")
	}
	return "create table " + t.name + " (" + strings.Join(lines, ", ") + ")"
}

// createIndex names the index by generation, for an index cannot be renamed on
// every engine when its table is swapped in.
func (t table) createIndex(i index, generation int64) string {
	return fmt.Sprintf("create index %s_g%d on %s (%s)", i.name, generation, t.name, i.columns)
}

func (t table) names() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

// insert adds rows that cannot be there yet.
func (t table) insert(rows int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(t.columns)), ", ") + ")"
	return "insert into " + t.name + " (" + t.names() + ") values " + strings.TrimSuffix(strings.Repeat(one+", ", rows), ", ")
}

// upsert adds rows or takes the place of those with the same key.
func (t table) upsert(rows int) string {
	sets := make([]string, 0, len(t.columns))
	for _, c := range t.columns {
		if !t.isKey(c.name) {
			sets = append(sets, c.name+" = excluded."+c.name)
		}
	}
	return t.insert(rows) + " on conflict (" + strings.Join(t.key, ", ") + ") do update set " + strings.Join(sets, ", ")
}

func (t table) selectByKey() string {
	return "select " + t.names() + " from " + t.name + " where " + t.whereKey()
}

func (t table) deleteByKey() string { return "delete from " + t.name + " where " + t.whereKey() }

func (t table) whereKey() string {
	return strings.Join(t.key, " = ? and ") + " = ?"
}

func (t table) isKey(name string) bool {
	for _, k := range t.key {
		if k == name {
			return true
		}
	}
	return false
}
