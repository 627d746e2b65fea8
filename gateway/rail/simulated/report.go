package simulated

import "florin/gateway/rail"

// Report is what a rail that runs by itself tells of what it was told, at GET /.
type Report struct {
	Payments []Reported `json:"payments"` // each once, in the order in which they came
	Doubles  int        `json:"doubles"`  // how often one came again
	Recalls  int        `json:"recalls"`
	Returns  int        `json:"returns"` // of what came from here
}

// Reported is a payment and what became of it: a TxSts, or "returned".
type Reported struct {
	Message string      `json:"message"`
	Amount  rail.Amount `json:"amount"`
	Status  string      `json:"status"`
}

// Report tells what the rail was told.
func (s *Rail) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	report := Report{Payments: []Reported{}, Doubles: s.doubles, Recalls: len(s.recalls), Returns: len(s.returns)}
	for _, id := range s.order {
		m := s.messages[id]
		one := Reported{Message: id, Amount: m.transfer.Payment.Amount, Status: m.status}
		if m.status == "" {
			one.Status = "returned"
		}
		report.Payments = append(report.Payments, one)
	}
	return report
}
