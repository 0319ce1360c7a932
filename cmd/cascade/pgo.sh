#!/usr/bin/env bash
# Writes default.pgo beside this script: the profile by which `go build` and `go run`
# lay out and inline the engine's hot path. Run it after a change to package sim, on a
# quiet machine; it takes half a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The calm chain and the overloaded one weigh alike, a queue and a stream together as much
# as one of them.
profile() {
	go test -run '^$' -bench "$2" -benchtime "$3" -o "$work/sim.test" -cpuprofile "$work/$1.pprof" ./sim
}
profile chain 'Chain/3services' 10000000x
profile overloaded Overloaded 10000000x
profile queues 'Queues/(queue|stream)$' 5000000x
go tool pprof -proto "$work/chain.pprof" "$work/overloaded.pprof" "$work/queues.pprof" >cmd/cascade/default.pgo
