package risk

// Change is one feature that would have had to be otherwise.
type Change struct {
	Feature Feature
	Below   int64 // it would have had to be below this,
	From    int64 // and at least this; where neither bounds it: Open
	Open    string
	Outcome Outcome // what would have followed
}

// Values of Change.Open: which side has no bound.
const (
	OpenBelow = "no-lower-bound"
	OpenAbove = "no-upper-bound"
	Unknown   = "unknown" // it would have had to be unknown
)

// SmallestChange is the change of a single feature that would have led to a less
// strict outcome, and of those the one whose value lies nearest in bins; found is
// false if no single one would have. Not knowing is no change that one can make.
func (e *Engine) SmallestChange(action Action, v *Vector) (smallest Change, found bool) {
	now := e.Decide(action, v)
	nearest := binsMax + 2
	for i := range e.cards {
		card := &e.cards[i]
		value, known := v.Get(card.feature)
		if !known {
			continue
		}
		here := card.bin(value)
		for to := range len(card.card.Bins) + 1 {
			distance := max(to-here, here-to)
			if distance == 0 || distance >= nearest {
				continue
			}
			changed := *v
			changed.Set(card.feature, card.within(to))
			if then := e.Decide(action, &changed); severity(then.Outcome) < severity(now.Outcome) {
				smallest, nearest, found = card.change(to, then.Outcome), distance, true
			}
		}
	}
	return smallest, found
}

// bin is the number of the bin that a value falls into; the rest comes last.
func (w *weighed) bin(value int64) int {
	for i := range w.card.Bins {
		if value < w.card.Bins[i].Below {
			return i
		}
	}
	return len(w.card.Bins)
}

// within is a value of a bin, the one nearest to the next bin below it.
func (w *weighed) within(bin int) int64 {
	if bin == 0 {
		return w.card.Bins[0].Below - 1
	}
	return w.card.Bins[bin-1].Below
}

func (w *weighed) change(to int, then Outcome) Change {
	c := Change{Feature: w.feature, Outcome: then}
	if to < len(w.card.Bins) {
		c.Below = w.card.Bins[to].Below
	} else {
		c.Open = OpenAbove
	}
	if to > 0 {
		c.From = w.card.Bins[to-1].Below
	} else {
		c.Open = OpenBelow
	}
	return c
}
