package service

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
)

// Analytics serves /v1/analytics: the documented views, with filters, columns,
// order and as-of position. Never SQL.
type Analytics struct{ Desk }

// ViewAnswer describes a view.
type ViewAnswer struct {
	View        string         `json:"view"`
	Description string         `json:"description"`
	Columns     []ColumnAnswer `json:"columns"`
}

// ColumnAnswer describes a column.
type ColumnAnswer struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description"`
}

// ViewList is the dictionary of all views.
type ViewList struct {
	Views []ViewAnswer `json:"views"`
}

// List is the dictionary: what can be asked, and what each column means.
func (s Analytics) List(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	var list ViewList
	for _, view := range projections.Views() {
		answer := ViewAnswer{View: view.Name, Description: view.Description}
		for _, c := range view.Columns {
			answer.Columns = append(answer.Columns, ColumnAnswer{c.Name, string(c.Type), c.Description})
		}
		list.Views = append(list.Views, answer)
	}
	return wire.OK(w, list)
}

// The media types of an answer, the first when nothing is asked for.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
	mediaCSV    = "text/csv"
)

// View asks one view. That it was asked is recorded before it is answered:
//
//	GET /v1/analytics/v_transfers?status=posted&amount.ge=10000&columns=transfer,amount&order=-amount&limit=100&as_of=4711
//
// A parameter that is a column filters by it, with an operator after a dot: ne,
// lt, le, gt, ge, prefix, or in (values apart by commas).
func (s Analytics) View(w http.ResponseWriter, r *http.Request) error {
	if err := wire.Gives(r, mediaJSON, mediaNDJSON, mediaCSV); err != nil {
		return err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.BadParameter
	}
	analysis, err := analysisOf(pathText(r, "view"), query)
	if err != nil {
		return err
	}
	if err := s.fresh(r, projectionOf(analysis.View)); err != nil {
		return err
	}
	of, _ := id.Parse[id.Customer](query.Get("customer")) // no customer: it is of nobody in particular
	if err := s.look(r, "analytics", of); err != nil {
		return err
	}
	answer, err := s.Reads.Analyse(r.Context(), analysis)
	if err != nil {
		return err
	}
	wire.Position(w, answer.Position)
	switch format(r) {
	case mediaCSV:
		return writeCSV(w, answer)
	case mediaNDJSON:
		return writeNDJSON(w, answer)
	}
	return writeTable(w, analysis.View, answer)
}

// projectionOf is what a view is made of; one that is unknown is refused by Analyse.
func projectionOf(name string) string {
	for _, view := range projections.Views() {
		if view.Name == name {
			return view.Projection
		}
	}
	return "audit"
}

// format is the first media type of ours that the caller names.
func format(r *http.Request) string {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch kind {
		case mediaJSON, mediaNDJSON, mediaCSV:
			return kind
		}
	}
	return mediaJSON
}

func analysisOf(view string, query url.Values) (projections.Analysis, error) {
	a := projections.Analysis{View: view, Limit: wire.LimitDefault}
	for name, values := range query {
		if len(values) != 1 {
			return a, problem.UnknownParameter
		}
		if err := take(&a, name, values[0]); err != nil {
			return a, err
		}
	}
	return a, nil
}

// take reads one parameter of a question.
func take(a *projections.Analysis, name, value string) (err error) {
	switch name {
	case "columns":
		a.Columns = strings.Split(value, ",")
	case "order":
		for column := range strings.SplitSeq(value, ",") {
			bare, descending := strings.CutPrefix(column, "-")
			a.Order = append(a.Order, projections.Order{Column: bare, Descending: descending})
		}
	case "limit":
		if a.Limit, err = strconv.Atoi(value); err != nil || a.Limit < 1 {
			return problem.BadParameter.With("The limit is a whole number from 1.")
		}
		a.Limit = min(a.Limit, projections.AnalysisMax)
	case "as_of":
		var position eventbus.Position
		position, err = wire.ParsePosition(value)
		a.AsOf = position
	default:
		column, operator, named := strings.Cut(name, ".")
		if !named {
			operator = string(projections.Eq)
		}
		filter := projections.Filter{Column: column, Op: projections.Op(operator), Values: []string{value}}
		if filter.Op == projections.In {
			filter.Values = strings.Split(value, ",")
		}
		a.Filters = append(a.Filters, filter)
	}
	return err
}
