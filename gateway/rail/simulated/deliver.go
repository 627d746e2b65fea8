package simulated

import (
	"time"

	"florin/gateway/rail"
	"florin/gateway/wire"
)

// Deliver sends what the rail has to say by itself, in the order in which the payments
// came: a pacs.004 of each payment that comes back late, under the return's own name.
// What send could not bring to the bank is sent again, the same bytes under the same
// name, by the next Deliver, which ends with the first error.
func (s *Rail) Deliver(send func(name string, pacs004 []byte) error) error {
	for _, back := range s.late() {
		text, err := wire.EncodeXML(rail.ReturnOf(back.ID, time.Unix(0, 0).UTC(), back)) // a simulated rail has no clock of its own
		if err == nil {
			err = send(back.ID, text)
		}
		if err != nil {
			return err
		}
		s.delivered(back.Original)
	}
	return nil
}

// late are the returns that the bank has not taken; from now on its questions about
// the payments are answered by them, too.
func (s *Rail) late() (all []rail.Returned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		m := s.messages[id]
		if m.late == "" {
			continue
		}
		if m.status != "" {
			m.status = ""
			m.back = rail.Returned{ID: "late-" + id[:min(len(id), 30)], Original: id, Kind: rail.MessageName, Reason: m.late, Amount: m.transfer.Payment.Amount}
		}
		all = append(all, m.back)
	}
	return all
}

func (s *Rail) delivered(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages[id].late = ""
}
