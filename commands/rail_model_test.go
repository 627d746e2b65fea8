package commands

import (
	"context"
	"errors"
	"sync"

	"florin/domain"
	"florin/domain/account"
	"florin/domain/payment"
)

// modelRail keeps the contract of Rail in memory: a message counts once, however
// often it is told. It can be down, or lose its answer before or after it has taken a
// message in.
type modelRail struct {
	mu       sync.Mutex
	messages map[string]RailAnswer
	told     int // messages that arrived, doubles included
	booked   int // that were new
	say      RailAnswer
	fails    []string // "before" or "after", one for each call to come
	payees   map[string]RailPayee
	returns  map[string]RailReturn
	recalls  map[string]RailAnswer
	wanted   int        // recalls that were new
	decide   RailAnswer // what becomes of the next one
}

var errLost = errors.New("the line is dead")

func newModelRail() *modelRail {
	return &modelRail{messages: map[string]RailAnswer{}, payees: map[string]RailPayee{}, returns: map[string]RailReturn{}, recalls: map[string]RailAnswer{}, decide: RailAnswer{Status: RailPending}, say: RailAnswer{Status: RailSettled}}
}

func (m *modelRail) Name() account.Rail { return account.SEPA }

// fault takes the next failure.
func (m *modelRail) fault() (fault string) {
	if len(m.fails) > 0 {
		fault, m.fails = m.fails[0], m.fails[1:]
	}
	return fault
}

func (m *modelRail) Submit(_ context.Context, i RailInstruction) (RailAnswer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fault := m.fault()
	if fault == "before" {
		return RailAnswer{}, errLost
	}
	m.told++
	if _, known := m.messages[i.Message]; !known {
		m.messages[i.Message] = m.say
		m.booked++
	}
	if fault == "after" {
		return RailAnswer{}, errLost
	}
	return m.messages[i.Message], nil
}

func (m *modelRail) Ask(_ context.Context, message string) (RailAnswer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault() != "" {
		return RailAnswer{}, errLost
	}
	said, known := m.messages[message]
	if !known {
		return RailAnswer{}, ErrUnknownMessage
	}
	return said, nil
}

func (m *modelRail) Return(_ context.Context, back RailReturn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fault := m.fault()
	if fault != "before" {
		m.returns[back.Return] = back
	}
	if fault != "" {
		return errLost
	}
	return nil
}

func (m *modelRail) Claim(ctx context.Context, claim RailReturn) (RailAnswer, error) {
	if err := m.Return(ctx, claim); err != nil {
		return RailAnswer{}, err
	}
	return RailAnswer{Status: RailSettled}, nil
}

func (m *modelRail) Recall(_ context.Context, recall RailRecall) (RailAnswer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fault := m.fault()
	if fault == "before" {
		return RailAnswer{}, errLost
	}
	if _, known := m.recalls[recall.Recall]; !known {
		m.wanted++
		m.recalls[recall.Recall] = m.decide
	}
	if fault == "after" {
		return RailAnswer{}, errLost
	}
	return m.recalls[recall.Recall], nil
}

// decides sets what becomes of recalls, those that are open included.
func (m *modelRail) decides(said RailAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.decide = said
	for name, before := range m.recalls {
		if before.Status == RailPending {
			m.recalls[name] = said
		}
	}
}

func (m *modelRail) Verify(_ context.Context, iban, _ domain.Evidence) (RailPayee, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if payee, known := m.payees[iban.Reveal()]; known {
		return payee, nil
	}
	return RailPayee{Result: payment.Matches}, nil
}

// becomes is what the rail says of a message from now on.
func (m *modelRail) becomes(message string, said RailAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages[message] = said
}

// next sets what becomes of messages that come for the first time.
func (m *modelRail) next(said RailAnswer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.say = said
}

func (m *modelRail) fail(how ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = append(m.fails, how...)
}

func (m *modelRail) counts() (told, booked int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.told, m.booked
}
