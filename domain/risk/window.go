package risk

// Window counts what happened within the last minutes, hours and days: to the
// minute up to one hour, to the hour up to 24, to the day up to 30 (so a day is
// between 23 and 24 hours long, and a month between 29 and 30 days). Time only goes
// on: what comes with an earlier time is counted now. The zero value is empty.
type Window struct {
	minute  uint32 // since 1970, of the last that was counted
	minutes [60]uint16
	hours   [24]uint16
	days    [30]uint16
}

const countMax = 1<<16 - 1

// Add counts one at a minute since 1970.
func (w *Window) Add(minute int64) {
	w.advance(minute)
	bump(&w.minutes[w.minute%60])
	bump(&w.hours[w.minute/60%24])
	bump(&w.days[w.minute/(60*24)%30])
}

func bump(bucket *uint16) {
	if *bucket < countMax {
		*bucket++
	}
}

// advance empties the buckets that time has passed.
func (w *Window) advance(minute int64) {
	last := int64(w.minute)
	if minute <= last {
		return
	}
	pass(w.minutes[:], last, minute)
	pass(w.hours[:], last/60, minute/60)
	pass(w.days[:], last/(60*24), minute/(60*24))
	w.minute = uint32(minute)
}

// pass empties the buckets after from, up to to; of a ring that time has gone round
// it empties all.
func pass[T uint8 | uint16 | uint32](ring []T, from, to int64) {
	n := int64(len(ring))
	for at := max(from, to-n) + 1; at <= to; at++ {
		ring[at%n] = 0
	}
}

// Minutes counts the last n minutes, up to 60, the one of now among them.
func (w *Window) Minutes(now int64, n int) int64 {
	return recent(w.minutes[:], int64(w.minute), now, n)
}

// Hours counts the last n hours, up to 24.
func (w *Window) Hours(now int64, n int) int64 {
	return recent(w.hours[:], int64(w.minute)/60, now/60, n)
}

// Days counts the last n days, up to 30.
func (w *Window) Days(now int64, n int) int64 {
	return recent(w.days[:], int64(w.minute)/(60*24), now/(60*24), n)
}

// recent sums the last n buckets as of now, without changing anything.
func recent[T uint8 | uint16 | uint32](ring []T, last, now int64, n int) (sum int64) {
	now = max(now, last)
	for at := now - int64(n) + 1; at <= last; at++ {
		if at >= 0 {
			sum += int64(ring[at%int64(len(ring))])
		}
	}
	return sum
}

// sums adds up amounts by the hour for 24 hours: up to sumMax in one.
type sums struct {
	hour  uint32 // since 1970
	hours [24]uint32
}

func (s *sums) add(hour, amount int64) {
	if hour > int64(s.hour) {
		pass(s.hours[:], int64(s.hour), hour)
		s.hour = uint32(hour)
	}
	at := &s.hours[s.hour%24]
	*at += uint32(min(amount, sumMax-int64(*at)))
}

func (s *sums) day(hour int64) int64 {
	if s == nil {
		return 0
	}
	return recent(s.hours[:], int64(s.hour), hour, 24)
}

// rare counts by the day for 30 days what seldom happens: up to 255 a day.
type rare struct {
	day  int64 // since 1970
	days [30]uint8
}

func (r *rare) add(minute int64) {
	if day := minute / (60 * 24); day > r.day {
		pass(r.days[:], r.day, day)
		r.day = day
	}
	if at := &r.days[r.day%30]; *at < 255 {
		*at++
	}
}

// take takes back one that was counted at a minute, if its day is still counted.
func (r *rare) take(minute int64) {
	if r == nil {
		return
	}
	day := minute / (60 * 24)
	if at := &r.days[day%30]; *at > 0 && day <= r.day && day > r.day-30 {
		*at--
	}
}

func (r *rare) month(minute int64) int64 {
	if r == nil {
		return 0
	}
	return recent(r.days[:], r.day, minute/(60*24), 30)
}

// recently counts by ten minutes for an hour.
type recently struct {
	tenth  uint32 // of minutes since 1970
	tenths [6]uint8
}

func (r *recently) add(minute int64) {
	if tenth := minute / 10; tenth > int64(r.tenth) {
		pass(r.tenths[:], int64(r.tenth), tenth)
		r.tenth = uint32(tenth)
	}
	if at := &r.tenths[r.tenth%6]; *at < 255 {
		*at++
	}
}

func (r *recently) hour(minute int64) int64 { return recent(r.tenths[:], int64(r.tenth), minute/10, 6) }
