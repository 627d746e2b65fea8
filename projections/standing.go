package projections

import (
	"sync"

	"florin/domain/id"
)

// Standing answers, in memory, who is not in good standing. Guards folds one from
// the log; a process that does not hold the log keeps a copy, told by Watch.
//
//	log -> Guards --Watch: all there is, then each change--> Replace, Take -> copy
//
// A copy holds verdicts and names of streams: no key, no personal data, no log.
type Standing struct {
	mu       sync.RWMutex
	verdicts map[string]verdict // by subject; who is not in it is in good standing
	watchers map[chan Ruling]struct{}
}

// Ruling is what is said of one subject: a stream's name, or a signing key's.
type Ruling struct {
	Subject string `json:"subject"`
	Verdict int64  `json:"verdict"` // 0: in good standing again
}

// NewStanding knows nothing: nobody's standing is bad.
func NewStanding() *Standing {
	return &Standing{verdicts: map[string]verdict{}, watchers: map[chan Ruling]struct{}{}}
}

// watchMax is how many changes a watcher may be behind.
const watchMax = 4096

// Watch gives what is known now, and every change from then on, none left out.
// Changes is closed when the watcher is too far behind, or when what it was told
// holds no more: then it begins anew. leave ends it.
func (s *Standing) Watch() (known []Ruling, changes <-chan Ruling, leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known = make([]Ruling, 0, len(s.verdicts))
	for subject, v := range s.verdicts {
		known = append(known, Ruling{subject, int64(v)})
	}
	told := make(chan Ruling, watchMax)
	s.watchers[told] = struct{}{}
	return known, told, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dismiss(told)
	}
}

func (s *Standing) dismiss(watcher chan Ruling) {
	if _, there := s.watchers[watcher]; there {
		delete(s.watchers, watcher)
		close(watcher)
	}
}

// Replace makes a copy know this and nothing else.
func (s *Standing) Replace(known []Ruling) {
	verdicts := make(map[string]verdict, len(known))
	for _, ruling := range known {
		verdicts[ruling.Subject] = verdict(ruling.Verdict)
	}
	s.replace(verdicts)
}

func (s *Standing) replace(verdicts map[string]verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verdicts = verdicts
	for watcher := range s.watchers {
		s.dismiss(watcher)
	}
}

// Take makes a copy know one thing more.
func (s *Standing) Take(ruling Ruling) { s.rule(ruling.Subject, verdict(ruling.Verdict)) }

// rule says a verdict after those before it, and tells who watches.
func (s *Standing) rule(subject string, v verdict) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v = s.verdicts[subject].then(v); v == good {
		delete(s.verdicts, subject)
	} else {
		s.verdicts[subject] = v
	}
	for watcher := range s.watchers {
		select {
		case watcher <- Ruling{subject, int64(v)}:
		default:
			s.dismiss(watcher)
		}
	}
}

// SessionRevoked tells whether the token family is over.
func (s *Standing) SessionRevoked(of id.Session) bool { return s.on(of.Stream()) != good }

// DeviceRevoked tells whether the device was revoked or reported lost.
func (s *Standing) DeviceRevoked(of id.Device) bool { return s.on(of.Stream()) != good }

// CustomerBarred tells whether the customer may not be here at all: deceased,
// closed, or asked to be forgotten.
func (s *Standing) CustomerBarred(of id.Customer) bool { return s.on(of.Stream()) == ended }

// CustomerLimited tells whether the customer may look and not touch: pending
// identity checks, or restricted.
func (s *Standing) CustomerLimited(of id.Customer) bool { return s.on(of.Stream()) == limited }

// OperatorDisabled tells whether the operator is one no more.
func (s *Standing) OperatorDisabled(of id.Operator) bool { return s.on(of.Stream()) != good }

// KeyRetired tells whether a signing key signs no more; what it has signed is
// believed until the time in signing.retired.
func (s *Standing) KeyRetired(keyID string) bool { return s.on(keySubject(keyID)) != good }

func (s *Standing) on(subject string) verdict {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.verdicts[subject]
}
