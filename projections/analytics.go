package projections

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"florin/domain"
	"florin/eventbus"
)

// Bounds of an analysis.
const (
	FiltersMax    = 32
	AnalysisMax   = 100_000 // rows of one answer
	FilterLenMax  = 1024    // bytes of one value
	FilterListMax = 100     // values of one filter by In
)

// Op compares a column with values.
type Op string

// The operators. Prefix is for text alone; In takes up to FilterListMax values,
// the others exactly one.
const (
	Eq     Op = "eq"
	Ne     Op = "ne"
	Lt     Op = "lt"
	Le     Op = "le"
	Gt     Op = "gt"
	Ge     Op = "ge"
	In     Op = "in"
	Prefix Op = "prefix"
)

// Filter keeps rows whose column compares so. Values are spelled as in JSON: a
// whole number, true or false, an RFC 3339 time; text as it is.
type Filter struct {
	Column string
	Op     Op
	Values []string
}

// Order sorts by a column.
type Order struct {
	Column     string
	Descending bool
}

// Analysis is one question to a view. No columns asks for all, no order for the
// key's, no limit (0) for AnalysisMax rows. With AsOf the answer shows at least
// the log up to there.
type Analysis struct {
	View    string
	Columns []string
	Filters []Filter
	Order   []Order
	Limit   int
	AsOf    eventbus.Position
}

// Answer is the rows of an Analysis, to be read once; what is not read costs
// nothing. Position is the least that the rows show.
type Answer struct {
	Columns  []Column
	Position eventbus.Position
	Rows     iter.Seq2[[]Cell, error]
}

// Cell is one value of a row: of a Text column in Text, of any other in Number.
type Cell struct {
	Type   ColumnType
	Text   string
	Number int64
}

// String spells the cell as Filter.Values does; a time that never was is "".
func (c Cell) String() string {
	switch {
	case c.Type == Text:
		return c.Text
	case c.Type == Boolean:
		return strconv.FormatBool(c.Number != 0)
	case c.Type == Time && c.Number == 0:
		return ""
	case c.Type == Time:
		return time.UnixMicro(c.Number).UTC().Format(time.RFC3339Nano)
	}
	return strconv.FormatInt(c.Number, 10)
}

// ErrQuery: the question cannot be asked of the view; the detail says why.
var ErrQuery = &domain.Refusal{Class: domain.Invalid, Code: "invalid-query", Detail: "This question cannot be asked of the view."}

func badQuery(format string, args ...any) error {
	return &domain.Refusal{Class: ErrQuery.Class, Code: ErrQuery.Code, Detail: fmt.Sprintf(format, args...)}
}

// Analyse asks a view. Only the names of views, columns and operators that
// stand in this package become part of a statement; values are always bound.
// Errors: ErrUnknown, ErrQuery, those of WaitFor.
func (r *Reads) Analyse(ctx context.Context, a Analysis) (Answer, error) {
	v, ok := view(a.View)
	if !ok {
		return Answer{}, fmt.Errorf("%w: view", ErrUnknown)
	}
	columns, statement, args, err := v.statement(a)
	if err != nil {
		return Answer{}, err
	}
	if err := r.WaitFor(ctx, v.Projection, a.AsOf); err != nil {
		return Answer{}, err
	}
	position, _, _, _ := r.progress.of(v.Projection)
	rows := func(yield func([]Cell, error) bool) {
		// Not kept prepared: there are as many texts as there are questions.
		found, err := r.database.read.QueryContext(ctx, r.database.dialect.rewrite(statement), args...)
		if err != nil {
			yield(nil, fmt.Errorf("projections: analysing %s: %w", v.Name, err))
			return
		}
		defer found.Close()
		stream(found, columns, yield)
	}
	return Answer{Columns: columns, Position: position, Rows: rows}, nil
}

func stream(found *sql.Rows, columns []Column, yield func([]Cell, error) bool) {
	for found.Next() {
		cells, into := make([]Cell, len(columns)), make([]any, len(columns))
		for i, c := range columns {
			if cells[i].Type = c.Type; c.Type == Text {
				into[i] = &cells[i].Text
			} else {
				into[i] = &cells[i].Number
			}
		}
		if err := found.Scan(into...); err != nil {
			yield(nil, fmt.Errorf("projections: reading a row: %w", err))
			return
		}
		if !yield(cells, nil) {
			return
		}
	}
	if err := found.Err(); err != nil {
		yield(nil, fmt.Errorf("projections: reading rows: %w", err))
	}
}

// statement is the question as SQL, made of names that stand in v alone.
func (v View) statement(a Analysis) (columns []Column, statement string, args []any, err error) {
	if columns, err = v.choose(a.Columns); err != nil {
		return nil, "", nil, err
	}
	where, args, err := v.where(a.Filters)
	if err != nil {
		return nil, "", nil, err
	}
	order, err := v.order(a.Order)
	if err != nil {
		return nil, "", nil, err
	}
	limit := a.Limit
	switch {
	case limit < 0 || limit > AnalysisMax:
		return nil, "", nil, badQuery("The limit is at most %d rows.", AnalysisMax)
	case limit == 0:
		limit = AnalysisMax
	}
	return columns, selectAll(columns, v.Name) + where + order + " limit ?", append(args, limit), nil
}

func (v View) choose(names []string) ([]Column, error) {
	if len(names) == 0 {
		return v.Columns, nil
	}
	columns := make([]Column, 0, len(names))
	for _, name := range names {
		c, ok := v.column(name)
		if !ok || slices.Contains(columns, c) {
			return nil, badQuery("A column was asked for that %s does not have, or twice.", v.Name)
		}
		columns = append(columns, c)
	}
	return columns, nil
}

// order ends in the key, so that the same question gets the same order.
func (v View) order(orders []Order) (string, error) {
	text, seen := " order by ", map[string]bool{}
	for _, o := range orders {
		c, ok := v.column(o.Column)
		if !ok || seen[c.Name] {
			return "", badQuery("An order was asked for by a column that %s does not have, or twice.", v.Name)
		}
		if seen[c.Name] = true; o.Descending {
			text += c.Name + " desc, "
		} else {
			text += c.Name + ", "
		}
	}
	if seen[v.Key] {
		return strings.TrimSuffix(text, ", "), nil
	}
	return text + v.Key, nil
}
