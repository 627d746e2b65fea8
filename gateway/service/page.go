package service

import (
	"net/http"
	"strconv"
	"strings"

	"florin/domain/id"
	"florin/eventbus"
	"florin/gateway/problem"
	"florin/gateway/wire"
)

// page is where a list begins and how much of it is wanted.
type page struct {
	list  string // what the cursor is bound to, the caller included
	mark  string // "" at the beginning
	limit int
}

// page reads limit and cursor; more are the endpoint's own parameters.
func (d Desk) page(r *http.Request, list string, more ...string) (page, error) {
	query, err := wire.Query(r, append([]string{"limit", "cursor"}, more...)...)
	if err != nil {
		return page{}, err
	}
	caller := CallOf(r.Context()).Caller
	p := page{list: strings.Join([]string{caller.ActorType, caller.Actor.String(), list}, "\x00")}
	if p.limit, err = wire.Limit(query); err != nil {
		return page{}, err
	}
	p.mark, err = d.Cursors.Open(p.list, query.Get("cursor"))
	return p, err
}

// position is the mark of a list that is ordered by position; 0 at the beginning.
func (p page) position() (eventbus.Position, error) {
	if p.mark == "" {
		return 0, nil
	}
	position, err := strconv.ParseUint(p.mark, 10, 64)
	if err != nil {
		return 0, problem.BadCursor
	}
	return eventbus.Position(position), nil
}

// marked is the mark of a list that is ordered by identifiers; zero at the beginning.
func marked[I id.ID[K], K id.Kind](p page) (I, error) {
	var none I
	if p.mark == "" {
		return none, nil
	}
	after, err := id.Parse[I, K](p.mark)
	if err != nil {
		return none, problem.BadCursor
	}
	return after, nil
}

// next says where the list goes on.
func (p page) next(w http.ResponseWriter, r *http.Request, cursors wire.Cursors, mark string) {
	wire.Next(w, r, cursors.Seal(p.list, mark))
}

// cut takes the row too many off, which shows that there is more.
func cut[R any](rows []R, limit int) (kept []R, last R, more bool) {
	if len(rows) > limit {
		rows, more = rows[:limit], true
	}
	if len(rows) > 0 {
		last = rows[len(rows)-1]
	}
	return rows, last, more
}
