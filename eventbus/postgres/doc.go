// Package postgres keeps the log in one table of PostgreSQL (14 or later).
//
//	last    position of the commit's last event, the key
//	prev    last of the commit that this one extends: unique, and it must be there
//	hash    of the commit
//	record  the commit as log.md spells it, byte for byte
//
// prev is the fence: two writers cannot both extend the same commit, and nobody can
// extend one that is not there. A first row at position 0, which extends nothing, lets
// the first commit have one like all others. A group is one INSERT of many rows, so it is
// kept whole or not at all, and it names the hash of the commit that it extends: a writer
// that remembers another past than the table holds (a restore, a replica that was
// promoted behind) is refused.
//
// One group is in flight at a time. NOTIFY is a hint only: who follows looks by itself
// every second. No call holds a connection while it waits for another, and none while
// its caller works on what it has read.
//
// An INSERT without an answer may still land. The sequencer sends it again at the same
// place; the unique key has it wait for the first one's end.
package postgres
