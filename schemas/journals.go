package schemas

import "florin/domain/journal"

// Journals lists every kind of record that the stream of a journal entry may hold.
var Journals = newTable(
	Event(1, func(e journal.Posted) journal.Event { return e }),
)
