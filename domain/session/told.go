package session

import "time"

// What became of telling a client that its session is over.
const (
	ToldTaken   = "taken"   // the client has it
	ToldRefused = "refused" // it will not take it
	ToldLate    = "late"    // it could not be reached for a day
)

type (
	// TellClient notes what became of telling the client.
	TellClient struct {
		Outcome string
		At      time.Time
	}
	// ClientTold: the client was told that the session is over, or is not tried any
	// more (OpenID Connect Back-Channel Logout 1.0).
	ClientTold struct {
		Outcome string    `json:"outcome"` // taken, refused or late
		At      time.Time `json:"at"`
	}
)

func (TellClient) sessionCommand() {}

func (ClientTold) Kind() string  { return "session.client_told" }
func (ClientTold) sessionEvent() {}

// tell is noted once, and of what is over alone.
func (s State) tell(c TellClient) ([]Event, error) {
	if !s.Ended || s.Told {
		return nil, nil
	}
	return []Event{ClientTold(c)}, nil
}
