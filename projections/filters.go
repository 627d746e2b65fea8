package projections

import (
	"strconv"
	"strings"
	"time"
)

var comparisons = map[Op]string{Eq: "=", Ne: "<>", Lt: "<", Le: "<=", Gt: ">", Ge: ">="}

func (v View) where(filters []Filter) (text string, args []any, err error) {
	if len(filters) > FiltersMax {
		return "", nil, badQuery("At most %d filters can be asked for.", FiltersMax)
	}
	conditions := make([]string, 0, len(filters))
	for _, f := range filters {
		c, ok := v.column(f.Column)
		if !ok {
			return "", nil, badQuery("A filter names a column that %s does not have.", v.Name)
		}
		condition, bound, err := c.condition(f)
		if err != nil {
			return "", nil, err
		}
		conditions, args = append(conditions, condition), append(args, bound...)
	}
	if len(conditions) == 0 {
		return "", nil, nil
	}
	return " where " + strings.Join(conditions, " and "), args, nil
}

func (c Column) condition(f Filter) (string, []any, error) {
	args := make([]any, 0, len(f.Values)+1)
	for _, value := range f.Values {
		arg, err := c.parse(value)
		if err != nil {
			return "", nil, err
		}
		args = append(args, arg)
	}
	comparison, plain := comparisons[f.Op]
	switch {
	case plain && len(args) == 1:
		return c.Name + " " + comparison + " ?", args, nil
	case f.Op == In && len(args) >= 1 && len(args) <= FilterListMax:
		return c.Name + " in (" + strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", ") + ")", args, nil
	case f.Op == Prefix && len(args) == 1 && c.Type == Text:
		return "substr(" + c.Name + ", 1, length(?)) = ?", append(args, args[0]), nil
	case plain || f.Op == In || f.Op == Prefix:
		return "", nil, badQuery("The filter on %s has too few or too many values, or does not fit its type.", c.Name)
	}
	return "", nil, badQuery("The filter on %s has an operator that is not known.", c.Name)
}

// parse reads a value as the column is stored.
func (c Column) parse(value string) (any, error) {
	if len(value) > FilterLenMax || strings.ContainsRune(value, 0) || strings.ToValidUTF8(value, "") != value {
		return nil, badQuery("A value for %s is too long or not text.", c.Name)
	}
	switch c.Type {
	case Text:
		return value, nil
	case Boolean:
		switch value {
		case "true":
			return int64(1), nil
		case "false":
			return int64(0), nil
		}
		return nil, badQuery("%s is true or false.", c.Name)
	case Time:
		t, err := time.Parse(time.RFC3339Nano, value)
		if err != nil {
			return nil, badQuery("%s is a time such as 2026-01-02T15:04:05Z.", c.Name)
		}
		return t.UnixMicro(), nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return nil, badQuery("%s is a whole number.", c.Name)
	}
	return n, nil
}
