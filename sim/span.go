package sim

import (
	"cascade/sim/des"
	"cascade/topology"
)

// A Tracer is an Observer that follows some requests of the sources, and is told what
// became of them and of all that they set off: as a distributed trace would have it, a
// Span for each thing that takes its time. A run has at most one: the first Observer
// given that is a Tracer too. What it follows changes nothing in the run.
type Tracer interface {
	Observer

	// Follow is asked as a request begins, the n-th of a source, from 0 on. luck is what
	// its draws are made of: the same for the same request in a run that differs in what
	// comes after.
	Follow(source int, n int64, luck des.Key) bool

	// Span tells of a span that has ended, or that is open as the run ends. What a span
	// is part of may end later, so that it is told of later. It is valid only until the
	// call returns.
	Span(*Span)
}

// A Span is something that a followed request, or something that it set off, did from
// one instant to another. Spans form a tree:
//
//	Request or Call            of a source, or of a call step: all tries
//	├── Attempt                one try, or one more copy of it, as its caller sees it
//	│   └── Stay               the same at the instance that it was sent to
//	│       ├── Work           a piece of own work of the thread
//	│       ├── Call …         and so on
//	│       └── Publish        a message is handed to a broker
//	│           └── Delivery   the work on it, which has what a Stay has
//	└── Backoff                between two tries
//
// A Stay that its caller has given up, and a Delivery, may last longer than what they
// are in.
type Span struct {
	Kind SpanKind

	Trace   des.Key // the luck of the request, which no two have in common
	Source  int     // of the request: index into Plan.Sources
	Request int64   // which of its source's, from 0 on
	ID      int     // within the request, from 1 on
	Parent  int     // the ID of what it is in; 0: of nothing

	From, To   des.Time
	Unfinished bool // the run ended before it did: To is the run's end
	Outcome    topology.Outcome

	// Where it happens. None (-1) for what does not apply.
	Edge     int // over which, index into Plan.Edges(): of a Request, a Call, an Attempt and a Stay, and of a wait between them
	Publish  int // of a Publish: index into Topology.Publishes
	Queue    int // of a Publish, a Delivery, a Dropped and a Moved: index into Topology.Queues
	Service  int // whose thread it takes, or who calls; of a Dropped of a stream the group; of a Request and its Attempts none
	Op       int // its operation
	Instance int // its instance; of a Request and its Attempts the source's client process

	Try        int  // of an Attempt: which try of its call, from 1 on; of a Call or a Request: how many there were
	Copy       int  // of an Attempt: which further copy of its try; 0: the try itself
	Target     int  // of an Attempt: the instance that it was sent to; none: it was not sent
	TurnedAway bool // of an Attempt: a guard of the caller's was against it, see Outcome, and it was not sent
	Unpaid     bool // of a Call or a Request: the retry budget did not pay for another try
	Round      int  // of a Call or a Publish: which of its step's `times`, from 0 on
	Cache      CacheUse

	Thread   des.Time // of a Stay or a Delivery: when a thread took it; Never: none did
	GivenUp  des.Time // of a Stay or a Delivery: since when nobody waits for it; Never: somebody does
	Wasted   des.Time // of a Work: how much of it was done when nobody waited for it any more
	Fallback bool     // of a Work: it is a fallback's

	Published   des.Time // of a Delivery: when its message was, to this queue
	Redelivered bool     // of a Delivery: it is not its message's first
	ToQueue     int      // of a Moved: where its message went
}

// SpanKind says what a Span is of.
type SpanKind uint8

// The kinds of Span.
const (
	SpanRequest   SpanKind = iota
	SpanCall               // of a call step, with all of its tries
	SpanAttempt            // from its sending to its end as the caller sees it
	SpanStay               // from its arrival at an instance to its answer's setting out
	SpanWork               // a thread at own work
	SpanBackoff            // between two tries of a call
	SpanPaced              // a try that waits for a token of its caller's rate limit
	SpanPaused             // a thread that stands still with its instance
	SpanSuspended          // a Stay that has given its thread back while it waits for its calls
	SpanPublish            // from the publish step to the broker's word
	SpanDelivery           // from a thread's taking up a message to the end of its work
	SpanMoved              // a message goes to another queue, as a dead letter or by a redrive; takes no time
	SpanDropped            // a message is given up; takes no time
	NumSpanKinds
)

var spanNames = [NumSpanKinds]string{"request", "call", "attempt", "stay", "work", "backoff", "paced", "paused", "suspended", "publish", "delivery", "moved", "dropped"}

// String is the kind in a word.
func (k SpanKind) String() string { return spanNames[k] }

// CacheUse says what the cache of a call's edge had to do with it.
type CacheUse uint8

// What a cache may have to do with a call.
const (
	NoCache        CacheUse = iota
	CacheHit                // it had the answer
	CacheMiss               // it had not
	CacheCoalesced          // another call was under way for the same thing, and this one waited for its answer
)

// String is the use in a word; empty: there is no cache.
func (u CacheUse) String() string { return [...]string{"", "hit", "miss", "coalesced"}[u] }
