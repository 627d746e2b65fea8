package commands

import (
	"cmp"
	"container/heap"
	"time"
)

// queue is when alarms are due, the next one first. An alarm that was set anew or cleared
// leaves its old place behind, which is passed over once it comes up: so setting one
// costs little, and a tick looks at what is due and at nothing else.
type queue []turn

// turn is one alarm's place in the queue.
type turn struct {
	due      time.Time
	position uint64
	key      string
}

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(p any)   { *q = append(*q, p.(turn)) }

func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].due.Compare(q[j].due), cmp.Compare(q[i].position, q[j].position), cmp.Compare(q[i].key, q[j].key)) < 0
}

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

func turnOf(alarm Alarm) turn { return turn{alarm.Due, uint64(alarm.Position), alarm.key()} }

// queueSpare is how many places without an alarm a queue may hold besides as many as it
// has alarms.
const queueSpare = 1024

// put sets an alarm. The caller holds mu.
func (r *runner) put(alarm Alarm) {
	key := alarm.key()
	r.alarms[key], r.changed[key], r.dirty = alarm, true, true
	heap.Push(&r.queue, turnOf(alarm))
	r.trim()
}

// drop clears an alarm. The caller holds mu.
func (r *runner) drop(key string) {
	if _, ok := r.alarms[key]; ok {
		delete(r.alarms, key)
		r.changed[key] = true
	}
	r.dirty = true
	r.trim()
}

// trim makes the queue anew once it holds more places without an alarm than it may: after
// an alarm was set, and after one was cleared, which leaves fewer to measure it by. The
// caller holds mu.
func (r *runner) trim() {
	if len(r.queue) <= 2*len(r.alarms)+queueSpare {
		return
	}
	r.queue = r.queue[:0]
	for _, alarm := range r.alarms {
		r.queue = append(r.queue, turnOf(alarm))
	}
	heap.Init(&r.queue)
}

// due are the alarms whose time has come, in order, at most so many: they stay until
// they are set anew or cleared.
func (r *runner) due(now time.Time, most int) []Alarm {
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []Alarm
	for len(due) < most && len(r.queue) > 0 && !r.queue[0].due.After(now) {
		next := heap.Pop(&r.queue).(turn)
		alarm, ok := r.alarms[next.key]
		if !ok || turnOf(alarm) != next || len(due) > 0 && due[len(due)-1].key() == next.key {
			continue // it was cleared, or stands elsewhere
		}
		due = append(due, alarm)
	}
	for _, alarm := range due {
		heap.Push(&r.queue, turnOf(alarm))
	}
	return due
}
