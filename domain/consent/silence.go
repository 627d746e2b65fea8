package consent

import "time"

type (
	// Silence says with Push that nobody may be asked anything (prompt=none of OpenID
	// Connect).
	Silence struct{ At time.Time }
	// Silenced: the client is told whether its customer would have to be asked, and no
	// browser ever is. Nobody is logged in here beforehand, so they always would.
	Silenced struct {
		At time.Time `json:"at"`
	}
)

func (Silence) consentCommand() {}

func (Silenced) Kind() string  { return "consent.silenced" }
func (Silenced) consentEvent() {}

func (s State) silence(c Silence) ([]Event, error) {
	if s.phase != pushed || s.Silent {
		return nil, ErrURI
	}
	return []Event{Silenced(c)}, nil
}

// OpenIn tells whether this browser has opened the request, which waits still; ErrURI
// if not.
func (s State) OpenIn(browser string, at time.Time) error {
	if s.phase != opened || !at.Before(s.Until) || browser == "" || !same(s.Browser, browser) {
		return ErrURI
	}
	return nil
}
