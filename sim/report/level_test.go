package report

import (
	"testing"

	"cascade/topology"
)

// A number that is shown in several places has one level: what is lost is critical from
// the first on, what is down when all of it is, open breakers from half of them on.
func TestLevels(t *testing.T) {
	const closed, open, half = topology.StateClosed, topology.StateOpen, topology.StateHalfOpen
	tripped := func(callers int, states ...topology.BreakerState) Level {
		return (&Breaker{Callers: callers}).Tripped(states).Level()
	}
	for _, row := range []struct {
		what      string
		got, want Level
	}{
		{"nothing lost", LostLevel(0), OK},
		{"one lost", LostLevel(1), Critical},
		{"a way on which one that is well waits", WaitLevel(OK, 1), OK},
		{"one on which one that is full waits half the time", WaitLevel(Critical, 0.5), Critical},
		{"one on which it waits less", WaitLevel(Critical, 0.49), OK},
		{"one on which one that is strained waits", WaitLevel(Warn, 0.9), Warn},
		{"no dead letter", AnyLevel(0), OK},
		{"dead letters", AnyLevel(1000), Warn},
		{"none waits", WaitingLevel(0.99), OK},
		{"one waits", WaitingLevel(1), Critical},
		{"none down", DownLevel(0, 3), OK},
		{"none down of none", DownLevel(0, 0), OK},
		{"some down", DownLevel(2, 3), Warn},
		{"all down", DownLevel(3, 3), Critical},
		{"a service that is well", ServiceLevel(0.1, 0, 0, 0, 2), OK},
		{"one that is busy", ServiceLevel(0.8, 0, 0, 0, 2), Warn},
		{"one that fails", ServiceLevel(0.8, 0, 0.5, 0, 2), Critical},
		{"one of which half is down", ServiceLevel(0.1, 0, 0, 1, 2), Warn},
		{"never open", OpenLevel(0), OK},
		{"open for a moment", OpenLevel(1e-9), Warn},
		{"open half the time", OpenLevel(0.5), Critical},
		{"no breaker", tripped(0), OK},
		{"breakers of which nothing is known yet", tripped(3), OK},
		{"closed", tripped(2, closed, closed), OK},
		{"half-open", tripped(2, half, half), Warn},
		{"one of three open", tripped(3, closed, open), Warn},
		{"one of two open", tripped(2, half, open), Critical},
		{"the only one open", tripped(1, open), Critical},
	} {
		if row.got != row.want {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestTexts(t *testing.T) {
	const closed, open, half = topology.StateClosed, topology.StateOpen, topology.StateHalfOpen
	tripped := func(callers int, states ...topology.BreakerState) string {
		return (&Breaker{Callers: callers}).Tripped(states).Text()
	}
	for _, row := range []struct{ got, want string }{
		{tripped(2), "closed"},
		{tripped(2, closed, closed), "closed"},
		{tripped(1, open), "open"},
		{tripped(1, half), "half-open"},
		{tripped(3, half, open), "1/3 open"},
		{tripped(3, half, half), "2/3 half-open"},
		{DrainText(12.5, OK), "12.5s"},
		{DrainText(0, Critical), "0s"},
		{DrainText(-1, OK), "steady"},
		{DrainText(-1, Critical), "growing"},
	} {
		if row.got != row.want {
			t.Errorf("%q, want %q", row.got, row.want)
		}
	}
}

// What cannot be measured fails where the run is over, for a dead system meets nothing;
// it is undecided before.
func TestStanding(t *testing.T) {
	r := Report{Expectations: []Judgement{{Pass: true, Measured: true}, {Measured: true}, {Why: "no request was sent"}, {Undecided: true}}}
	if held, failed := r.Standing(); held != 1 || failed != 2 {
		t.Errorf("%d held and %d failed, want 1 and 2", held, failed)
	}
}
