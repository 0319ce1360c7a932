#!/usr/bin/env bash
# Writes default.pgo beside this script: the profile by which `go build` and `go run`
# lay out and inline the engine's hot path. Run it after a change to package sim, on a
# quiet machine; it takes half a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The calm chain and the overloaded one weigh alike.
for bench in 'Chain/3services' Overloaded; do
	go test -run '^$' -bench "$bench" -benchtime 10000000x -o "$work/sim.test" -cpuprofile "$work/${bench%/*}.pprof" ./sim
done
go tool pprof -proto "$work/Chain.pprof" "$work/Overloaded.pprof" >cmd/cascade/default.pgo
