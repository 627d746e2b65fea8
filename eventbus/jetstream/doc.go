// Package jetstream keeps the log in one stream of NATS JetStream (2.15.2 or later).
//
// A group of commits is one message: each commit behind its length as a uvarint. A
// message is published under the condition that the stream ends where the writer thinks
// it does; that is the fence. An acknowledgement for another sequence than the very next
// one, too, means that somebody else has written.
//
// A stream is only as good as it is set up, and JetStream acknowledges before it has
// synced unless it is told otherwise. So Open proves, before anything is read, that the
// stream lies in files on at least three servers, that nothing can be deleted from it or
// expire, and that every server syncs always and is new enough; the latter it asks the
// servers themselves, by the system account. Where one of it cannot be proven Open refuses
// and says what to mend. Options.SingleNode, for development, proves but the files.
//
// What a message without an answer has come to only the leader knows: heads and single
// messages are asked of it (AllowDirect is off). Long reads go through an ordered
// consumer.
package jetstream
