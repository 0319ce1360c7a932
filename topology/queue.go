package topology

import (
	"fmt"
	"time"
)

// A Queue is a broker's: a queue of work, as RabbitMQ's and SQS's, or a stream, as
// Kafka's and Kinesis'. Which fields hold for which is said with them.
type Queue struct {
	Name       string
	Kind       QueueKind
	Latency    Dist // from publish to readable
	DeadLetter int  // index into Topology.Queues of where dead letters go; None: they are dropped

	// Of a queue of work.
	Capacity    int           // waiting messages, at least 1; or Unlimited
	OnFull      OnFull        // what happens to a publish that finds it full
	FIFO        bool          // a message waits for those before it of the same key
	TTL         time.Duration // a message that waits longer after its publish is dropped; 0: none is
	Visibility  time.Duration // a message that is not acknowledged so long after its hand-out is readable again; 0: it is waited for
	MaxReceives int           // hand-outs of a message, after which it is dead-lettered; 0: no bound
	Redelivery  time.Duration // from a failure to readable again

	// Of a stream.
	Partitions int           // at least 1
	Retention  time.Duration // an older message is gone, read or not; 0: all are kept
	OnFailure  OnFailure     // what a message that fails does to its partition
	RetryEvery time.Duration // of RetryInPlace: from a failure to the next try
	Rebalance  time.Duration // a group stands still so long when a member comes or goes
	MaxPoll    *MaxPoll      // nil: each message is acknowledged by itself
}

// None, as a place in a list, is no place.
const None = -1

// QueueKind says what a Queue is.
type QueueKind uint8

// The kinds of Queue.
const (
	WorkQueue QueueKind = iota // each message to one consumer, gone once it is acknowledged
	Stream                     // a log of partitions; every consuming service is a group and reads all of it
)

// OnFull says what becomes of a publish that finds a queue full.
type OnFull uint8

// What a full queue does.
const (
	RejectPublish OnFull = iota // turns it away
	DropOldest                  // takes it, and drops the message that was published first of those that wait
	BlockPublish                // lets the publisher wait for a place
)

// OnFailure says what a failed message does to its partition.
type OnFailure uint8

// What a group does about a message that failed.
const (
	SkipFailed OnFailure = iota // goes on with the next; the message is dropped
	RetryInPlace
	DeadLetterFailed // hands it to the dead-letter queue and goes on
)

// MaxPoll is how a member of a stream's group reads: up to Records messages at once,
// which are acknowledged together when the last is done. One that takes longer than
// Interval is put out of the group, and its messages come again (Kafka's
// max.poll.records and max.poll.interval.ms).
type MaxPoll struct {
	Records  int // at least 1
	Interval time.Duration
}

// A Publish is one publish step: who hands messages to which queue.
type Publish struct {
	From  OpRef
	Queue int // index into Topology.Queues

	// ID is the step's name: checkout->orders, checkout.place->orders from an operation
	// that has a name, with #2, #3 … for further steps between the same two. Index
	// fills it.
	ID string

	Timeout  time.Duration // how long it waits for the broker's word; 0: as long as it takes
	Chance   float64       // share of times that it is done at all; 1: always
	Times    int           // messages, one after the other; at least 1
	Optional bool          // a failure does not fail the publisher
	Key      KeyKind
	Zipf     float64 // exponent, of ZipfKeys
	Keys     int     // keys are 0 … Keys-1; at least 1. Key k belongs to partition k mod Partitions
}

// KeyKind says how the key of a message is found.
type KeyKind uint8

// The kinds of key.
const (
	UniformKeys    KeyKind = iota // each alike
	RoundRobinKeys                // in turn, in the order of publishing
	ZipfKeys                      // the k-th with a weight of (k+1)^-Zipf
)

// A Consume is a queue that a service takes messages from, and what it does with each.
type Consume struct {
	Queue int // index into Topology.Queues
	Op    int // index into Service.Operations

	// Of a queue of work.
	Prefetch   int           // messages an instance has at once, in threads or at hand; 0: one a thread
	Batch      int           // messages that a thread takes at once and works through; at least 1
	AckTimeout time.Duration // like Queue.Visibility, of this consumer; 0: none
}

// indexPublish numbers and names a publish step.
func (t *Topology) indexPublish(op *Operation, p *Publish, seen map[string]int) {
	p.From = op.Ref
	p.ID = numbered(t.OpName(op.Ref)+"->"+t.Queues[p.Queue].Name, seen)
	t.Publishes = append(t.Publishes, p)
}

// numbered is id, with a number behind it from the second of its kind on.
func numbered(id string, seen map[string]int) string {
	seen[id]++
	if n := seen[id]; n > 1 {
		return fmt.Sprintf("%s#%d", id, n)
	}
	return id
}

// Groups are the services that consume queue q, as indexes into Services, in file
// order. A stream has a group for each.
func (t *Topology) Groups(q int) []int {
	var groups []int
	for i := range t.Services {
		for k := range t.Services[i].Consumes {
			if t.Services[i].Consumes[k].Queue == q {
				groups = append(groups, i)
				break
			}
		}
	}
	return groups
}
