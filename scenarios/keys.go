package scenarios

import (
	"slices"
	"strings"
	"unicode"
)

// A key is one that may stand in a mapping. The tables below are the format: the
// reader takes no key and no word that is not in them, and messages, overrides and
// defaults go by them.
type key struct {
	name    string
	value   string // how it is written, or its words, apart by |
	initial string // what it is without it, "" where there is no single word for that
	about   string
	within  section // the keys of its mapping; none: it is not one
}

// A shape is what a mapping, or a list, may hold.
type shape struct {
	name   string  // of one such mapping, for messages
	keys   []key   // of a mapping with fixed keys
	called string  // of a mapping whose keys are names: what they name
	each   section // and what each of them, or each member of a list, is
	lone   string  // how it is written with one value, %s, where a person wrote that alone
}

type section uint8

const (
	none section = iota
	scenarioKeys
	topologyKeys
	servicesByName
	serviceKeys
	operationsByName
	operationKeys
	stepList
	workKeys
	syncKeys
	publishKeys
	parallelKeys
	queuesByName
	queueKeys
	streamKeys
	pollKeys
	consumeList
	consumeKeys
	retryKeys
	budgetKeys
	breakerKeys
	edgeLimitKeys
	hedgeKeys
	throttleKeys
	cacheKeys
	serviceLimitKeys
	adaptiveKeys
	outlierKeys
	autoscaleKeys
	trafficByName
	sourceKeys
	profileList
	pointKeys
	burstKeys
	faultList
	faultKeys
	latencyKeys
	slowKeys
	errorsKeys
	crashKeys
	pauseKeys
	threadsKeys
	lossKeys
	partitionKeys
	surgeKeys
	outageKeys
	poisonKeys
	redriveKeys
	rewindKeys
	flushKeys
	setEdgeKeys
	setServiceKeys
	setOperationKeys
	setQueueKeys
	setStreamKeys
	expectList
	numSections
)

// format is every key of a scenario.
var format = [numSections]shape{
	scenarioKeys: {name: "a scenario", keys: []key{
		{name: "name", value: "name", about: "what reports call the scenario; required"},
		{name: "description", value: "text", about: "one sentence on what it shows"},
		{name: "duration", value: "duration", about: "the run covers [0, duration); required"},
		{name: "warmup", value: "duration", initial: "0s", about: "what begins before it is left out of the totals"},
		{name: "seed", value: "number", initial: "1", about: "of all luck"},
		{name: "interval", value: "duration", initial: "1s", about: "length of a sample of the timeline"},
		{name: "topology", value: "mapping or file", about: "what exists; required", within: topologyKeys},
		{name: "traffic", value: "mapping or file", about: "who asks; required, at least one source", within: trafficByName},
		{name: "faults", value: "list or file", about: "what breaks, and when", within: faultList},
		{name: "expect", value: "list or file", about: "what the run is judged by", within: expectList},
	}},
	topologyKeys: {name: "a topology", keys: []key{
		{name: "services", value: "mapping", about: "by name; required", within: servicesByName},
		{name: "queues", value: "mapping", initial: "none", about: "queues and streams by name", within: queuesByName},
	}},
	servicesByName: {name: "services", called: "service", each: serviceKeys},
	serviceKeys: {name: "a service", keys: slices.Concat([]key{
		{name: "instances", value: "number", initial: "1", about: "copies of it, each with its own threads"},
		{name: "threads", value: "number|unlimited", about: "per instance; required"},
		{name: "blocking", value: "true|false", initial: "true", about: "a thread is held while its calls wait"},
		{name: "queue", value: "number|unbounded", initial: "100", about: "places in the waiting room of an instance"},
		{name: "order", value: "fifo|lifo|codel", initial: "fifo", about: "which waiting attempt a free thread takes"},
		{name: "balance", value: "round_robin|random|least_requests|two_choices", initial: "round_robin", about: "how callers pick an instance"},
	}, serviceGuards, []key{
		{name: "consumes", value: "queue or list", initial: "nothing", about: "queues and streams whose messages it takes", within: consumeList},
		{name: "steps", value: "list", about: "of a service with one operation", within: stepList},
		{name: "operations", value: "mapping", about: "or several, which share the threads", within: operationsByName},
	})},
	operationsByName: {name: "operations", called: "operation", each: operationKeys},
	operationKeys: {name: "an operation", keys: []key{
		{name: "bulkhead", value: "number", initial: "none", about: "threads of an instance in this operation at once"},
		{name: "steps", value: "list", about: "what it does; required", within: stepList},
	}},
	stepList: {name: "a step"},
	workKeys: {name: "a work step", keys: []key{
		{name: "work", value: "distribution", about: "the thread works for that long"},
	}},
	syncKeys: {name: "a sync step", keys: slices.Concat([]key{
		{name: "sync", value: "target", about: "calls it and waits"},
	}, callKeys, onlyInSteps)},
	publishKeys: {name: "a publish step", keys: []key{
		{name: "publish", value: "queue", about: "hands it a message and goes on"},
		{name: "chance", value: "share", initial: "100%", about: "it is handed over only so often"},
		{name: "times", value: "number", initial: "1", about: "one after the other"},
		{name: "optional", value: "true|false", initial: "false", about: "a failure does not fail the publisher"},
		{name: "timeout", value: "duration", initial: "none", about: "limit on the broker's word"},
		{name: "key", value: "uniform|round_robin|zipf(S)", initial: "uniform", about: "law of the keys, by which a message has its partition of a stream, its group of a fifo queue"},
		{name: "keys", value: "number", initial: "1000", about: "how many keys there are"},
	}},
	parallelKeys: {name: "a parallel step", keys: []key{
		{name: "parallel", value: "list", about: "sync and publish steps side by side", within: stepList},
	}},
	queuesByName: {name: "queues", called: "queue", each: queueKeys},
	queueKeys:    {name: "a queue", keys: ofQueue},
	streamKeys:   {name: "a stream", keys: ofStream},
	pollKeys: {name: "a max_poll", lone: "{records: %s, interval: 300s}", keys: []key{
		{name: "records", value: "number", about: "messages of a batch at most; required"},
		{name: "interval", value: "duration", about: "a member that takes longer for a batch is put out; required"},
	}},
	consumeList: {name: "a consumes", each: consumeKeys},
	consumeKeys: {name: "a consumer", keys: []key{
		{name: "from", value: "queue", about: "whose messages it takes; required"},
		{name: "operation", value: "operation", about: "what it does with each; required where the service has several"},
		{name: "prefetch", value: "number", initial: "one a thread", about: "messages that an instance has at once, at hand and in threads"},
		{name: "batch", value: "number", initial: "1", about: "messages that a thread takes at once"},
		{name: "ack_timeout", value: "duration", initial: "none", about: "like the queue's visibility, of this consumer"},
	}},
	retryKeys: {name: "a retry", lone: "{attempts: %s}", keys: []key{
		{name: "attempts", value: "number", about: "tries, the first included; required"},
		{name: "backoff", value: "duration", initial: "0s", about: "wait before the first retry"},
		{name: "factor", value: "number", initial: "2", about: "how many times as long each further wait is"},
		{name: "max", value: "duration", initial: "10s", about: "the longest wait"},
		{name: "jitter", value: "none|full|equal", initial: "none", about: "the part of a wait that is drawn at random"},
		{name: "on", value: "list of outcomes", initial: "every failure but breaker_open, bulkhead_full and cancelled", about: "outcomes worth a retry"},
		{name: "budget", value: "mapping", initial: "none", about: "bound on the share of retries", within: budgetKeys},
		{name: "budget_like", value: "aws-sdk|grpc|finagle|linkerd|envoy", initial: "none", about: "as that library or proxy does by default"},
	}},
	budgetKeys: {name: "a budget", lone: "{ratio: %s, burst: 10}", keys: []key{
		{name: "ratio", value: "share", about: "of a token gained a first attempt; required"},
		{name: "burst", value: "number", about: "tokens at the start and at most; required"},
	}},
	breakerKeys: {name: "a breaker", lone: "{consecutive: %s}", keys: []key{
		{name: "consecutive", value: "number", initial: "5", about: "opens when more failures than this follow each other; with a ratio: only if written"},
		{name: "ratio", value: "share", initial: "none", about: "opens when so many of those counted failed"},
		{name: "min_requests", value: "number", initial: "1", about: "the ratio holds once so many are counted"},
		{name: "interval", value: "duration", initial: "0s", about: "the closed state's counts are cleared so often; 0s: never"},
		{name: "bucket", value: "duration", initial: "none", about: "makes the interval a rolling window, in parts of this length"},
		{name: "open_for", value: "duration", initial: "60s", about: "from opening to the first probe"},
		{name: "half_open", value: "number", initial: "1", about: "probes let through, and successes in a row that close it"},
		{name: "on", value: "list of outcomes", initial: "every failure of the callee", about: "outcomes that count as failures"},
	}},
	edgeLimitKeys: {name: "a rate_limit", lone: "{rate: %s}", keys: []key{
		{name: "rate", value: "rate", about: "tokens gained; required"},
		{name: "burst", value: "number", initial: "1", about: "tokens at the start and at most"},
		{name: "wait", value: "duration", initial: "0s", about: "the longest wait for a token"},
	}},
	hedgeKeys: {name: "a hedge", lone: "{after: %s}", keys: []key{
		{name: "after", value: "duration, or a quantile such as p95", about: "when another copy is sent: so long after the one before, or after this quantile of the edge's recent answers; required"},
		{name: "max", value: "number", initial: "1", about: "further copies of a try"},
	}},
	throttleKeys: {name: "a throttle", lone: "{k: %s}", keys: []key{
		{name: "k", value: "number", initial: "2", about: "requests let through for each that the callee accepts"},
		{name: "window", value: "duration", initial: "2m", about: "over which both are counted"},
	}},
	cacheKeys: {name: "a cache", lone: "{hit: %s}", keys: []key{
		{name: "hit", value: "share", about: "of calls that it answers; this or keys"},
		{name: "keys", value: "number", about: "how many different things are asked for; this or hit"},
		{name: "popularity", value: "uniform|zipf(S)", initial: "uniform", about: "how often each of them"},
		{name: "size", value: "number", about: "how many it holds; required with keys"},
		{name: "ttl", value: "duration", initial: "none", about: "how long an answer is good for"},
		{name: "coalesce", value: "true|false", initial: "false", about: "one call under way a key, for which the others wait"},
	}},
	serviceLimitKeys: {name: "a rate_limit of a service", lone: "{rate: %s}", keys: []key{
		{name: "rate", value: "rate", about: "tokens gained; required"},
		{name: "burst", value: "number", initial: "1", about: "tokens at the start and at most"},
	}},
	adaptiveKeys: {name: "an adaptive_limit", lone: "{kind: %s}", keys: []key{
		{name: "kind", value: "aimd|gradient", about: "by which law it moves; required"},
		{name: "min", value: "number", initial: "20", about: "the limit never falls below; where max is less, that"},
		{name: "max", value: "number", initial: "200", about: "the limit never rises above; where min is more, that"},
		{name: "initial", value: "number", initial: "20", about: "the limit at first, kept between min and max"},
		{name: "timeout", value: "duration", initial: "5s", about: "aimd: an answer that takes longer counts as a drop"},
	}},
	outlierKeys: {name: "an outlier", lone: "{consecutive: %s}", keys: []key{
		{name: "consecutive", value: "number", initial: "5", about: "failures in a row that eject an instance"},
		{name: "interval", value: "duration", initial: "10s", about: "ejected ones are looked at so often"},
		{name: "eject", value: "duration", initial: "30s", about: "how long the first ejection lasts; the n-th n times as long"},
		{name: "max", value: "share", initial: "10%", about: "of the instances that may be out at once"},
	}},
	autoscaleKeys: {name: "an autoscale", keys: []key{
		{name: "min", value: "number", about: "fewest instances; required"},
		{name: "max", value: "number", about: "most instances; required"},
		{name: "target", value: "share", about: "of threads held that it aims at; required"},
		{name: "every", value: "duration", initial: "15s", about: "how often it decides"},
		{name: "delay", value: "duration", initial: "30s", about: "from a decision to the new instance's first attempt"},
		{name: "cooldown", value: "duration", initial: "5m", about: "instances go only when no decision of so long wanted more"},
		{name: "lag", value: "duration", initial: "0s", about: "how old the figures are that it decides by"},
	}},
	trafficByName: {name: "traffic", called: "source", each: sourceKeys},
	sourceKeys: {name: "a source", keys: slices.Concat([]key{
		{name: "to", value: "target", about: "what it asks for; required"},
		{name: "rate", value: "rate", about: "open: arrivals do not wait for answers"},
		{name: "users", value: "number", about: "closed: each user waits for the answer, thinks, asks again"},
		{name: "burst", value: "mapping", about: "many at once", within: burstKeys},
		{name: "trace", value: "file", about: "at given instants, one a line"},
		{name: "arrivals", value: "poisson|constant|erlang(K)|hyperexponential(P, RATIO)", initial: "poisson", about: "law of the gaps at a rate"},
		{name: "start", value: "duration", initial: "0s", about: "silent before it; what a burst or a trace has before it is left out"},
		{name: "limit", value: "number", initial: "none", about: "requests sent in all"},
		{name: "profile", value: "list", about: "the rate over time", within: profileList},
		{name: "think", value: "distribution", initial: "0s", about: "of a user, before each request"},
		{name: "instances", value: "number", initial: "1", about: "client processes"},
		{name: "budget", value: "mapping", initial: "none", about: "of its retry", within: budgetKeys},
	}, callKeys)},
	profileList: {name: "a profile", each: pointKeys},
	pointKeys: {name: "a point of a profile", keys: []key{
		{name: "at", value: "duration", about: "when; required"},
		{name: "rate", value: "rate", about: "the rate from then on; required"},
		{name: "ramp", value: "duration", initial: "0s", about: "how long the rate takes to get there"},
	}},
	burstKeys: {name: "a burst", lone: "{at: 10s, count: %s}", keys: []key{
		{name: "at", value: "duration", about: "when; required"},
		{name: "count", value: "number", about: "requests; required"},
		{name: "every", value: "duration", initial: "once", about: "and again so often"},
	}},
	faultList: {name: "a fault", called: "fault", each: faultKeys},
	faultKeys: {name: "a fault", keys: []key{
		{name: "name", value: "name", initial: "fault-1, fault-2 … by place", about: "by which expectations and reports speak of it"},
		{name: "at", value: "duration", about: "when it begins; required"},
		{name: "for", value: "duration", initial: "to the end", about: "how long it lasts"},
		{name: "ramp", value: "duration", initial: "0s", about: "how long it takes to its full size"},
		{name: "every", value: "duration", initial: "once", about: "it comes back so often"},
		{name: "latency", value: "mapping", about: "attempts take longer", within: latencyKeys},
		{name: "slow", value: "mapping", about: "own work takes so many times as long", within: slowKeys},
		{name: "errors", value: "mapping", about: "attempts fail", within: errorsKeys},
		{name: "crash", value: "mapping", about: "instances go down", within: crashKeys},
		{name: "pause", value: "mapping", about: "threads stand still", within: pauseKeys},
		{name: "threads", value: "mapping", about: "the pool has another size", within: threadsKeys},
		{name: "loss", value: "mapping", about: "requests vanish", within: lossKeys},
		{name: "partition", value: "mapping", about: "all requests vanish, or are held up", within: partitionKeys},
		{name: "surge", value: "mapping", about: "more traffic", within: surgeKeys},
		{name: "outage", value: "mapping", about: "a broker takes and gives nothing", within: outageKeys},
		{name: "poison", value: "mapping", about: "messages that fail on every delivery", within: poisonKeys},
		{name: "redrive", value: "mapping", about: "what waits in a queue moves to another", within: redriveKeys},
		{name: "rewind", value: "mapping", about: "a group reads again", within: rewindKeys},
		{name: "cache_flush", value: "mapping", about: "a cache answers nothing", within: flushKeys},
		{name: "set", value: "mapping", about: "a deploy: keys have other values", within: setServiceKeys},
	}},
	latencyKeys: {name: "a latency fault", lone: "{on: %s, add: 500ms}", keys: []key{
		{name: "on", value: "service, operation, edge, queue or stream", about: "what it is on; required"},
		{name: "add", value: "distribution", about: "so much longer; required"},
		onlySome,
	}},
	slowKeys: {name: "a slow fault", lone: "{on: %s, factor: 10}", keys: []key{
		{name: "on", value: "service or operation", about: "what it is on; required"},
		{name: "factor", value: "number", about: "so many times as long; required"},
		onlySome,
	}},
	errorsKeys: {name: "an errors fault", lone: "{on: %s, rate: 10%%}", keys: []key{
		{name: "on", value: "service or operation", about: "what it is on; required"},
		{name: "rate", value: "share", about: "of attempts; required"},
		{name: "after_work", value: "true|false", initial: "false", about: "they fail after their steps, not before"},
		onlySome,
	}},
	crashKeys: {name: "a crash", lone: "{on: %s}", keys: []key{{name: "on", value: "service", about: "what it is on; required"}, onlySome}},
	pauseKeys: {name: "a pause", lone: "{on: %s}", keys: []key{{name: "on", value: "service", about: "what it is on; required"}, onlySome}},
	threadsKeys: {name: "a threads fault", lone: "{on: %s, to: 4}", keys: []key{
		{name: "on", value: "service", about: "what it is on; required"},
		{name: "to", value: "number|unlimited", about: "size of the pool; required"},
		onlySome,
	}},
	lossKeys: {name: "a loss", lone: "{on: %s, rate: 5%%}", keys: []key{
		{name: "on", value: "edge", about: "what it is on; required"},
		{name: "rate", value: "share", about: "of requests; required"},
	}},
	partitionKeys: {name: "a partition", lone: "{on: %s}", keys: []key{
		{name: "on", value: "edge", about: "what it is on; required"},
		{name: "hold", value: "true|false", initial: "false", about: "requests are kept and arrive when it ends"},
	}},
	flushKeys: {name: "a cache_flush", lone: "{on: %s}", keys: []key{{name: "on", value: "edge", about: "what it is on; required"}}},
	surgeKeys: {name: "a surge", lone: "{on: %s, factor: 3}", keys: []key{
		{name: "on", value: "source", about: "what it is on; required"},
		{name: "factor", value: "number", about: "traffic times so much; required"},
	}},
	outageKeys: {name: "an outage", lone: "{on: %s}", keys: []key{{name: "on", value: "queue or stream", about: "what it is on; required"}}},
	poisonKeys: {name: "a poison", lone: "{on: %s, rate: 1%%}", keys: []key{
		{name: "on", value: "queue or stream", about: "what it is on; required"},
		{name: "rate", value: "share", about: "of the messages published while it lasts; required"},
	}},
	redriveKeys: {name: "a redrive", lone: "{on: %s, to: …}", keys: []key{
		{name: "on", value: "queue", about: "whose messages move; required"},
		{name: "to", value: "queue", about: "where they go; required"},
	}},
	rewindKeys: {name: "a rewind", lone: "{on: %s, by: 10m}", keys: []key{
		{name: "on", value: "stream", about: "what it is on; required"},
		{name: "group", value: "service", initial: "the only one that reads it", about: "who goes back"},
		{name: "by", value: "duration", about: "how far; required"},
	}},
	setEdgeKeys: {name: "a set on an edge", keys: slices.Concat([]key{
		{name: "on", value: "edge", about: "what it is on; required"},
	}, callKeys, onlyInSteps)},
	// What the keys of a set fault mean stands with the keys that they set.
	setServiceKeys: {name: "a set on a service", keys: slices.Concat([]key{
		{name: "on", value: "service", about: "what it is on; required"},
		onlySome,
		{name: "threads", value: "number|unlimited"},
		{name: "queue", value: "number|unbounded"},
		{name: "order", value: "fifo|lifo|codel"},
		{name: "balance", value: "round_robin|random|least_requests|two_choices"},
	}, serviceGuards)},
	setOperationKeys: {name: "a set on an operation", keys: []key{
		{name: "on", value: "operation", about: "what it is on; required"},
		{name: "bulkhead", value: "number"},
	}},
	setQueueKeys: {name: "a set on a queue", keys: slices.Concat([]key{
		{name: "on", value: "queue", about: "what it is on; required"},
	}, settable(ofQueue))},
	setStreamKeys: {name: "a set on a stream", keys: slices.Concat([]key{
		{name: "on", value: "stream", about: "what it is on; required"},
	}, settable(ofStream))},
	expectList: {name: "expectations"},
}

// callKeys are those that a sync step and a source share.
var callKeys = []key{
	{name: "timeout", value: "duration", initial: "none", about: "one attempt's limit, from sending to the answer's arrival"},
	{name: "deadline", value: "duration", initial: "none", about: "the whole call's limit, tries and waits included"},
	{name: "retry", value: "mapping", initial: "none", about: "when a failed attempt is tried again", within: retryKeys},
	{name: "breaker", value: "mapping", initial: "none", about: "a circuit breaker per caller instance", within: breakerKeys},
	{name: "bulkhead", value: "number", initial: "none", about: "calls under way per caller instance"},
	{name: "rate_limit", value: "mapping", initial: "none", about: "client-side limit per caller instance", within: edgeLimitKeys},
	{name: "hedge", value: "mapping", initial: "none", about: "another copy when no answer came", within: hedgeKeys},
	{name: "throttle", value: "mapping", initial: "none", about: "client-side adaptive throttling", within: throttleKeys},
	{name: "propagate", value: "true|false", initial: "false", about: "the callee ends at this caller's deadline"},
	{name: "priority", value: "high|low", initial: "the caller's, which is high at first", about: "a full waiting room turns away low for high"},
	{name: "protocol", value: "rest|grpc", initial: "none", about: "sets network and the callee's overhead, see protocols"},
	{name: "network", value: "distribution", initial: "0s", about: "delay of the request and, drawn anew, of the answer"},
}

// onlyInSteps are the keys of a sync step that a source does not have.
var onlyInSteps = []key{
	{name: "chance", value: "share", initial: "100%", about: "the call is made only so often"},
	{name: "times", value: "number", initial: "1", about: "one after the other"},
	{name: "optional", value: "true|false", initial: "false", about: "a failure does not fail the caller"},
	{name: "needed", value: "true|false", initial: "true", about: "the answer uses its result; changes nothing in a run"},
	{name: "fallback", value: "distribution", initial: "none", about: "on failure the thread works this long instead and goes on"},
	{name: "cache", value: "mapping", initial: "none", about: "so often answered without a call", within: cacheKeys},
}

// ofQueue are the keys of a queue of work.
var ofQueue = []key{
	{name: "kind", value: "queue|stream", initial: "queue", about: "each message to one consumer; or a log that every consuming service reads"},
	{name: "like", value: presetNames, initial: "none", about: "that system's defaults for what is not written, see presets"},
	{name: "capacity", value: "number|unbounded", initial: "unbounded", about: "waiting messages"},
	{name: "on_full", value: "reject|drop_oldest|block", initial: "reject", about: "what a publish that finds it full leads to"},
	{name: "latency", value: "distribution", initial: "0s", about: "from publish to readable"},
	{name: "order", value: "standard|fifo", initial: "standard", about: "fifo: a message waits for those before it of its key"},
	{name: "ttl", value: "duration", initial: "none", about: "a message that waits longer is dropped"},
	{name: "visibility", value: "duration", initial: "none", about: "a message that is not acknowledged so long after it was taken is readable again"},
	{name: "max_receives", value: "number", initial: "no bound", about: "times that a message is taken, after which it is dead-lettered"},
	{name: "redelivery", value: "duration", initial: "0s", about: "from a failure to readable again"},
	{name: "dead_letter", value: "queue", initial: "none", about: "where dead letters go; without it they are dropped"},
}

// ofStream are those of a stream.
var ofStream = []key{
	{name: "kind", value: "queue|stream", initial: "queue", about: "stream"},
	{name: "like", value: presetNames, initial: "none", about: "that system's defaults for what is not written, see presets"},
	{name: "partitions", value: "number", about: "each read by one member of a group at a time, in order; required"},
	{name: "latency", value: "distribution", initial: "0s", about: "from publish to readable"},
	{name: "retention", value: "duration", initial: "none", about: "older messages are gone, read or not"},
	{name: "on_failure", value: "skip|retry|dead_letter", initial: "skip", about: "what a message that failed does to its partition"},
	{name: "retry_every", value: "duration", initial: "1s", about: "with on_failure: retry, from a failure to the next try"},
	{name: "rebalance", value: "duration", initial: "0s", about: "a group stands still so long when a member comes or goes"},
	{name: "max_poll", value: "mapping", initial: "none", about: "messages are read and acknowledged in batches", within: pollKeys},
	{name: "dead_letter", value: "queue", initial: "none", about: "with on_failure: dead_letter, where what failed goes"},
}

// settable are those keys of a queue or a stream that a set changes. The others say what
// it is.
func settable(keys []key) []key {
	return slices.DeleteFunc(slices.Clone(keys), func(k key) bool { return slices.Contains([]string{"kind", "like", "order", "partitions"}, k.name) })
}

// serviceGuards are what a service, and a set on one, may have of guards.
var serviceGuards = []key{
	{name: "health_check", value: "duration", initial: "never", about: "a down instance leaves the rotation so long after it went down"},
	{name: "cancel", value: "true|false", initial: "false", about: "work whose caller has given up is dropped"},
	{name: "deadline", value: "true|false", initial: "false", about: "a waiting attempt whose caller has given up is thrown away when a thread reaches it"},
	{name: "rate_limit", value: "mapping", initial: "none", about: "admission per instance", within: serviceLimitKeys},
	{name: "adaptive_limit", value: "mapping", initial: "none", about: "concurrency limit on admission", within: adaptiveKeys},
	{name: "outlier", value: "mapping", initial: "none", about: "callers leave out an instance that fails", within: outlierKeys},
	{name: "contention", value: "usl(A, B)|linear(F)|polynomial(F, E)|exponential(F)", initial: "none", about: "own work is stretched as load grows"},
	{name: "autoscale", value: "mapping", initial: "none", about: "instances follow saturation", within: autoscaleKeys},
}

// onlySome is the key by which a fault spares instances.
var onlySome = key{name: "instances", value: "number", initial: "all", about: "only so many have it, the first ones"}

// key finds a key by its name.
func (s *shape) key(name string) *key {
	for i := range s.keys {
		if s.keys[i].name == name {
			return &s.keys[i]
		}
	}
	return nil
}

// index is the place of a key among the others, or behind all where it is none of them.
func (s *shape) index(name string) int {
	if i := slices.IndexFunc(s.keys, func(k key) bool { return k.name == name }); i >= 0 {
		return i
	}
	return len(s.keys)
}

// names are the keys that may be written.
func (s *shape) names() []string {
	var names []string
	for i := range s.keys {
		names = append(names, s.keys[i].name)
	}
	return names
}

// guess is the key that a person may have meant by a word, or nil.
func (s *shape) guess(word string) *key {
	names := s.names()
	for _, other := range calledElsewhere(word) {
		if slices.Contains(names, other) {
			return s.key(other)
		}
	}
	if whole := begun(word, names); whole != "" {
		return s.key(whole)
	}
	return s.key(nearest(word, names))
}

// begun is the one key of which a word is the beginning, up to a low line: open_for
// of open; "" where there are none or several.
func begun(word string, names []string) string {
	var whole []string
	for _, name := range names {
		if len(word) > 2 && strings.HasPrefix(name, strings.ToLower(word)+"_") {
			whole = append(whole, name)
		}
	}
	if len(whole) != 1 {
		return ""
	}
	return whole[0]
}

// suggest ends a message about a key that the mapping has not.
func (s *shape) suggest(word string) string {
	if k := s.guess(word); k != nil {
		return "; did you mean " + quote(k.name) + "?"
	}
	return "; it has " + strings.Join(s.names(), ", ")
}

// misplaced is what is said about a word that is no key of v, a mapping of that section,
// but is one of something beside it: a service's key in a step, a call's in a service.
// It is empty where the word is none of theirs. What is nearest among v's own keys would
// be another thing altogether: who writes cancel in a step does not mean chance.
func misplaced(in section, v *value, word string) string {
	var beside []section
	write := "write it at "
	switch in {
	case queueKeys, streamKeys:
		if said := ofOtherKind(in, word); said != "" {
			return said
		}
		beside = []section{serviceKeys, publishKeys, consumeKeys}
	case consumeKeys:
		beside = []section{serviceKeys, publishKeys, queueKeys, streamKeys}
	case serviceKeys, operationKeys, syncKeys, sourceKeys, workKeys, publishKeys, parallelKeys:
		beside = []section{serviceKeys, operationKeys, syncKeys, publishKeys, sourceKeys, consumeKeys}
	case setServiceKeys, setOperationKeys, setEdgeKeys, setQueueKeys, setStreamKeys:
		if said := ofWhatItIs(in, word); said != "" {
			return said
		}
		beside, write = []section{setServiceKeys, setOperationKeys, setEdgeKeys, setQueueKeys, setStreamKeys}, "set it on "
	default:
		return ""
	}
	others := calledElsewhere(word)
	if slices.ContainsFunc(others, func(other string) bool { return format[in].key(other) != nil }) {
		return ""
	}
	name, is := word, " is a key of "
	owners, places := ownersOf(name, beside, in, v)
	if owners == nil && len(others) > 0 {
		name, is = others[0], " is called "+quote(others[0])+" here, a key of "
		owners, places = ownersOf(name, beside, in, v)
	}
	if owners == nil {
		return ""
	}
	message := quote(word) + is + among(owners) + ", not of " + format[in].name + "; " + write + among(places)
	if strings.HasPrefix(places[len(places)-1], "the ") {
		message += " that it is for"
	}
	return message
}

// ownersOf are those of some sections that have a key, by name, and the places where
// it is to be written instead of in v. What says what kind of step one is stands for a
// step of its own, and what only a source has is no guard: both are left to the guess.
// What a publish step shares with a call is said of the call, and of a consumer only
// what a person would not take for another word.
func ownersOf(name string, beside []section, in section, v *value) (owners, places []string) {
	if slices.Contains(stepKinds, name) {
		return nil, nil
	}
	for _, s := range beside {
		onlyThere := format[syncKeys].key(name) == nil
		if format[s].key(name) == nil || s == sourceKeys && onlyThere || s == publishKeys && !onlyThere || s == consumeKeys && (name == "from" || name == "operation") {
			continue
		}
		owners = append(owners, format[s].name)
		switch {
		case s == serviceKeys || s == setServiceKeys:
			places = append(places, serviceOf(in, v))
		case s == operationKeys || s == setOperationKeys:
			places = append(places, "the operation")
		case s == setEdgeKeys:
			places = append(places, "the edge")
		case s == setQueueKeys:
			places = append(places, "the queue")
		case s == setStreamKeys:
			places = append(places, "the stream")
		case s == syncKeys && in == sourceKeys:
			places = append(places, "a call between services")
		case s == syncKeys:
			places = append(places, "the call")
		case s == publishKeys:
			places = append(places, "the publish step")
		case s == consumeKeys:
			places = append(places, "a consumer, as in consumes: [{from: …, "+name+": …}]")
		case s == queueKeys || s == streamKeys && format[queueKeys].key(name) == nil:
			places = append(places, "the "+strings.TrimPrefix(format[s].name, "a "))
		}
	}
	return owners, places
}

// serviceOf is the service at which a key of v is to be written: the one that is
// called there, for which such a key in a call is meant.
func serviceOf(in section, v *value) string {
	switch in {
	case operationKeys, workKeys, publishKeys, parallelKeys, consumeKeys:
		return "its service"
	case queueKeys, streamKeys, setQueueKeys, setStreamKeys:
		return "a service that consumes it"
	}
	if e := v.entry(format[in].keys[0].name); e != nil && e.value.kind == scalar {
		target := e.value.text
		if _, callee, isEdge := strings.Cut(target, "->"); isEdge {
			target = callee
		}
		name, _, _ := strings.Cut(target, ".")
		if name, _, _ = strings.Cut(name, "#"); nameForm.MatchString(name) {
			return quote(name)
		}
	}
	return "the service"
}

// calledElsewhere are our keys for a word of other programs, however it is spelt there:
// maxReceiveCount, x-max-length, retention.ms.
func calledElsewhere(word string) []string {
	if len(word) > longest {
		return nil
	}
	var b strings.Builder
	lower := false // the letter before is a small one
	for _, c := range word {
		switch {
		case c == '-' || c == '.':
			c = '_'
		case lower && unicode.IsUpper(c):
			b.WriteByte('_')
		}
		lower = unicode.IsLower(c)
		b.WriteRune(unicode.ToLower(c))
	}
	plain := strings.TrimPrefix(b.String(), "x_")
	if keys := elsewhere[plain]; keys != nil {
		return keys
	}
	for _, unit := range []string{"_ms", "_seconds"} {
		if without, ok := strings.CutSuffix(plain, unit); ok {
			return elsewhere[without]
		}
	}
	return nil
}

// elsewhere are words that other programs have for our keys, the likelier key first.
var elsewhere = map[string][]string{
	"replicas":    {"instances"},
	"copies":      {"instances"},
	"retries":     {"retry", "attempts", "max_receives"},
	"tries":       {"attempts", "max_receives"},
	"rps":         {"rate"},
	"qps":         {"rate"},
	"latency":     {"add", "network"},
	"connections": {"threads", "bulkhead"},
	"workers":     {"threads"},
	"concurrency": {"threads", "bulkhead"},
	"call":        {"sync"},

	"circuit_breaker":   {"breaker"},
	"failure_ratio":     {"ratio"},
	"failure_threshold": {"consecutive"},
	"timeout":           {"open_for", "visibility", "ack_timeout"},
	"max_requests":      {"half_open"},
	"bucket_period":     {"bucket"},
	"semaphore":         {"bulkhead"},
	"max_concurrent":    {"bulkhead"},
	"hedging":           {"hedge"},
	"delay":             {"latency", "add", "backoff", "after", "network"},
	"capacity":          {"size", "burst"},
	"load_balancing":    {"balance"},
	"outlier_detection": {"outlier"},
	"base_ejection":     {"eject"},
	"initial_limit":     {"initial"},
	"singleflight":      {"coalesce"},

	"type":                     {"kind"},
	"fifo":                     {"order"},
	"size":                     {"capacity"},
	"visibility_timeout":       {"visibility"},
	"max_receive_count":        {"max_receives"},
	"delivery_limit":           {"max_receives"},
	"max_attempts":             {"attempts", "max_receives"},
	"max_retries":              {"attempts", "max_receives"},
	"attempts":                 {"max_receives"},
	"retry":                    {"max_receives", "on_failure"},
	"backoff":                  {"redelivery", "retry_every"},
	"message_ttl":              {"ttl"},
	"message_retention_period": {"ttl", "retention"},
	"max_length":               {"capacity"},
	"overflow":                 {"on_full"},
	"dlq":                      {"dead_letter"},
	"dead_letter_queue":        {"dead_letter"},
	"dead_letter_exchange":     {"dead_letter"},
	"shards":                   {"partitions"},
	"num_partitions":           {"partitions"},
	"streams":                  {"queues"},
	"topics":                   {"queues"},
	"prefetch_count":           {"prefetch"},
	"consumer_timeout":         {"ack_timeout"},
	"batch_size":               {"batch"},
	"max_poll_records":         {"max_poll", "records"},
	"max_poll_interval":        {"max_poll", "interval"},
	"op":                       {"operation"},
	"queue":                    {"from"},
	"subscribes":               {"consumes"},
	"consumers":                {"consumes"},
	"partition_key":            {"key"},
	"routing_key":              {"key"},
	"message_group_id":         {"key"},
	"from":                     {"on"},
	"produce":                  {"publish"},
	"send":                     {"publish"},
	"async":                    {"publish"},
	"replay":                   {"rewind"},
	"share":                    {"rate"},
}

// The words by which a step and a fault say what they are, in the format's order.
var (
	stepKinds  = []string{"work", "sync", "publish", "parallel"}
	faultKinds = []string{"latency", "slow", "errors", "crash", "pause", "threads", "loss", "partition", "surge",
		"outage", "poison", "redrive", "rewind", "cache_flush", "set"}
	sourceKinds = []string{"rate", "users", "burst", "trace"}
)

// stepSections are the keys of each of stepKinds.
var stepSections = []section{workKeys, syncKeys, publishKeys, parallelKeys}

// anyStep has the first key of each of them.
var anyStep = shape{name: "a step", keys: []key{
	format[workKeys].keys[0], format[syncKeys].keys[0], format[publishKeys].keys[0], format[parallelKeys].keys[0],
}}
