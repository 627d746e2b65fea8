// Package eventbustest holds what every engine of the log has to pass, and a model
// of an engine to try the sequencer on.
//
//	Run         the conformance suite: the laws of a Journal, and of the Log above it
//	Store       the model of a shared journal: fails, loses answers, fences, forks
//	Local       the model of a Pipelined journal: nothing is durable before its sync
//	MemoryIndex an Index in memory
//	Check       reads a whole journal and checks everything that can be checked
//
// The models obey the same contracts as real engines, so they never do more than
// a real one could: a model that is kinder than the world proves nothing.
package eventbustest
