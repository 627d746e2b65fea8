// Package trials proves, in its tests only, that the record and the contract of
// eventbus.Journal survive engines that are nothing like a local store: NATS
// JetStream (a group is one message) and EventStoreDB's protocol (a commit is
// several native events, and appends are idempotent by event id).
//
// These journals are throw-away: they have no reconnecting, no care for speed and
// no settings. They stand here because the record layout can never be changed
// after the first ledger, so it was tried on them before anything was built on it.
package trials
