// Package simulated is a rail of SEPA credit transfers for sandboxes and tests: an
// http.Handler that keeps in memory what it was told.
//
//	POST /pacs.008  a payment -> pacs.002; the same MsgId again is answered as before
//	POST /pacs.028  what became of a message -> pacs.002 or pacs.004; 404: never heard of
//	POST /pacs.004  a payment that came from here goes back, or a collection is to -> pacs.002
//	POST /camt.056  a payment is wanted back -> pacs.004 or camt.029; the same one again is answered as before
//	GET  /          what it was told -> JSON
//	POST /vop       whose account is this? -> match, close match, no match
//
// What becomes of a payment stands in its remittance text, so that anybody can try it:
//
//	"simulate reject AC04"   the rail rejects it      "simulate accept"   it is accepted, and settles when told to
//	"simulate pending"       nothing is said of it    "simulate return AC04" it is settled, and then comes back by itself
//	anything else            it is settled at once
//
// Whatever was settled comes back when it is recalled, unless its text says otherwise:
//
//	"simulate deny CUST"     the other bank keeps it  "simulate hesitate" it says nothing until told to
//
// A claim for the money of a collection whose name begins with "DENY" is denied.
//
// A payee's name is right, unless it says otherwise: "Close ..." is nearly right,
// "Wrong ..." is not, and of "Unknown ..." nobody can say.
//
// It is no bank's rail: it forgets everything when it ends, and checks no sums.
package simulated

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"florin/gateway/rail"
	"florin/gateway/wire"
)

// Fault is how a call fails.
type Fault string

// The faults.
const (
	None   Fault = ""
	Before Fault = "before" // the call is lost before the rail has heard it
	After  Fault = "after"  // the rail has heard it, and its answer is lost
	Down   Fault = "down"   // 503
	Mad    Fault = "mad"    // an answer that nobody can read
)

// Rail is the simulated rail. The zero value is not ready; New is.
type Rail struct {
	mu       sync.Mutex
	messages map[string]*message
	order    []string
	returns  map[string]rail.Returned
	recalls  map[string]*recall
	doubles  int
	faults   []Fault

	recallDoubles int
	verifications atomic.Int64
}

type message struct {
	transfer rail.CreditTransfer
	status   string // TxSts; "" once it is returned
	reason   string
	back     rail.Returned
	late     string // why it comes back later, by itself
}

// New is a rail that nobody has told of anything.
func New() *Rail {
	return &Rail{messages: map[string]*message{}, returns: map[string]rail.Returned{}, recalls: map[string]*recall{}}
}

// Fail has the calls to come fail, one after another.
func (s *Rail) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Verifications counts the payees that were asked for.
func (s *Rail) Verifications() int { return int(s.verifications.Load()) }

// Heal lets calls succeed again.
func (s *Rail) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Messages are the payments that arrived, each once, in their order, and how many
// arrived again.
func (s *Rail) Messages() (all []rail.CreditTransfer, doubles int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.order {
		all = append(all, s.messages[id].transfer)
	}
	return all, s.doubles
}

// Say sets what became of a message: a TxSts, with a reason if it is RJCT. false: the
// rail does not know it.
func (s *Rail) Say(id, status, reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[id]
	if known {
		m.status, m.reason = status, reason
	}
	return known
}

// Return gives a message's money back.
func (s *Rail) Return(id, returnID, decimal, reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[id]
	if known {
		m.status = ""
		m.back = rail.Returned{ID: returnID, Original: id, Kind: rail.MessageName, Reason: reason,
			Amount: rail.Amount{Decimal: decimal, Currency: m.transfer.Payment.Amount.Currency}}
	}
	return known
}

func (s *Rail) fault() (fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) > 0 {
		fault, s.faults = s.faults[0], s.faults[1:]
	}
	return fault
}

func (s *Rail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.Path == "/" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, s.Report())
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rail.AnswerBytesMax))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "a message is posted", http.StatusBadRequest)
		return
	}
	fault := s.fault()
	switch fault {
	case Before:
		panic(http.ErrAbortHandler)
	case Down:
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	mediaType, status, answer := s.answer(r.URL.Path, body)
	switch fault {
	case After:
		panic(http.ErrAbortHandler)
	case Mad:
		answer = []byte("<Document><nonsense/></Document>")
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

func (s *Rail) answer(path string, body []byte) (mediaType string, status int, answer []byte) {
	switch path {
	case rail.TransferPath:
		transfer, err := wire.DecodeXML[rail.CreditTransfer](body, rail.CreditTransferNS)
		if err != nil || transfer.Header.Message == "" {
			return "text/plain", http.StatusBadRequest, []byte("not a pacs.008")
		}
		return s.report(s.take(transfer))
	case rail.StatusPath:
		ask, err := wire.DecodeXML[rail.StatusRequest](body, rail.StatusRequestNS)
		if err != nil {
			return "text/plain", http.StatusBadRequest, []byte("not a pacs.028")
		}
		return s.report(ask.Original)
	case rail.ReturnPath:
		back, err := wire.DecodeXML[rail.Return](body, rail.ReturnNS)
		if err != nil || len(back.Back) != 1 || back.Back[0].ID == "" {
			return "text/plain", http.StatusBadRequest, []byte("not a pacs.004")
		}
		return s.takeBack(back.Message, back.Back[0])
	case rail.RecallPath:
		asked, err := wire.DecodeXML[rail.RecallRequest](body, rail.RecallNS)
		if err != nil || asked.Recall.ID == "" {
			return "text/plain", http.StatusBadRequest, []byte("not a camt.056")
		}
		return s.takeRecall(asked)
	case rail.PayeePath:
		var ask rail.PayeeRequest
		if err := json.Unmarshal(body, &ask); err != nil {
			return "text/plain", http.StatusBadRequest, []byte("not a request")
		}
		s.verifications.Add(1)
		answer, _ := json.Marshal(payee(ask.Name)) // two strings
		return "application/json", http.StatusOK, answer
	}
	return "text/plain", http.StatusNotFound, []byte("nothing here")
}

// take keeps a message once, and tells which one it is.
func (s *Rail) take(transfer rail.CreditTransfer) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := transfer.Header.Message
	if _, known := s.messages[id]; known {
		s.doubles++
		return id
	}
	kept := &message{transfer: transfer, status: "ACSC"}
	words := strings.Fields(transfer.Payment.Reference)
	if len(words) > 1 && words[0] == "simulate" {
		switch words[1] {
		case "reject":
			kept.status, kept.reason = "RJCT", "AC04"
			if len(words) > 2 {
				kept.reason = words[2]
			}
		case "return":
			kept.late = "AC04"
			if len(words) > 2 {
				kept.late = words[2]
			}
		case "accept":
			kept.status = "ACSP"
		case "pending":
			kept.status = "PDNG"
		}
	}
	s.messages[id], s.order = kept, append(s.order, id)
	return id
}

// takeBack keeps a return once, and takes every one but claims that are to be denied.
func (s *Rail) takeBack(message string, back rail.Returned) (mediaType string, status int, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.returns[back.ID] = back
	said := rail.Transitions{Original: message, Kind: "pacs.004.001.09", Status: "ACSC"}
	if back.Kind == rail.DebitName && strings.HasPrefix(back.Original, "DENY") {
		said.Status, said.Reason = "RJCT", written("LEGL")
	}
	text, err := wire.EncodeXML(rail.StatusReport{Message: "report-" + back.ID[:min(len(back.ID), 28)], Created: time.Unix(0, 0).UTC(), Status: said})
	if err != nil {
		return "text/plain", http.StatusInternalServerError, nil
	}
	return "application/xml", http.StatusOK, text
}

// Returns are the payments that the bank has given back, each once.
func (s *Rail) Returns() []rail.Returned {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Values(s.returns))
}

// report says what became of a message.
func (s *Rail) report(id string) (mediaType string, status int, answer []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, known := s.messages[id]
	if !known {
		return "text/plain", http.StatusNotFound, []byte("never heard of")
	}
	created := time.Unix(0, 0).UTC() // a simulated rail has no clock of its own
	var document any = rail.StatusReport{Message: "report-" + id[:min(len(id), 28)], Created: created, Status: rail.Transitions{
		Original: id, Kind: rail.MessageName, EndToEnd: m.transfer.Payment.EndToEnd, Status: m.status, Reason: written(m.reason)}}
	if m.status == "" {
		document = rail.ReturnOf("return-"+id[:min(len(id), 28)], created, m.back)
	}
	text, err := wire.EncodeXML(document)
	if err != nil {
		return "text/plain", http.StatusInternalServerError, nil
	}
	return "application/xml", http.StatusOK, text
}

// written is nothing if there is nothing to write.
func written(code string) *string {
	if code == "" {
		return nil
	}
	return &code
}

func payee(name string) rail.PayeeResponse {
	switch first, rest, _ := strings.Cut(name, " "); {
	case first == "Close" && rest != "":
		return rail.PayeeResponse{Match: "CMTC", Name: rest}
	case first == "Wrong":
		return rail.PayeeResponse{Match: "NMTC"}
	case first == "Unknown":
		return rail.PayeeResponse{Match: "NOAP"}
	}
	return rail.PayeeResponse{Match: "MTCH"}
}
