// Package embedded keeps the log in one directory, with nothing else installed:
// commits and the sequencer's index in one Pebble store, durable by one sync.
//
//	Start -> batch {records, index} -> WAL -> fsync -> durable-head -> wait returns
//	                                            |
//	         Read, Follow, Head  <--- never beyond the durable end
//
// The directory holds Pebble's files, its LOCK (one process at a time) and
// durable-head: two checksummed slots {position, hash}, written in turn after
// every sync and before anybody is told. Why: Pebble takes a flipped bit in the
// newest 32 KiB of its log for a torn tail and drops what follows; the slots
// tell a lost acknowledged commit from one that nobody was promised. They are
// not synced themselves, so after a loss of power they may lag behind the log:
// then damage in the few newest commits can pass for a torn tail. A kill of the
// process alone never makes them lag.
//
// From the first write or sync that fails, nothing more is written and nothing
// is acknowledged: Options.Fatal is told, once, and the process must end.
// Open changes nothing before it has looked the directory over read-only; what
// it refuses stays as it was.
package embedded
