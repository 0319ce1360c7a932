package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// frame is a good scenario; a row of the tests below has a part of it in its place.
var frame = map[string]string{
	"head":     "duration: 2m",
	"services": "    a: {threads: 1, steps: [{work: 1ms}]}",
	"traffic":  "  l: {to: a, rate: 5/s}",
	"faults":   "",
	"expect":   "",
}

// framed is the frame with a part replaced, and the line at which the part begins.
func framed(part, text string) (scenario string, line int) {
	fill := func(name string) string {
		if name == part {
			return text
		}
		return frame[name]
	}
	services := "  services:\n" + fill("services")
	if part == "topology" {
		services = text
	}
	scenario = "name: row\n" + fill("head") + "\ntopology:\n" + services + "\ntraffic:\n" + fill("traffic") + "\n"
	switch part {
	case "faults":
		scenario += "faults:\n" + text + "\n"
	case "expect":
		scenario += "expect:\n" + text + "\n"
	}
	return scenario, strings.Count(scenario[:strings.Index(scenario, text)], "\n") + 1
}

// badRows are parts with mistakes and what is said about them, line by line from the
// part's first line, as line:column: message.
var badRows = []struct{ part, text, want string }{
	// The scenario's own keys.
	{"head", "duration: 5", `1:11: "5" is a bare number, and a duration has a unit; write 5ms or 5s`},
	{"head", "duration: 0", `1:11: 0 is a bare number, and a duration has a unit; write 0s`},
	{"head", "duration: 0s", `1:11: a run of 0s shows nothing; write a longer duration`},
	{"head", "duration: -5s", `1:11: "-5s" is negative, and no duration is`},
	{"head", "duration: .nan", `1:11: ".nan" is not a duration; write it as 250ms, 1.5s, 2m or 1h30m`},
	{"head", "duration: NaN", `1:11: "NaN" is not a duration; write it as 250ms, 1.5s, 2m or 1h30m`},
	{"head", "duration: 5 s", `1:11: "5 s" is not a duration; its units are ns, us, ms, s, m and h, as in 1h30m`},
	{"head", "duration: 2d", `1:11: "2d" is not a duration; its units are ns, us, ms, s, m and h, as in 1h30m`},
	{"head", "duration: 20000h", `1:11: "20000h" is longer than 10000h, the most that there is`},
	{"head", "duration: 9999999999h", `1:11: "9999999999h" is not a duration; write it as 250ms, 1.5s, 2m or 1h30m`},
	{"head", "duration:", `1:10: nothing is written where a duration such as 250ms is expected`},
	{"head", "duration: [1s]", `1:11: a duration such as 250ms is expected here, not a list`},
	{"head", "duration: 2m\nduration: 3m", `2:1: the key "duration" stands here twice, first in line 2`},
	{"head", "durtion: 2m", `1:1: unknown key "durtion" in a scenario; did you mean "duration"?`},
	{"head", "duration: 2m\nwarmup: 2m", `2:9: the warm-up is shorter than the duration 2m`},
	{"head", "duration: 2m\ninterval: 0s", `2:11: an interval is longer than 0s`},
	{"head", "duration: 2m\ninterval: 1us", `2:11: an interval of 1us makes more than 20000000 samples of the duration 2m; write a longer "interval"`},
	{"head", "duration: 10000h", `1:11: an interval of 1s makes more than 20000000 samples of the duration 10000h; write a longer "interval"`},
	{"head", "duration: 2m\nseed: -1", `2:7: "seed" is at least 0, not "-1"`},
	{"head", "duration: 2m\nseed: 9223372036854775808", `2:7: "seed" is at most 9223372036854775807, not "9223372036854775808"`},
	{"head", "duration: 2m\nseed: 1.5", `2:7: "seed" is a whole number, not "1.5"`},
	{"head", "duration: 2m\nseed: 1e3", `2:7: "seed" is a whole number, not "1e3"`},
	{"head", "duration: 2m\nseed: .inf", `2:7: "seed" is a whole number, not ".inf"`},
	{"head", "duration: 2m\nseed: \"1\"", `2:7: "seed" is a number; write 1 without quotes`},
	{"head", "duration: 2m\nseed: !!int 1", `2:7: the tag "!!int" has no meaning here; leave it out`},
	{"head", "duration: 2m\ndescription: [a]", `2:14: a sentence is expected here, not a list`},
	{"head", "duration: 2m\n? [a]\n: b", `2:3: a key is a word`},
	{"head", "duration: 2m\nflavour: sweet", `2:1: unknown key "flavour" in a scenario; it has name, description, duration, warmup, seed, interval, topology, traffic, faults, expect`},

	// Services.
	{"services", "    a: {threads: 0, steps: [{work: 1ms}]}", `1:18: "threads" is at least 1, not "0"`},
	{"services", "    a: {threads: many, steps: [{work: 1ms}]}", `1:18: "threads" is a whole number or unlimited, not "many"`},
	{"services", "    a: {threads: unlimitd, steps: [{work: 1ms}]}", `1:18: "threads" is a whole number or unlimited, not "unlimitd"; did you mean "unlimited"?`},
	{"services", "    a: {threads: 2000000, steps: [{work: 1ms}]}", `1:18: "threads" is at most 1000000, not "2000000"`},
	{"services", "    a: {steps: [{work: 1ms}]}", `1:5: a service needs the key "threads": a number or unlimited`},
	{"services", "    a: {threads: 1}", `1:5: a service needs "steps", or "operations" that have steps`},
	{"services", "    a: {threads: 1, steps: [{work: 1ms}], operations: {x: {steps: [{work: 1ms}]}}}", `1:43: a service has "steps" or "operations", not both`},
	{"services", "    a: {threads: 1, steps: []}", `1:28: there are no steps; write at least one, {work: 0s} for one that takes no time`},
	{"services", "    a: {threads: 1, steps: {work: 1ms}}", `1:28: "steps" is a list, not a mapping`},
	{"services", "    a: {threads: 1, steps: [5ms]}", `1:29: a step is a mapping, not a word`},
	{"services", "    a: 5", `1:8: a service is a mapping, not a number`},
	{"services", "    a:", `1:7: nothing is written for a service, where a mapping is expected; leave the key out or write one`},
	{"services", "    a: {threads: 1, operations: {}}", `1:33: there are no operations; write at least one`},
	{"services", "    a: {threads: 1, instances: 0, queue: -1, steps: [{work: 1ms}]}", "1:32: \"instances\" is at least 1, not \"0\"\n1:42: \"queue\" is at least 0, not \"-1\""},
	{"services", "    a: {threads: 1, instances: 10001, steps: [{work: 1ms}]}", `1:32: "instances" is at most 10000, not "10001"`},
	{"services", "    a: {threads: 1, blocking: yes, steps: [{work: 1ms}]}", `1:31: "blocking" is true or false, not "yes"`},
	{"services", "    a: {threads: 1, blocking: \"true\", steps: [{work: 1ms}]}", `1:31: "blocking" is true or false, without quotes`},
	{"services", "    a: {threads: 1, order: fivo, steps: [{work: 1ms}]}", `1:28: "order" is fifo, lifo or codel, not "fivo"; did you mean "fifo"?`},
	{"services", "    a: {threads: 1, steps: [{work: 1ms}]}\n    b.c: {threads: 1, steps: [{work: 1ms}]}", `2:5: "b.c" cannot be the name of a service: a name is a letter, then letters, digits, - and _`},
	{"services", "    a: {threads: 1, steps: [{work: 1ms}]}\n    a: {threads: 1, steps: [{work: 1ms}]}", `2:5: the key "a" stands here twice, first in line 5`},
	{"services", "    a: {threads: 1, operations: {x: {bulkhead: 0, steps: [{work: 1ms}]}}}", `1:48: "bulkhead" is at least 1, not "0"`},
	{"services", "    a: {threads: 1, operations: {x: {}}}", `1:34: an operation needs the key "steps": a list`},
	{"services", "    a: &a {threads: 1, thread: 2, steps: [{work: 1ms}]}\n    b: {<<: *a, queue: 1}", `1:24: unknown key "thread" in a service; did you mean "threads"?`},
	{"services", "    a: {threads: 1, <<: 5, steps: [{work: 1ms}]}", `1:25: a merge takes a mapping, as in <<: *defaults, or a list of them`},

	{"services", "    a: {threads: inf, steps: [{work: 1ms}]}", `1:18: "threads" is a whole number or unlimited, not "inf"; did you mean "unlimited"?`},
	{"services", "    a: {threads: unbounded, queue: unlimited, steps: [{work: 1ms}]}", "1:18: \"threads\" is a whole number or unlimited, not \"unbounded\"; did you mean \"unlimited\"?\n1:36: \"queue\" is a whole number or unbounded, not \"unlimited\"; did you mean \"unbounded\"?"},
	{"services", "    a: {threads: 1, queue: inf, steps: [{work: 1ms}]}", `1:28: "queue" is a whole number or unbounded, not "inf"; did you mean "unbounded"?`},
	{"services", "    a: {threads: 1, queue: .inf, steps: [{work: 1ms}]}", `1:28: "queue" is a whole number or unbounded, not ".inf"; did you mean "unbounded"?`},
	{"services", "    a: {threads: 1, queue: -1.5, steps: [{work: 1ms}]}", `1:28: "queue" is a whole number, not "-1.5"`},
	{"services", "    a: {threads: 1, cancel: maybe, steps: [{work: 1ms}]}", `1:29: "cancel" is true or false, not "maybe"`},

	// Words of other programs.
	{"services", "    a: {workers: 1, replicas: 2, steps: [{work: 1ms}]}", "1:9: unknown key \"workers\" in a service; did you mean \"threads\"?\n1:21: unknown key \"replicas\" in a service; did you mean \"instances\"?"},
	{"services", "    a: {connections: 1, steps: [{work: 1ms}]}", `1:9: unknown key "connections" in a service; did you mean "threads"?`},
	{"services", "    a: {threads: 1, steps: [{sync: b, retries: 3}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", "1:39: unknown key \"retries\" in a sync step; did you mean \"retry\"?\n1:48: a retry is a mapping, not a number: {attempts: 3}"},
	{"services", "    a: {threads: 1, steps: [{sync: b, retry: {retries: 3}}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", `1:47: unknown key "retries" in a retry; did you mean "attempts"?`},
	{"services", "    a: {threads: 1, steps: [{call: a}]}", "1:30: a step is one of work, sync, publish, parallel; did you mean \"sync\"?\n1:36: these calls never end: a -> a; let one of them end without the next call"},
	{"services", "    a: {threads: 1, steps: [{publsh: q}]}", "1:30: a step is one of work, sync, publish, parallel; did you mean \"publish\"?\n1:38: no queue \"q\"; the topology has none, write it under \"queues\""},
	{"services", "    a: {threads: 1, outlyer: {}, consume: q, steps: [{work: 1ms}]}", "1:21: unknown key \"outlyer\" in a service; did you mean \"outlier\"?\n1:34: unknown key \"consume\" in a service; did you mean \"consumes\"?\n1:43: no queue \"q\"; the topology has none, write it under \"queues\""},
	{"traffic", "  l: {to: a, rps: 5}", "1:14: unknown key \"rps\" in a source; did you mean \"rate\"?\n1:19: \"5\" is a bare number, and a rate has a unit; write 5/s"},
	{"traffic", "  l: {to: a, qps: 5/s}", `1:14: unknown key "qps" in a source; did you mean "rate"?`},
	{"faults", "  - {at: 1s, delay: {on: a, delay: 5}}", "1:14: unknown key \"delay\" in a fault; did you mean \"latency\"?\n1:29: unknown key \"delay\" in a latency fault; did you mean \"add\"?\n1:36: \"5\" is a bare number, and a duration has a unit; write 5ms or 5s"},
	{"faults", "  - {at: 1s, outge: {on: q}}", "1:14: unknown key \"outge\" in a fault; did you mean \"outage\"?\n1:26: no queue \"q\"; the topology has none, write it under \"queues\""},

	// A key where something else has it: where it goes, and nothing about its value.
	{"services", guarded(`cancel: maybe, order: 5, outlier: 3`), `1:39: "cancel" is a key of a service, not of a sync step; write it at "b"
1:54: "order" is a key of a service, not of a sync step; write it at "b"
1:64: "outlier" is a key of a service, not of a sync step; write it at "b"`},
	{"services", guarded(`replicas: 3, connections: 5`), `1:39: "replicas" is called "instances" here, a key of a service, not of a sync step; write it at "b"
1:52: unknown key "connections" in a sync step; did you mean "bulkhead"?`},
	{"services", "    a: {threads: 1, steps: [{sync: b.x, queue: no}]}\n    b: {threads: 1, operations: {x: {steps: [{work: 1ms}]}}}", `1:41: "queue" is a key of a service, not of a sync step; write it at "b"`},
	{"services", "    a: {threads: 1, breaker: 5, steps: [{work: 1ms}]}", `1:21: "breaker" is a key of a sync step or a source, not of a service; write it at the call that it is for`},
	{"services", "    a: {threads: 1, circuit_breaker: 5, cache: 5, sync: b, steps: [{work: 1ms}]}", `1:21: "circuit_breaker" is called "breaker" here, a key of a sync step or a source, not of a service; write it at the call that it is for
1:41: "cache" is a key of a sync step, not of a service; write it at the call that it is for
1:51: unknown key "sync" in a service; it has instances, threads, blocking, queue, order, balance, health_check, cancel, deadline, rate_limit, adaptive_limit, outlier, contention, autoscale, consumes, steps, operations`},
	{"services", "    a: {threads: 1, bulkhead: 5, steps: [{work: 1ms}]}", `1:21: "bulkhead" is a key of an operation, a sync step or a source, not of a service; write it at the operation or the call that it is for`},
	{"services", "    a: {threads: 1, operations: {x: {retry: 3, threads: 2, deadline: 1s, steps: [{work: 1ms, order: 3}]}}}", `1:38: "retry" is a key of a sync step or a source, not of an operation; write it at the call that it is for
1:48: "threads" is a key of a service, not of an operation; write it at its service
1:60: "deadline" is a key of a service, a sync step or a source, not of an operation; write it at its service or the call that it is for
1:94: "order" is a key of a service, not of a work step; write it at its service`},
	{"traffic", "  l: {to: a, rate: 1/s, adaptive_limit: 5}", `1:25: "adaptive_limit" is a key of a service, not of a source; write it at "a"`},

	// The beginning of a key.
	{"services", guarded(`breaker: {open: 5}`), `1:49: unknown key "open" in a breaker; did you mean "open_for"?
1:55: "5" is a bare number, and a duration has a unit; write 5ms or 5s`},
	{"services", "    a: {threads: 1, health: 5s, limit: 5, steps: [{work: 1ms}]}", `1:21: unknown key "health" in a service; did you mean "health_check"?
1:33: unknown key "limit" in a service; it has instances, threads, blocking, queue, order, balance, health_check, cancel, deadline, rate_limit, adaptive_limit, outlier, contention, autoscale, consumes, steps, operations`},

	// One value where a mapping is wanted.
	{"faults", "  - {at: 1s, crash: a}", `1:21: a crash is a mapping, not a word: {on: a}`},
	{"faults", "  - {at: 1s, latency: l->a}", `1:23: a latency fault is a mapping, not a word: {on: l->a, add: 500ms}`},
	{"faults", "  - {at: 1s, errors: a}", `1:22: an errors fault is a mapping, not a word: {on: a, rate: 10%}`},
	{"faults", "  - {at: 1s, crash: 5}", `1:21: a crash is a mapping, not a number`},
	{"traffic", "  l: {to: a, burst: 500}", `1:21: a burst is a mapping, not a number: {at: 10s, count: 500}`},
	{"traffic", "  l: {to: a, rate: 1/s, retry: {attempts: 2, budget: 10%}}", `1:54: a budget is a mapping, not a word: {ratio: 10%, burst: 10}`},

	// Steps.
	{"services", "    a: {threads: 1, steps: [{wrok: 1ms}]}", `1:30: a step is one of work, sync, publish, parallel; did you mean "work"?`},
	{"services", "    a: {threads: 1, steps: [{}]}", `1:29: a step is one of work, sync, publish, parallel`},
	{"services", "    a: {threads: 1, steps: [{work: 1ms, sync: a}]}", `1:30: a step is one of work, sync, publish, parallel, and this is work and sync; make them steps of their own`},
	{"services", "    a: {threads: 1, steps: [{work: 1ms, timeout: 1s}]}", `1:41: "timeout" is a key of a sync step or a source, not of a work step; write it at the call that it is for`},
	{"services", "    a: {threads: 1, steps: [{parallel: [{work: 1ms}]}]}", `1:42: a parallel step holds sync and publish steps only, not work`},
	{"services", "    a: {threads: 1, steps: [{parallel: [{parallel: []}]}]}", `1:42: a parallel step holds sync and publish steps only, not parallel`},
	{"services", "    a: {threads: 1, steps: [{sync: paymnt}]}\n    payment: {threads: 1, steps: [{work: 1ms}]}", `1:36: no service "paymnt"; did you mean "payment"?`},
	{"services", "    a: {threads: 1, steps: [{sync: b.chrge}]}\n    b: {threads: 1, operations: {charge: {steps: [{work: 1ms}]}}}", `1:38: "b" has no operation "chrge"; did you mean "charge"?`},
	{"services", "    a: {threads: 1, steps: [{sync: b.x}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", `1:38: "b" has no operations, only steps; write b`},
	{"services", "    a: {threads: 1, steps: [{sync: b}]}\n    b: {threads: 1, operations: {x: {steps: [{work: 1ms}]}, y: {steps: [{work: 1ms}]}}}", `1:36: "b" has several operations; name one of them: b.x or b.y`},
	{"services", "    a: {threads: 1, steps: [{sync: a->b}]}", `1:36: "a->b" is an edge; a service or an operation is called, as in payment or payment.charge`},
	{"services", "    a: {threads: 1, steps: [{sync: b}]}\n    b: {threads: 1, steps: [{sync: c}]}\n    c: {threads: 1, steps: [{parallel: [{sync: a}]}]}", `3:48: these calls never end: a -> b -> c -> a; let one of them end without the next call`},
	{"services", "    a: {threads: 1, steps: [{sync: b}, {sync: a}]}\n    b: {threads: 1, steps: [{sync: c}, {sync: a}]}\n    c: {threads: 1, steps: [{sync: b}]}", "1:47: these calls never end: a -> a; let one of them end without the next call\n2:47: these calls never end: a -> b -> a; let one of them end without the next call\n3:36: these calls never end: b -> c -> b; let one of them end without the next call"},
	{"services", "    a: {threads: 1, steps: [{sync: a}]}", `1:36: these calls never end: a -> a; let one of them end without the next call`},
	{"services", "    a: {threads: 1, steps: [{sync: b, timeout: 0s, deadline: 0s}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", "1:48: \"timeout\" must be longer than 0s; leave it out for none\n1:62: \"deadline\" must be longer than 0s; leave it out for none"},
	{"services", "    a: {threads: 1, steps: [{sync: b, chance: 130%, times: 0, needed: 1, protocol: soap}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", "1:47: \"130%\" is more than 100%\n1:60: \"times\" is at least 1, not \"0\"\n1:71: \"needed\" is true or false, not \"1\"\n1:84: \"protocol\" is rest or grpc, not \"soap\""},
	{"services", "    a: {threads: 1, steps: [{sync: b, retry: 3}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", `1:46: a retry is a mapping, not a number: {attempts: 3}`},
	{"services", "    a: {threads: 1, steps: [{sync: b, retry: {backoff: 1s}}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", `1:39: a retry needs the key "attempts": a number`},
	{"services", "    a: {threads: 1, steps: [{sync: b, retry: {attempts: 0, jitter: ful, on: [tiemout, success], factor: x}}]}\n    b: {threads: 1, steps: [{work: 1ms}]}",
		"1:57: \"attempts\" is at least 1, not \"0\"\n1:68: \"jitter\" is none, full or equal, not \"ful\"; did you mean \"full\"?\n1:78: no failure is called \"tiemout\"; did you mean \"timeout\"?\n1:87: no failure is called \"success\"; there are error, timeout, rejected, refused, reset, rate_limited, limited, breaker_open, bulkhead_full, throttled, cancelled\n1:105: \"factor\" is a number such as 2 or 1.5, not \"x\""},
	{"services", "    a: {threads: 1, steps: [{sync: b, retry: {attempts: 2, budget: {ratio: 10%}}}]}\n    b: {threads: 1, steps: [{work: 1ms}]}", `1:60: a budget needs the key "burst": a number`},

	// Guards on a call. A row's part begins with a step to b that has them.
	{"services", guarded(`breaker: {consecutive: -1, ratio: 0%, min_requests: 0, open_for: 0s, half_open: 0, on: succes}`), `1:62: "consecutive" is at least 0, not "-1"
1:73: "ratio" must be above 0%; leave it out for none
1:91: "min_requests" is at least 1, not "0"
1:104: "open_for" must be longer than 0s
1:119: "half_open" is at least 1, not "0"
1:126: no failure is called "succes"; there are error, timeout, rejected, refused, reset, rate_limited, limited, breaker_open, bulkhead_full, throttled, cancelled`},
	{"services", guarded(`breaker: {min_requests: 5, bucket: 1s}`), `1:49: "min_requests" goes with "ratio", and there is none; write one, or leave "min_requests" out
1:66: "bucket" goes with "interval", and there is none; write one, or leave "bucket" out`},
	{"services", guarded(`breaker: {interval: 0s, bucket: 1s}`), `1:71: a window of "interval: 0s" has no buckets; write how long it is, as in "interval: 10s"`},
	{"services", guarded(`breaker: {interval: 10001ms, bucket: 1ms}`), `1:76: 10.001s in parts of 1ms are more than 10000; write a longer "bucket"`},
	{"services", guarded(`breaker: {interval: 1s, bucket: 0s}`), `1:71: "bucket" must be longer than 0s; leave it out for none`},
	{"services", guarded(`breaker: {ration: 5%}`), `1:49: unknown key "ration" in a breaker; did you mean "ratio"?`},
	{"services", guarded(`breaker: 5`), `1:48: a breaker is a mapping, not a number: {consecutive: 5}`},
	{"services", guarded(`breaker: true`), `1:48: a breaker is a mapping, not a word`},
	{"services", guarded(`breaker:`), `1:47: nothing is written for a breaker, where a mapping is expected; leave the key out or write one`},
	{"services", guarded(`circuit_breaker: {timeout: 5s, max_requests: 2, bucket_period: 1s, interval: 5s, failure_threshold: 5}`), `1:39: unknown key "circuit_breaker" in a sync step; did you mean "breaker"?
1:57: unknown key "timeout" in a breaker; did you mean "open_for"?
1:70: unknown key "max_requests" in a breaker; did you mean "half_open"?
1:87: unknown key "bucket_period" in a breaker; did you mean "bucket"?
1:120: unknown key "failure_threshold" in a breaker; did you mean "consecutive"?`},
	{"services", guarded(`semaphore: 5, hedging: {delay: 5ms}, cache: {keys: 5, capacity: 3, singleflight: true}`), `1:39: unknown key "semaphore" in a sync step; did you mean "bulkhead"?
1:53: unknown key "hedging" in a sync step; did you mean "hedge"?
1:63: unknown key "delay" in a hedge; did you mean "after"?
1:93: unknown key "capacity" in a cache; did you mean "size"?
1:106: unknown key "singleflight" in a cache; did you mean "coalesce"?`},
	{"services", guarded(`braker: {}`), `1:39: unknown key "braker" in a sync step; did you mean "breaker"?`},
	{"services", guarded(`bulkhead: 0`), `1:49: "bulkhead" is at least 1, not "0"`},
	{"services", guarded(`bulkhead: unlimited`), `1:49: "bulkhead" is a whole number, not "unlimited"`},
	{"services", guarded(`rate_limit: 100/s`), `1:51: a rate_limit is a mapping, not a word: {rate: 100/s}`},
	{"services", guarded(`rate_limit: {burst: 0, wait: -1s}`), `1:39: a rate_limit needs the key "rate": a rate
1:59: "burst" is at least 1, not "0"
1:68: "-1s" is negative, and no duration is`},
	{"services", guarded(`rate_limit: {rate: 5, burst: 1.5}`), `1:58: "5" is a bare number, and a rate has a unit; write 5/s
1:68: "burst" is a whole number, not "1.5"`},
	{"services", guarded(`hedge: p95`), `1:46: a hedge is a mapping, not a word: {after: p95}`},
	{"services", guarded(`hedge: 50ms`), `1:46: a hedge is a mapping, not a word: {after: 50ms}`},
	{"services", guarded(`hedge: 50`), `1:46: a hedge is a mapping, not a number`},
	{"services", guarded(`hedge: {max: 0}`), `1:39: a hedge needs the key "after": a duration, or a quantile such as p95
1:52: "max" is at least 1, not "0"`},
	{"services", guarded(`hedge: {after: p999, max: 101}`), `1:54: a quantile is from p50 to p99.9, not "p999"; did you mean "p99.9"?
1:65: "max" is at most 100, not "101"`},
	{"services", guarded(`hedge: {after: p20}`), `1:54: a quantile is from p50 to p99.9, not "p20"`},
	{"services", guarded(`hedge: {after: p9.9.9}`), `1:54: a quantile is from p50 to p99.9, not "p9.9.9"`},
	{"services", guarded(`hedge: {after: 50}`), `1:54: "50" is a bare number, and a duration has a unit; write 50ms or 50s`},
	{"services", guarded(`hedge: {after: median}`), `1:54: "median" is neither a duration such as 50ms nor a quantile such as p95`},
	{"services", guarded(`throttle: {k: 0.9, window: 0s}`), `1:53: "k" is at least 1, not "0.9"
1:66: "window" must be longer than 0s`},
	{"services", guarded(`throttle: 2`), `1:49: a throttle is a mapping, not a number: {k: 2}`},
	{"services", guarded(`propagate: always, priority: hihg`), `1:50: "propagate" is true or false, not "always"
1:68: "priority" is high or low, not "hihg"; did you mean "high"?`},
	{"services", guarded(`cache: 90%`), `1:46: a cache is a mapping, not a word: {hit: 90%}`},
	{"services", guarded(`cache: {hit: 90%, keys: 5}`), `1:57: a cache has "hit" or "keys", not both`},
	{"services", guarded(`cache: {ttl: 5s}`), `1:39: a cache needs "hit", the share that it answers, or "keys", how many things are asked for`},
	{"services", guarded(`cache: {hit: 90, size: 5, coalesce: true}`), `1:52: "90" is more than 1, all of it; did you mean "90%"?
1:56: "size" belongs to a cache with "keys", not with "hit"
1:65: "coalesce" belongs to a cache with "keys", not with "hit"`},
	{"services", guarded(`cache: {keys: 0, ttl: 0s}`), `1:39: a cache needs the key "size": a number
1:53: "keys" is at least 1, not "0"
1:61: "ttl" must be longer than 0s; leave it out for none`},
	{"services", guarded(`cache: {keys: 10000001, size: 1000001}`), `1:53: "keys" is at most 10000000, not "10000001"
1:69: "size" is at most 1000000, not "1000001"`},
	{"services", guarded(`cache: {keys: 10, size: 1, popularity: zipf}`), `1:78: zipf takes 1 parameter; write zipf(S)`},
	{"services", guarded(`cache: {keys: 10, size: 1, popularity: zipf(0)}`), `1:83: the exponent is from 0.01 to 10, not "0"`},
	{"services", guarded(`cache: {keys: 10, size: 1, popularity: unifrom}`), `1:78: "popularity" is uniform or zipf(S), not "unifrom"; did you mean "uniform"?`},
	{"services", guarded(`cache: {keys: 10, size: 1, popularity: uniform(1)}`), `1:78: uniform takes no parameters; write uniform`},
	{"services", guarded(`retry: {attempts: 2, budget_like: aws}`), `1:73: "budget_like" is aws-sdk, grpc, finagle, linkerd or envoy, not "aws"`},
	{"services", guarded(`retry: {attempts: 2, budget: {ratio: 5%, burst: 1}, budget_like: grpc}`), `1:91: a retry has "budget" or "budget_like", not both`},
	{"traffic", "  l: {to: a, rate: 1/s, retry: {attempts: 2, budget_like: grpc}, budget: {ratio: 5%, burst: 1}}", `1:66: "retry" has a budget already; write one of them`},
	{"traffic", "  l: {to: a, rate: 1/s, bulkhed: 5}", `1:25: unknown key "bulkhed" in a source; did you mean "bulkhead"?`},

	// Guards of a service.
	{"services", "    a: {threads: 1, health_check: 0s, deadline: 1s, steps: [{work: 1ms}]}", `1:35: "health_check" must be longer than 0s; leave it out for none
1:49: "deadline" is true or false, not "1s"`},
	{"services", "    a: {threads: 1, order: coddel, balance: least_request, steps: [{work: 1ms}]}", `1:28: "order" is fifo, lifo or codel, not "coddel"; did you mean "codel"?
1:45: "balance" is round_robin, random, least_requests or two_choices, not "least_request"; did you mean "least_requests"?`},
	{"services", "    a: {threads: 1, rate_limit: {rate: 5/s, wait: 1s}, steps: [{work: 1ms}]}", `1:45: unknown key "wait" in a rate_limit of a service; it has rate, burst`},
	{"services", "    a: {threads: 1, adaptive_limit: aimd, steps: [{work: 1ms}]}", `1:37: an adaptive_limit is a mapping, not a word: {kind: aimd}`},
	{"services", "    a: {threads: 1, adaptive_limit: {min: 5, max: 4}, steps: [{work: 1ms}]}", `1:21: an adaptive_limit needs the key "kind": aimd or gradient
1:51: "max" is at least "min", which is 5, not "4"`},
	{"services", "    a: {threads: 1, adaptive_limit: {kind: vegas}, steps: [{work: 1ms}]}", `1:44: "kind" is aimd or gradient, not "vegas"`},
	{"services", "    a: {threads: 1, adaptive_limit: {kind: gradient, initial: 250, timeout: 1s}, steps: [{work: 1ms}]}", `1:63: "initial" is from "min" to "max", from 20 to 200, not "250"
1:68: "timeout" belongs to the kind aimd, not to gradient`},
	{"services", "    a: {threads: 1, outlier: {consecutive: 0, interval: 0s, eject: 0s, max: 110%}, steps: [{work: 1ms}]}", `1:44: "consecutive" is at least 1, not "0"
1:57: "interval" must be longer than 0s
1:68: "eject" must be longer than 0s
1:77: "110%" is more than 100%`},
	{"services", "    a: {threads: 1, outlier: {interval: 1ns}, steps: [{work: 1ms}]}", `1:41: every 1ns is more than 20000000 times in a run of 2m; write a longer "interval"`},
	{"services", "    a: {threads: 1, contention: usl(2%, 0.01%), steps: [{work: 1ms}]}", `1:33: inside {…} and […] a value with a comma is quoted; write "usl(2%, 0.01%)"`},
	{"services", "    a: {threads: 1, contention: usl(2%), steps: [{work: 1ms}]}", `1:33: usl takes 2 parameters; write usl(A, B)`},
	{"services", "    a: {threads: 1, contention: \"usl(2, x)\", steps: [{work: 1ms}]}", `1:38: A is at most 1, not "2"
1:41: B is a share or a number, such as 5% or 0.05, not "x"`},
	{"services", "    a: {threads: 1, contention: \"polynomial(5%, 11)\", steps: [{work: 1ms}]}", `1:49: the exponent is from 0.01 to 10, not "11"`},
	{"services", "    a: {threads: 1, contention: linaer(1), steps: [{work: 1ms}]}", `1:33: "contention" is usl(A, B), linear(F), polynomial(F, E) or exponential(F), not "linaer(1)"; did you mean "linear"?`},
	{"services", "    a: {threads: 1, contention: linear, steps: [{work: 1ms}]}", `1:33: linear takes 1 parameter; write linear(F)`},
	{"services", "    a: {threads: unlimited, contention: linear(1), autoscale: {min: 1, max: 2, target: 5%}, steps: [{work: 1ms}]}", `1:41: "a" has unlimited threads, and this law goes by the share of them; write usl(A, B), or a number of threads
1:52: "a" has unlimited threads, and "autoscale" goes by the share of them; write a number of threads`},
	{"services", "    a: {threads: 1, autoscale: {}, steps: [{work: 1ms}]}", `1:21: an autoscale needs the key "min": a number
1:21: an autoscale needs the key "max": a number
1:21: an autoscale needs the key "target": a share`},
	{"services", "    a: {threads: 1, autoscale: {min: 3, max: 2, target: 0%, every: 0s}, steps: [{work: 1ms}]}", `1:46: "max" is at least "min", which is 3, not "2"
1:57: "target" must be above 0%
1:68: "every" must be longer than 0s`},
	{"services", "    a: {threads: 1, instances: 1, autoscale: {min: 2, max: 3, target: 60%}, steps: [{work: 1ms}]}", `1:32: "autoscale" keeps from 2 to 3 instances, and here are "1"; write a number between`},
	{"services", "    a: {threads: 1, autoscale: {min: 2, max: 3, target: 60%, every: 1us, cooldown: 0s}, steps: [{work: 1ms}]}", `1:69: every 1us is more than 20000000 times in a run of 2m; write a longer "every"`},
	{"services", "    a: {threads: 1, autoscale: {min: 2, max: 3, target: 60%, every: 1ms}, steps: [{work: 1ms}]}", `1:69: "cooldown" of 5m holds more than 100000 decisions, one every 1ms; write a longer "every"`},

	// Distributions.
	{"services", "    a: {threads: 1, steps: [{work: lognormal(4ms, 20ms)}]}", `1:36: inside {…} and […] a value with a comma is quoted; write "lognormal(4ms, 20ms)"`},
	{"services", "    a: {threads: 1, steps: [{work: mix(90% exponential(1ms), 10% uniform(1ms, 2ms))}]}", `1:36: inside {…} and […] a value with a comma is quoted; write "mix(90% exponential(1ms), 10% uniform(1ms, 2ms))"`},
	{"services", "    a: {threads: 1, steps: [work: lognormal(4ms, 20ms), work: 1ms]}", `1:35: inside {…} and […] a value with a comma is quoted; write "lognormal(4ms, 20ms)"`},
	{"services", work("5"), `4:17: "5" is a bare number, and a duration has a unit; write 5ms or 5s`},
	{"services", work("exponental(5ms)"), `4:17: no distribution "exponental"; did you mean "exponential"?`},
	{"services", work("cauchy(5ms)"), `4:17: no distribution "cauchy"; there are exponential, uniform, normal, lognormal, pareto, erlang, weibull, gamma, mix, empirical, never`},
	{"services", work("exponential"), `4:17: exponential takes parameters; write exponential(MEAN)`},
	{"services", work("exponential(5ms"), `4:17: "exponential(5ms" does not end in the bracket that it opens`},
	{"services", work("exponential(5ms))"), `4:17: the brackets of "exponential(5ms))" do not match`},
	{"services", work("exponential(5ms) 3"), `4:17: "exponential(5ms) 3" does not end in the bracket that it opens`},
	{"services", work("exponential(5ms, 6ms)"), `4:17: exponential takes 1 parameter; write exponential(MEAN)`},
	{"services", work("exponential(0s)"), `4:29: the mean must be longer than 0s`},
	{"services", work("exponential(5)"), `4:29: "5" is a bare number, and a duration has a unit; write 5ms or 5s`},
	{"services", work("uniform(5ms)"), `4:17: uniform takes 2 parameters; write uniform(LOW, HIGH)`},
	{"services", work("uniform(5ms, 1ms)"), `4:25: uniform's low end 5ms is above its high end 1ms`},
	{"services", work("uniform(-1ms, 1ms)"), `4:25: "-1ms" is negative, and no duration is`},
	{"services", work("lognormal(20ms, 4ms)"), `4:33: lognormal's p99 4ms is below its median 20ms`},
	{"services", work("lognormal(0s, 4ms)"), `4:27: the median must be longer than 0s`},
	{"services", work("pareto(1ms, 0)"), `4:29: the alpha is from 0.01 to 1000, not "0"`},
	{"services", work("pareto(1ms, NaN)"), `4:29: the alpha is a number such as 2 or 1.5, not "NaN"`},
	{"services", work("erlang(0, 1ms)"), `4:24: the number of stages is a whole number from 1 to 10000, not "0"`},
	{"services", work("erlang(1.5, 1ms)"), `4:24: the number of stages is a whole number from 1 to 10000, not "1.5"`},
	{"services", work("erlang(1ms, 3)"), "4:24: the number of stages is a whole number from 1 to 10000, not \"1ms\"\n4:29: \"3\" is a bare number, and a duration has a unit; write 3ms or 3s"},
	{"services", work("weibull(1ms, 0)"), `4:30: the shape is from 0.01 to 1000, not "0"`},
	{"services", work("gamma(1ms, x)"), `4:28: the coefficient of variation is a number such as 2 or 1.5, not "x"`},
	{"services", work("never()"), `4:17: never takes no parameters; write never`},
	{"services", work("mix(50% 1ms, 40% 2ms)"), `4:17: the shares of a mix add up to 100%, not 90%`},
	{"services", work("mix(1ms, 40% 2ms)"), `4:21: a part of a mix is a share and a distribution, as in 90% exponential(1ms), not "1ms"`},
	{"services", work("mix(60% 1ms, 40% unifrm(1ms, 2ms))"), `4:34: no distribution "unifrm"; did you mean "uniform"?`},
	{"services", work(`"mix(60% 1ms, 40% unifrm(1ms, 2ms))"`), `4:35: no distribution "unifrm"; did you mean "uniform"?`},
	{"services", work("empirical()"), `4:27: the name of a file is missing`},
	{"services", work("empirical(gone.txt)"), `4:27: cannot read "gone.txt": no such file or directory`},

	// Traffic.
	{"traffic", "  l: {to: a}", `1:3: a source needs one of rate, users, burst, trace`},
	{"traffic", "  l: {rate: 5/s}", `1:3: a source needs the key "to": a target`},
	{"traffic", "  l: {to: a, rate: 5}", `1:20: "5" is a bare number, and a rate has a unit; write 5/s`},
	{"traffic", "  l: {to: a, rate: -5/s}", `1:20: "-5/s" is not a rate; write it as 200/s, 90/m or 3/h`},
	{"traffic", "  l: {to: a, rate: 5/d}", `1:20: "5/d" is not a rate; write it as 200/s, 90/m or 3/h`},
	{"traffic", "  l: {to: a, rate: NaN/s}", `1:20: "NaN/s" is not a rate; write it as 200/s, 90/m or 3/h`},
	{"traffic", "  l: {to: a, rate: 99999999/s}", `1:20: "99999999/s" is more than 10000000/s, the most that there is`},
	{"traffic", "  l: {to: a, rate: 5/s, users: 3}", `1:25: a source has one of rate, users, burst, trace, and this has rate and users`},
	{"traffic", "  l: {to: a, users: 0}", `1:21: "users" is at least 1, not "0"`},
	{"traffic", "  l: {to: a, users: 1, arrivals: poisson}", `1:24: "arrivals" belongs to a source with rate, not with users`},
	{"traffic", "  l: {to: a, rate: 1/s, think: 1s}", `1:25: "think" belongs to a source with users, not with rate`},
	{"traffic", "  l: {to: a, burst: {at: 1s, count: 1}, think: 1s}", `1:41: "think" belongs to a source with users, not with burst`},
	{"traffic", "  l: {to: a, burst: {at: 1s}}", `1:14: a burst needs the key "count": a number`},
	{"traffic", "  l: {to: a, burst: {at: 1s, count: 0, every: 0s}}", "1:37: \"count\" is at least 1, not \"0\"\n1:47: \"every\" must be longer than 0s; leave it out for none"},
	{"traffic", "  l: {to: a, burst: {at: 1s, count: 1, every: 1us}}", `1:47: it comes back more than 100000 times; write a longer "every"`},
	{"traffic", "  l: {to: b, rate: 1/s}", `1:11: no service "b"`},
	{"traffic", "  a: {to: a, rate: 1/s}", `1:3: "a" is a service already; services, queues and sources share their names`},
	{"traffic", "  l: {to: a, rate: 1/s, chance: 5%}", `1:25: "chance" is a key of a sync step, not of a source; write it at a call between services`},
	{"traffic", "  l: {to: a, rate: 1/s, budget: {ratio: 5%, burst: 1}}", `1:25: "budget" bounds retries, and there is no "retry" here; write one, or leave the budget out`},
	{"traffic", "  l: {to: a, rate: 1/s, retry: {attempts: 2, budget: {ratio: 5%, burst: 1}}, budget: {ratio: 5%, burst: 1}}", `1:78: "retry" has a budget already; write one of them`},
	{"traffic", "  l: {to: a, rate: 1/s, arrivals: poison}", `1:35: "arrivals" is poisson, constant, erlang(K) or hyperexponential(P, RATIO), not "poison"; did you mean "poisson"?`},
	{"traffic", "  l: {to: a, rate: 1/s, arrivals: erlang}", `1:35: erlang takes 1 parameter here; write erlang(K)`},
	{"traffic", "  l: {to: a, rate: 1/s, arrivals: \"hyperexponential(100%, 0.5)\"}", "1:53: the chance of the short gap is above 0% and below 100%, not \"100%\"\n1:59: the ratio is from 1 to 1000000, not \"0.5\""},
	{"traffic", "  l: {to: a, rate: 1/s, profile: [{at: 5s, rate: 1/s, ramp: 5s}, {at: 9s, rate: 1/s}, {at: 3s, rate: 2/s}, {at: 4s}]}", "1:71: the ramp of the point before lasts until 10s; begin there or later\n1:92: the points of a profile ascend; 3s is not after 9s\n1:108: a point of a profile needs the key \"rate\": a rate"},
	{"traffic", "  l: {to: a, trace: gone.csv}", `1:21: cannot read "gone.csv": no such file or directory`},
	{"traffic", "  l: {to: a, rate: 1/s}\n  m: [a]", `2:6: a source is a mapping, not a list`},

	// Faults.
	{"faults", "  - {at: 1s, latncy: {on: a, add: 1s}}", `1:14: unknown key "latncy" in a fault; did you mean "latency"?`},
	{"faults", "  - {at: 1s, latncy: {on: b, ad: 1s}}", "1:14: unknown key \"latncy\" in a fault; did you mean \"latency\"?\n1:27: no service \"b\"\n1:30: unknown key \"ad\" in a latency fault; did you mean \"add\"?"},
	{"faults", "  - {at: 1s}", `1:5: a fault needs one of latency, slow, errors, crash, pause, threads, loss, partition, surge, outage, poison, redrive, rewind, cache_flush, set`},
	{"faults", "  - {pause: {on: a}}", `1:5: a fault needs the key "at": a duration`},
	{"faults", "  - {at: 1s, pause: {on: a}, crash: {on: a}}", `1:14: a fault is one of these, and this one is pause and crash; make them faults of their own`},
	{"faults", "  - {at: 2m, pause: {on: a}}", `1:10: the fault begins at 2m, and the run ends at 2m; begin it within the run`},
	{"faults", "  - {at: 1s, for: 0s, pause: {on: a}}", `1:19: "for" must be longer than 0s; leave it out for none`},
	{"faults", "  - {at: 1s, ramp: 1s, pause: {on: a}}", `1:14: "pause" does not grow; only latency, slow, errors, surge or loss faults have a ramp`},
	{"faults", "  - {at: 1s, every: 6s, pause: {on: a}}", `1:21: a fault that comes back also ends; write how long it lasts, as in "for: 10s"`},
	{"faults", "  - {at: 1s, for: 6s, every: 6s, pause: {on: a}}", `1:30: it comes back every 6s but lasts 6s; it must be over before`},
	{"faults", "  - {at: 1s, for: 1us, every: 2us, pause: {on: a}}", `1:31: it comes back more than 100000 times; write a longer "every"`},
	{"faults", "  - {at: 1s, pause: {on: b}}", `1:26: no service "b"`},
	{"faults", "  - {at: 1s, pause: {on: l}}", `1:26: "pause" is on a service, and "l" is a source`},
	{"faults", "  - {at: 1s, pause: {on: l->a}}", `1:26: "pause" is on a service, and "l->a" is an edge`},
	{"faults", "  - {at: 1s, pause: {}}", `1:14: a pause needs the key "on": a service`},
	{"faults", "  - {at: 1s, pause: {on: a, instances: 2}}", `1:40: "a" has only 1 instance`},
	{"faults", "  - {at: 1s, latency: {on: l->a, add: 1s, instances: 1}}", `1:43: "instances" goes with a fault on a service, not on an edge`},
	{"faults", "  - {at: 1s, latency: {on: a->l, add: 1s}}", `1:31: "l" is a source; a service is wanted here`},
	{"faults", "  - {at: 1s, latency: {on: a->a, add: 1s}}", `1:28: there is no call step "a->a"; did you mean "l->a"?`},
	{"faults", "  - {at: 1s, latency: {on: l->a#2, add: 1s}}", `1:28: there is no call step "l->a#2"`},
	{"faults", "  - {at: 1s, latency: {on: a}}", `1:14: a latency fault needs the key "add": a distribution`},
	{"faults", "  - {at: 1s, loss: {on: a, rate: 5%}}", `1:25: "loss" is on an edge, and "a" is a service`},
	{"faults", "  - {at: 1s, loss: {on: l->a, rate: 5}}", `1:37: "5" is more than 1, all of it; did you mean "5%"?`},
	{"faults", "  - {at: 1s, surge: {on: a, factor: 2}}", `1:26: "surge" is on a source, and "a" is a service`},
	{"faults", "  - {at: 1s, surge: {on: ll, factor: 2}}", `1:26: no source "ll"`},
	{"faults", "  - {at: 1s, threads: {on: a, to: -1}}", `1:35: "to" is at least 0, not "-1"`},
	{"faults", "  - {name: x, at: 1s, pause: {on: a}}\n  - {name: x, at: 1s, pause: {on: a}}", `2:12: a fault is called "x" already, in line 9`},
	{"faults", "  - {name: fault-2, at: 1s, pause: {on: a}}\n  - {at: 1s, pause: {on: a}}", `2:5: a fault is called "fault-2" already, in line 9`},
	{"faults", "  - {at: 1s, set: {on: l, rate: 3/s}}", `1:24: "set" is on a service, an operation, an edge, a queue or a stream, and "l" is a source; its calls are the edge l->a, and a surge changes its traffic`},
	{"faults", "  - {at: 1s, set: {on: l->a, timeout: none, retry: off}}", "1:39: a set changes \"timeout\" and does not take it away; 1h comes to the same\n1:52: a set changes \"retry\" and does not take it away; {attempts: 1} comes to the same"},
	{"faults", "  - {at: 1s, set: {on: a, blocking: false}}", `1:27: "blocking" says what a service is, which does not change while it runs; a set on one has threads, queue, order, balance, health_check, cancel, deadline, rate_limit, adaptive_limit, outlier, contention, autoscale`},
	{"faults", "  - {at: 1s, set: {on: a}}", `1:19: nothing is set; write keys with their values for the while, as in timeout: 1s`},
	{"faults", "  - {at: 1s, set: {on: l->a, chance: 5%}}", `1:30: "chance" belongs to a call step, and "l->a" is a source's way in`},
	{"faults", "  - {at: 1s, set: {on: a, timeout: 1s}}", `1:27: "timeout" is a key of a set on an edge, not of a set on a service; set it on the edge that it is for`},
	{"faults", "  - {at: 1s, set: {on: l->a#1, cancel: 1, bulkhead: 3}}", `1:32: "cancel" is a key of a set on a service, not of a set on an edge; set it on "a"`},
	{"faults", "  - {at: 1s, set: {on: a, bulkhead: 3}}", `1:27: "bulkhead" is a key of a set on an operation or a set on an edge, not of a set on a service; set it on the operation or the edge that it is for`},
	{"faults", "  - {at: 1s, set: {on: a, flavour: sweet}}", `1:27: unknown key "flavour" in a set on a service; it has on, instances, threads, queue, order, balance, health_check, cancel, deadline, rate_limit, adaptive_limit, outlier, contention, autoscale`},
	{"faults", "  - {at: 1s, set: {on: l->a, retry: {attempts: x}}}", `1:48: "attempts" is a whole number, not "x"`},
	{"faults", "  - {at: 1s, set: {on: l->a, cache: {hit: 5%}, breaker: {half_open: 0}}}", "1:30: \"cache\" belongs to a call step, and \"l->a\" is a source's way in\n1:69: \"half_open\" is at least 1, not \"0\""},
	{"faults", "  - {at: 1s, set: {on: a, contention: linear(-1), rate_limit: {}}}", "1:46: F is a share or a number, such as 5% or 0.05, not \"-1\"\n1:51: a rate_limit of a service needs the key \"rate\": a rate"},
	{"faults", "  - {at: 1s, set: {on: a, instances: 1, outlier: {}, cancel: true}}", `1:41: "outlier" is of all instances together; leave "instances" out, or make it a fault of its own`},
	{"faults", "  - {at: 1s, cache_flush: {on: l->a}}", `1:32: "l->a" has no cache that could be flushed; write one there, as in cache: {hit: 90%}`},
	{"faults", "  - {at: 1s, cache_flush: l->a}", `1:27: a cache_flush is a mapping, not a word: {on: l->a}`},
	{"faults", "  - {at: 1s, cache_flush: {on: a}}", `1:32: "cache_flush" is on an edge, and "a" is a service`},
	{"faults", "  - {at: 1s, ramp: 1s, cache_flush: {on: l->b}}", "1:14: \"cache_flush\" does not grow; only latency, slow, errors, surge or loss faults have a ramp\n1:45: no service \"b\""},
	{"faults", "  - {at: 1s, threads: {on: a, to: unlimited}}", `1:35: "a" has 1 thread, and a pool that has a size keeps having one, or no share of it could be measured; write a large number`},
	{"faults", "  - {at: 1s, set: {on: a, threads: unlimited}}", `1:36: "a" has 1 thread, and a pool that has a size keeps having one, or no share of it could be measured; write a large number`},
	{"faults", "  - {at: 1s, set: {on: b, threads: unlimited}}", `1:24: no service "b"`},
	{"faults", "  pause: {on: a}", `1:3: "faults" is a list, not a mapping`},

	// Expectations.
	{"expect", "  l.p99 < 5", "1:3: \"expect\" is a list, or the name of a file; write [l.p99 < 5]\n1:11: \"5\" is no duration: it wants a unit, as in 5s or 5ms"},
	{"expect", "  l recovers within 5s", "1:3: \"expect\" is a list, or the name of a file; write [l recovers within 5s]\n1:23: a recovery is written: SUBJECT recovers within D of FAULT"},
	{"expect", "  expectations.yaml", `1:3: cannot read "expectations.yaml": no such file or directory`},
	{"expect", "  - l.p99 < 5", `1:13: "5" is no duration: it wants a unit, as in 5s or 5ms`},
	{"expect", "  - \"l.p9 < 5s\"", `1:8: the source "l" has no metric "p9"; did you mean "p90"?`},
	{"expect", "  - 5: 6", `1:5: an expectation such as shoppers.p99 < 400ms is expected here, not a mapping`},
	{"expect", "  l.p99 < 5ms", `1:3: "expect" is a list, or the name of a file; write [l.p99 < 5ms]`},
}

// TestEmptyLists: faults and expect with nothing under them are lists of nothing.
func TestEmptyLists(t *testing.T) {
	text, _ := framed("head", frame["head"])
	for _, nothing := range []string{"", " ~", " null", " []", " # later"} {
		whole := text + "faults:" + nothing + "\nexpect:" + nothing + "\n"
		if s := mustParse(t, whole); len(s.Plan.Faults)+len(s.Expectations) != 0 {
			t.Errorf("%q: %d faults, %d expectations", nothing, len(s.Plan.Faults), len(s.Expectations))
		}
		s := mustParse(t, whole, Override{"faults.0", "{at: 1s, pause: {on: a}}"}, Override{"expect.0", "l.p99 < 1s"})
		if len(s.Plan.Faults) != 1 || len(s.Expectations) != 1 {
			t.Errorf("%q: nothing was added", nothing)
		}
	}
	s := mustParse(t, overridden, Override{"faults", ""}, Override{"expect", "[]"})
	if len(s.Plan.Faults)+len(s.Expectations) != 0 {
		t.Error("--set did not take them away")
	}
}

// TestStart: every kind of source may be silent at first.
func TestStart(t *testing.T) {
	library := &library{open: func(string) ([]byte, error) { return []byte("1s\n"), nil }, join: joinBuiltin}
	for _, kind := range []string{"rate: 1/s", "users: 2", "burst: {at: 1s, count: 3}", "trace: arrivals.csv"} {
		text, _ := framed("traffic", "  l: {to: a, start: 3s, "+kind+"}")
		s, err := read(library, "start.yaml", []byte(text), ".", nil)
		if err != nil || s.Plan.Sources[0].Start != 3e9 {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestManySamples: a long run at a short interval is one; its timeline is made coarser.
func TestManySamples(t *testing.T) {
	text, _ := framed("head", "duration: 300h\ninterval: 1s")
	mustParse(t, text)
}

// TestBounds: what multiplies is bounded by the product.
func TestBounds(t *testing.T) {
	many := func(n int, form string) string { return strings.TrimSuffix(repeat(form, n), "\n") }
	const tooMuchKept = "4:3: the guards would keep more than 100000000 numbers for all calling instances together; write smaller caches, fewer buckets of breakers, or fewer instances"
	const one = "\n    z: {threads: 1, steps: [{work: 1ms}]}"
	for _, row := range []struct{ part, good, bad, want string }{
		{"services", many(19, "    s%d: {threads: 1, instances: 10000, steps: [{work: 1ms}]}\n") + strings.Replace(one, "z", "a", 1), many(21, "    s%d: {threads: 1, instances: 10000, steps: [{work: 1ms}]}\n") + strings.Replace(one, "z", "a", 1),
			"4:3: the services together have 210001 instances; at most 200000"},
		{"services", "    a: {threads: 1, instances: 10000, steps: [\n" + many(499, "      {sync: z}, #%d\n") + "\n    ]}" + one, "    a: {threads: 1, instances: 10000, steps: [\n" + many(501, "      {sync: z}, #%d\n") + "\n    ]}" + one,
			"4:3: the call steps and sources together have 5010001 calling instances; at most 5000000"},
		{"services", "    a: {threads: 1, steps: [{work: 1ms}]}\n    b:\n      threads: 1\n      instances: 10000\n      operations:\n" + many(499, "        o%d: {steps: [{work: 1ms}]}\n"), "    a: {threads: 1, steps: [{work: 1ms}]}\n    b:\n      threads: 1\n      instances: 10000\n      operations:\n" + many(501, "        o%d: {steps: [{work: 1ms}]}\n"),
			"4:3: the operations of all services, times their instances, together have 5010001 places; at most 5000000"},
		{"services", many(19, "    s%d: {threads: 1, autoscale: {min: 1, max: 10000, target: 50%%}, steps: [{work: 1ms}]}\n") + strings.Replace(one, "z", "a", 1), many(20, "    s%d: {threads: 1, autoscale: {min: 1, max: 10000, target: 50%%}, steps: [{work: 1ms}]}\n") + strings.Replace(one, "z", "a", 1),
			"4:3: the services together have 200001 instances; at most 200000"},
		// Guards: 8 numbers an entry of a cache, and 5 for what a caller knows of an instance that may be left out.
		{"services", "    a: {threads: 1, instances: 12, steps: [{sync: z, cache: {keys: 1000000, size: 1000000}}]}" + one, "    a: {threads: 1, instances: 13, steps: [{sync: z, cache: {keys: 1000000, size: 1000000}}]}" + one, tooMuchKept},
		{"services", "    a: {threads: 1, instances: 10000, steps: [{sync: z, cache: {keys: 1249, size: 1000000}}]}" + one, "    a: {threads: 1, instances: 10000, steps: [{sync: z, cache: {keys: 1251, size: 1000000}}]}" + one, tooMuchKept},
		{"services", "    a: {threads: 1, instances: 3300, steps: [{sync: z, breaker: {interval: 10s, bucket: 1ms}}]}" + one, "    a: {threads: 1, instances: 3400, steps: [{sync: z, breaker: {interval: 10s, bucket: 1ms}}]}" + one, tooMuchKept},
		{"services", "    a: {threads: 1, instances: 5000, steps: [{sync: b}, {sync: b}]}\n    b: {threads: 1, instances: 4000, outlier: {}, steps: [{work: 1ms}]}", "    a: {threads: 1, instances: 5000, steps: [{sync: b}, {sync: b}]}\n    b: {threads: 1, instances: 4001, outlier: {}, steps: [{work: 1ms}]}", tooMuchKept},
		{"traffic", many(499, "  l%d: {to: a, rate: 1/s, instances: 10000}\n"), many(501, "  l%d: {to: a, rate: 1/s, instances: 10000}\n"),
			"4:3: the call steps and sources together have 5010000 calling instances; at most 5000000"},
		{"traffic", "  b: {to: a, burst: {at: 1s, count: 1000000}}\n" + many(9, "  l%d: {to: a, users: 1000000}\n"), "  b: {to: a, burst: {at: 1s, count: 1000000}}\n" + many(10, "  l%d: {to: a, users: 1000000}\n"),
			"7:3: the sources together have 11000000 users and requests at once; at most 10000000"},
		{"topology", "  queues:\n" + many(10, "    q%d: {kind: stream, partitions: 10000}\n") + "\n  services:\n    a: {threads: 1, consumes: [q0, q1, q2, q3, q4, q5, q6, q7, q8, q9], steps: [{work: 1ms}]}",
			"  queues:\n" + many(11, "    q%d: {kind: stream, partitions: 10000}\n") + "\n  services:\n    a: {threads: 1, consumes: [q0, q1, q2, q3, q4, q5, q6, q7, q8, q9], steps: [{work: 1ms}]}",
			"4:3: the streams together have 210000 partitions, each counted once, and once more for each group that reads it; at most 200000"},
		{"topology", "  queues:\n" + many(1001, "    q%d: {}\n") + "\n  services:\n    a:\n      threads: 1\n      steps: [{work: 1ms}]\n      consumes:\n" + many(1000, "        - q%d\n"),
			"  queues:\n" + many(1001, "    q%d: {}\n") + "\n  services:\n    a:\n      threads: 1\n      steps: [{work: 1ms}]\n      consumes:\n" + many(1001, "        - q%d\n"),
			"2011:11: a service consumes at most 1000 queues"},
		{"faults", many(10_000, "  - {at: 1s, pause: {on: a}} #%d\n"), many(10_001, "  - {at: 1s, pause: {on: a}} #%d\n"), "10009:5: a scenario has at most 10000 faults"},
		{"expect", many(1000, "  - l.p99 < 1s #%d\n"), many(1001, "  - l.p99 < 1s #%d\n"), "1009:5: a scenario has at most 1000 expectations"},
	} {
		good, _ := framed(row.part, row.good)
		mustParse(t, good)
		bad, _ := framed(row.part, row.bad)
		_, err := Parse("row.yaml", []byte(bad), ".")
		if got := errorLines(err); got != "row.yaml:"+row.want {
			t.Errorf("got\n%s\nwant\n%s", got, row.want)
		}
	}
	text, _ := framed("services", "    a:\n      threads: 1\n      steps: [\n"+repeat("        {sync: b}, #%d\n", 9999)+"      ]\n    b: {threads: 1, steps: [{work: 1ms}]}")
	expect := func(n int) string { return "expect:\n" + strings.Repeat("  - a->b.errors < 1%\n", n) }
	mustParse(t, text+expect(400))
	_, err := Parse("row.yaml", []byte(text+expect(401)), ".")
	if got := errorLines(err); !strings.HasSuffix(got, ": too many expectations about edges for so many call steps; their product is at most 4000000") || strings.Contains(got, "\n") {
		t.Error(got)
	}
	// What set faults bring counts too, but what replaces each other only once.
	text, _ = framed("traffic", "  l: {to: a, rate: 1/s, instances: 10000}")
	text += "faults:\n" + repeat("  - {name: f%d, at: 1s, set: {on: l->a, hedge: {after: p95}}}\n", 20) + "  - {at: 1s, set: {on: a, outlier: {}}}\n"
	mustParse(t, text)
	_, err = Parse("row.yaml", []byte(text+"  - {at: 1s, set: {on: a, autoscale: {min: 1, max: 10000, target: 50%}}}\n"), ".")
	if got := errorLines(err); got != "row.yaml:"+tooMuchKept {
		t.Error(got)
	}
	// A fault's reach, and the returns that expectations speak of.
	text, _ = framed("services", "    a:\n      threads: 1\n      operations:\n"+repeat("        o%d: {steps: [{work: 1ms}]}\n", 2000))
	text = strings.Replace(text, "to: a", "to: a.o1", 1)
	faults := func(n int) string {
		return "faults:\n" + repeat("  - {name: f%d, at: 1s, slow: {on: a, factor: 2}}\n", n)
	}
	mustParse(t, text+faults(249))
	_, err = Parse("row.yaml", []byte(text+faults(250)), ".")
	if got := errorLines(err); !strings.HasSuffix(got, ": with this one the faults are on more than 500000 services, operations, call steps and queues, each counted as often as it is hit") || strings.Contains(got, "\n") {
		t.Error(got)
	}
	text, _ = framed("faults", "  - {name: f, at: 1s, for: 1ms, every: 2ms, pause: {on: a}}")
	expect = func(n int) string { return "expect:\n" + strings.Repeat("  - l.success > 1% during f\n", n) }
	mustParse(t, text+expect(16)) // of 59,500 returns each
	_, err = Parse("row.yaml", []byte(text+expect(17)), ".")
	if got := errorLines(err); got != `row.yaml:27:5: with this one the expectations speak of more than 1000000 returns of faults; write fewer, or a longer "every"` {
		t.Error(got)
	}
}

// TestExpectationsBesideOtherProblems: what is wrong elsewhere hides nothing that is
// wrong with an expectation, and makes nothing wrong that is not.
func TestExpectationsBesideOtherProblems(t *testing.T) {
	const topology, traffic, faults = "topology:\n  services:\n    a: {threads: 1, steps: [{work: 1ms}]}\n", "traffic:\n  l: {to: a, rate: 5/s}\n", "faults:\n  - {name: f, at: 1s, for: 1s, pause: {on: a}}\n"
	const good = `
  - l.success > 1%
  - a.p99 < 1s before f
  - l->a.retries < 1%
  - a.saturation.max < 50% during f
  - l recovers within 5s of f
`
	const bad = `
  - l.sucess > 1%
  - a.p99 < 5 before f
  - l->a.retires < 1%
  - a.p99 < 1s durng f
  - l recovers within 5 of f
`
	for _, row := range []struct{ name, text string }{
		{"nothing", topology + traffic + faults},
		{"threads", "topology:\n  services:\n    a: {threads: no, steps: [{work: 1ms}]}\n" + traffic + faults},
		{"steps", "topology:\n  services:\n    a: {threads: 1}\n" + traffic + faults},
		{"a step", "topology:\n  services:\n    a: {threads: 1, steps: [{sync: b}]}\n" + traffic + faults},
		{"no service", "topology:\n  services:\n    a: 5\n" + traffic + faults},
		{"no topology", traffic + faults},
		{"a topology that is not there", "topology: gone.yaml\n" + traffic + faults},
		{"a key of the scenario", strings.Replace(topology, "topology", "topolgy", 1) + strings.Replace(traffic, "traffic", "trafic", 1) + strings.Replace(faults, "faults", "fault", 1)},
		{"a rate", topology + "traffic:\n  l: {to: a, rate: 5}\n" + faults},
		{"a target", topology + "traffic:\n  l: {to: b, rate: 5/s}\n" + faults},
		{"a source", topology + "traffic:\n  l: 5\n" + faults},
		{"no traffic", topology + faults},
		{"traffic that is not there", topology + "traffic: gone.yaml\n" + faults},
		{"a fault's time", topology + traffic + "faults:\n  - {name: f, at: 1, pause: {on: a}}\n"},
		{"a fault's kind", topology + traffic + "faults:\n  - {name: f, at: 1s, puase: {on: a}}\n"},
		{"faults that are not there", topology + traffic + "faults: gone.yaml\n"},
		{"faults that are none", topology + traffic + "faults: {name: f, at: 1s, pause: {on: a}}\n"},
	} {
		for expect, want := range map[string]int{good: 0, bad: 5} {
			text := "name: row\nduration: 2m\nexpect:" + expect + row.text
			_, err := Parse("row.yaml", []byte(text), t.TempDir())
			got := map[string]bool{}
			for line := range strings.SplitSeq(errorLines(err), "\n") {
				var l int
				if n, _ := fmt.Sscanf(line, "row.yaml:%d:", &l); n == 1 && l >= 4 && l <= 8 {
					got[fmt.Sprint(l)] = true
				}
			}
			if strings.Contains(row.name, "topology") && want > 0 {
				want-- // without its subject nobody knows what unit the second is in
			}
			if len(got) != want {
				t.Errorf("%s: %d of the expectations have problems, want %d:\n%s", row.name, len(got), want, errorLines(err))
			}
		}
	}
}

// work is a service whose only step works like that, not in brackets.
func work(dist string) string {
	return "    a:\n      threads: 1\n      steps:\n        - work: " + dist
}

// guarded is a service whose only step calls another, with a key more.
func guarded(key string) string {
	return "    a: {threads: 1, steps: [{sync: b, " + key + "}]}\n    b: {threads: 1, steps: [{work: 1ms}]}"
}

func TestProblems(t *testing.T) {
	for _, row := range slices.Concat(badRows, queueRows) {
		text, line := framed(row.part, row.text)
		_, err := Parse("row.yaml", []byte(text), t.TempDir())
		var want []string
		for w := range strings.SplitSeq(row.want, "\n") {
			var l int
			var rest string
			if n, _ := fmt.Sscanf(w, "%d", &l); n != 1 {
				t.Fatalf("the row %q expects no line", row.text)
			}
			_, rest, _ = strings.Cut(w, ":")
			want = append(want, fmt.Sprintf("row.yaml:%d:%s", line+l-1, rest))
		}
		if got := errorLines(err); got != strings.Join(want, "\n") {
			t.Errorf("%s\ngot\n%s\nwant\n%s\n", row.text, got, strings.Join(want, "\n"))
		}
	}
}

// TestFrame: without a mistake the frame is good, so that each row shows its own.
func TestFrame(t *testing.T) {
	text, _ := framed("head", frame["head"])
	mustParse(t, text)
}
