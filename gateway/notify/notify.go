// Package notify takes messages to customers out of the house: to the console of
// a sandbox, to a mail server, or to a service of the platform's that knows how to
// send e-mail, SMS and push
// messages.
//
//	console                                 development
//	smtp://user:password@host:port?from=A   e-mail by STARTTLS; smtps:// by TLS from the start
//	https://:secret@host/path               webhook, signed as Standard Webhooks has it
//
// Every way passes the message's identifier on, which is the same for every try,
// so that whoever gets a message twice can tell. Errors hold neither address nor
// text: they are shown in health and logged.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"

	"florin/commands"
)

// ErrTarget: what was configured names no way to notify.
var ErrTarget = errors.New(`notify: the notifier is "console", smtp(s)://[user:password@]host:port?from=address, or https://[:secret@]host/path`)

// Open makes the notifier that a target names; console is where that one writes.
// Without TLS it speaks to this very machine alone: codes would be read on the way.
func Open(target string, console io.Writer, now func() time.Time) (commands.Notifier, error) {
	if target == "console" {
		return &Console{to: console}, nil
	}
	address, err := url.Parse(target)
	if err != nil || address.Host == "" || address.Fragment != "" {
		return nil, ErrTarget // err would show the password
	}
	switch address.Scheme {
	case "smtp", "smtps":
		return newSMTP(address, now)
	case "http", "https":
		return newWebhook(address, now)
	}
	return nil, ErrTarget
}

// Console writes messages for a developer to read, codes included and the address
// masked: it is for a sandbox, and never part of the log that is collected.
type Console struct {
	mu sync.Mutex
	to io.Writer
}

// Notify writes the message as one line of JSON.
func (c *Console) Notify(_ context.Context, m commands.Message) error {
	line, err := json.Marshal(map[string]string{
		"notification": fmt.Sprint(m.Template), "channel": fmt.Sprint(m.Channel), "to": masked(m.To.Reveal()), "subject": m.Subject, "text": m.Text.Reveal(),
	})
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err = c.to.Write(append(line, '\n'))
	return err
}

// masked leaves of an address what tells two of them apart on a screen.
func masked(address string) string {
	runes := []rune(address)
	if len(runes) < 6 {
		return "***"
	}
	return string(runes[:2]) + "***" + string(runes[len(runes)-2:])
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
