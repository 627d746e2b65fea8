package account

func (s State) freeze(c Freeze) ([]Event, error) {
	if err := s.ends(c.Reason); err != nil {
		return nil, err
	}
	if s.Status == OnIce {
		return nil, ErrFrozen
	}
	return []Event{Frozen(c)}, nil
}

func (s State) unfreeze(c Unfreeze) ([]Event, error) {
	if err := s.ends(c.Reason); err != nil {
		return nil, err
	}
	if s.Status != OnIce {
		return nil, ErrNotFrozen
	}
	return []Event{Unfrozen(c)}, nil
}

// close ends a frozen account only after it is unfrozen: a freeze is an order
// that somebody else gave.
func (s State) close(c Close) ([]Event, error) {
	if err := s.ends(c.Reason); err != nil {
		return nil, err
	}
	switch {
	case s.Status == OnIce:
		return nil, ErrFrozen
	case s.Balance != 0, len(s.Reservations) > 0:
		return nil, ErrNotEmpty
	}
	return []Event{Closed(c)}, nil
}

// ends checks what every change of status needs: an account that still moves, and
// a reason code.
func (s State) ends(reason string) error {
	switch {
	case s.Status == Absent:
		return ErrMissing
	case s.Status == Finished:
		return ErrClosed
	case !isCode(reason):
		return ErrReason
	}
	return nil
}
