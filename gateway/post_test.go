package gateway

import (
	"context"
	"regexp"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"florin/commands"
	"florin/eventbus"
)

// mailbox is the notifier of the bank under test: it keeps what customers are told.
type mailbox struct {
	mu       sync.Mutex
	messages []commands.Message
	failing  error
}

func (p *mailbox) Notify(_ context.Context, m commands.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failing == nil {
		p.messages = append(p.messages, m)
	}
	return p.failing
}

func (p *mailbox) fail(by error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failing = by
}

// told has the bank tell what there is to be told, and gives the messages of a
// template since the last time.
func (h *house) told(template string) (found []commands.Message) {
	h.t.Helper()
	h.settle()
	h.post.mu.Lock()
	defer h.post.mu.Unlock()
	for _, m := range h.post.messages {
		if m.Template == template {
			found = append(found, m)
		}
	}
	h.post.messages = nil
	return found
}

// settle has the processes do all that is due by now.
func (h *house) settle() {
	h.t.Helper()
	for head := h.head(); ; head = h.head() {
		h.processed(eventbus.Position(head))
		require.NoError(h.t, h.bank.Tick(context.Background()))
		require.NoError(h.t, h.bank.TickWebhooks(context.Background()))
		if h.head() == head {
			return // nothing followed from what followed
		}
	}
}

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// processed waits until every process has taken in what the log holds up to there.
func (h *house) processed(head eventbus.Position) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		for _, process := range h.bank.Processes() {
			if process.Position < head {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond)
}

// sentCode is the one code that was sent by a template.
func (h *house) sentCode(template string) string {
	h.t.Helper()
	messages := h.told(template)
	require.Len(h.t, messages, 1)
	return sixDigits.FindString(messages[0].Text.Reveal())
}
