package service

import (
	"net/http"
	"strings"

	"florin/domain/id"
	"florin/gateway/problem"
	"florin/gateway/wire"
	"florin/projections"
)

// Scheduled are the transfers that wait for their days, the caller's and those of accounts
// that the caller holds, the next one first. What is over is among an account's transactions.
func (s Transfers) Scheduled(w http.ResponseWriter, r *http.Request) error {
	p, err := s.page(r, "scheduled-transfers")
	if err != nil {
		return err
	}
	var after id.Transfer
	day, named, marked := strings.Cut(p.mark, "/")
	if marked {
		after, err = id.Parse[id.Transfer](named)
	}
	if err != nil || marked != (p.mark != "") {
		return problem.BadCursor
	}
	if err := s.fresh(r, "transfers"); err != nil {
		return err
	}
	rows, err := s.Reads.ScheduledTransfersOf(r.Context(), CallOf(r.Context()).Caller.Customer, day, after, p.limit+1)
	if err != nil {
		return err
	}
	rows, last, more := cut(rows, p.limit)
	if more {
		p.next(w, r, s.Cursors, last.ExecuteOn+"/"+last.Transfer.String())
	}
	begun := func(row projections.Transfer) (id.Customer, id.Account) { return row.Customer, row.From }
	shown, err := seen(s.Desk, r, rows, begun, transferSeen)
	if err != nil {
		return err
	}
	return wire.OK(w, TransferList{Transfers: shown})
}
