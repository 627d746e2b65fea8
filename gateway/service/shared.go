package service

import (
	"net/http"

	"florin/domain/id"
	"florin/gateway/problem"
)

// sees asks the account itself whether the caller may see what a customer began on it;
// not-found if not. own: it is the caller's doing. What is another's is shown without the
// challenge that was put to them, and without what they and third parties agreed on.
func (d Desk) sees(r *http.Request, began id.Customer, from id.Account) (own bool, err error) {
	sees, own, err := d.Bank.Accounts().Sees(r.Context(), CallOf(r.Context()).Caller, began, from)
	if err == nil && !sees {
		err = problem.NotFound
	}
	return own, err
}

// seen gives those rows of a page that the caller may see, as they are shown. A page that
// a role has just ended for may be shorter than was asked; the next one goes on after it.
func seen[Row, Answer any](d Desk, r *http.Request, rows []Row, begun func(Row) (id.Customer, id.Account), show func(row Row, own bool) Answer) ([]Answer, error) {
	shown := make([]Answer, 0, len(rows))
	caller := CallOf(r.Context()).Caller
	for _, row := range rows {
		by, from := begun(row)
		sees, own, err := d.Bank.Accounts().Sees(r.Context(), caller, by, from)
		if err != nil {
			return nil, err
		}
		if sees {
			shown = append(shown, show(row, own))
		}
	}
	return shown, nil
}
