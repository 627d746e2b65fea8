package simulated

import (
	"net/http"
	"strings"
	"time"

	"florin/gateway/rail"
	"florin/gateway/wire"
)

// recall is one that the bank has asked for.
type recall struct {
	asked  rail.RecallRequest
	status string // rail.RecallRejected or rail.RecallPending; "": granted
	reason string
}

// Recalls are what the bank wants back, each once, and how often it has asked again.
func (s *Rail) Recalls() (all []rail.Recalled, doubles int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kept := range s.recalls {
		all = append(all, kept.asked.Recall)
	}
	return all, s.recallDoubles
}

// Grant gives back what a pending recall wants; Deny keeps it. false: nobody asked.
func (s *Rail) Grant(id string) bool { return s.decide(id, "", "") }

// Deny keeps what a pending recall wants.
func (s *Rail) Deny(id, reason string) bool { return s.decide(id, rail.RecallRejected, reason) }

func (s *Rail) decide(id, status, reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept, known := s.recalls[id]
	if known {
		kept.status, kept.reason = status, reason
		s.grant(kept)
	}
	return known
}

// takeRecall keeps a recall once, and answers it as what is recalled says that it will.
func (s *Rail) takeRecall(asked rail.RecallRequest) (mediaType string, status int, answer []byte) {
	s.mu.Lock()
	kept, known := s.recalls[asked.Recall.ID]
	if known {
		s.recallDoubles++
	} else {
		kept = &recall{asked: asked}
		s.recalls[asked.Recall.ID] = kept
		of, was := s.messages[asked.Recall.Original]
		switch {
		case !was:
			kept.status, kept.reason = rail.RecallRejected, "NOOR"
		case of.status == "": // it has come back already
		default:
			kept.status, kept.reason = asWritten(of.transfer.Payment.Reference)
			s.grant(kept)
		}
	}
	s.mu.Unlock()
	if kept.status == "" {
		return s.report(asked.Recall.Original)
	}
	text, err := wire.EncodeXML(rail.RecallAnswer{
		Head:   rail.Assignment{ID: "answer-" + asked.Recall.ID[:min(len(asked.Recall.ID), 28)], Assigner: asked.Head.Assignee, Assignee: asked.Head.Assigner, Created: time.Unix(0, 0).UTC()},
		Status: kept.status,
		Denied: rail.Denied{ID: "answer-" + asked.Recall.ID[:min(len(asked.Recall.ID), 28)], Case: asked.Recall.Case, Original: asked.Recall.Original,
			Kind: asked.Recall.Kind, Payment: asked.Recall.Payment, Reason: written(kept.reason)},
	})
	if err != nil {
		return "text/plain", http.StatusInternalServerError, nil
	}
	return "application/xml", http.StatusOK, text
}

// grant gives the money back, once, if that is what was decided.
func (s *Rail) grant(kept *recall) {
	if of := s.messages[kept.asked.Recall.Original]; kept.status == "" && of != nil && of.status != "" {
		of.status = ""
		of.back = rail.Returned{ID: "granted-" + kept.asked.Recall.ID[:min(len(kept.asked.Recall.ID), 27)], Original: kept.asked.Recall.Original,
			Kind: rail.MessageName, Reason: "FOCR", Amount: of.transfer.Payment.Amount}
	}
}

// asWritten is what a payment's remittance text says of its recall.
func asWritten(reference string) (status, reason string) {
	words := strings.Fields(reference)
	if len(words) < 2 || words[0] != "simulate" {
		return "", ""
	}
	switch words[1] {
	case "deny":
		reason = "CUST"
		if len(words) > 2 {
			reason = words[2]
		}
		return rail.RecallRejected, reason
	case "hesitate":
		return rail.RecallPending, ""
	}
	return "", ""
}
