package report

import (
	"strings"
	"testing"

	"cascade/sim"
	"cascade/sim/des"
	"cascade/topology"
)

// TestToldConsumers: a consumer whose messages fail is told with how many of them, and
// why: the call that failed most, a fault of its own, or the messages.
func TestToldConsumers(t *testing.T) {
	own := sim.Fault{Name: "bad-mail", Kind: sim.Errors, On: "mailer", Services: []int{mailer}, From: 40 * second, Until: 50 * second}
	poison := sim.Fault{Name: "bad-orders", Kind: sim.Poison, On: "orders", Queues: []int{orders}, From: 40 * second, Until: 50 * second}
	for _, row := range []struct {
		name   string
		faults []sim.Fault
		bad    int // of 100 a second, for ten seconds
		failed [topology.NumOutcomes]uint64
		want   string
	}{
		{"a call timed out", nil, 80, [topology.NumOutcomes]uint64{topology.Timeout: 80, topology.Success: 20},
			"at 40s mailer: 80% of its messages failed until 50s: error (mailer->stats: timeout)\n"},
		{"a callee failed", nil, 80, [topology.NumOutcomes]uint64{topology.Error: 80, topology.Success: 20},
			"at 40s mailer: 80% of its messages failed until 50s: error (by stats)\n"},
		{"a fault of its own", []sim.Fault{own}, 80, [topology.NumOutcomes]uint64{topology.Timeout: 10}, "at 40s mailer: 80% of its messages failed until 50s: error (by mailer itself)\n"},
		{"bad messages", []sim.Fault{poison}, 80, [topology.NumOutcomes]uint64{topology.Success: 20}, "at 40s mailer: 80% of its messages failed until 50s: error (poisoned)\n"},
		{"who knows", nil, 80, [topology.NumOutcomes]uint64{}, "at 40s mailer: 80% of its messages failed until 50s: error (by mailer)\n"},
		{"all is well", nil, 0, [topology.NumOutcomes]uint64{topology.Success: 100}, ""},
	} {
		p := longMall()
		p.Topology.Services[mailer].Operations[0].Steps = []topology.Step{callTo(stats, 0)}
		p.Topology.Services[front].Operations[0].Steps = nil
		p.Topology.Index()
		p.Faults = row.faults
		r := run(t, p, p.Duration, nil, func(from, to des.Time, t *sim.Tallies) {
			requests(t, buyers, to-from, perSecondOfMall, perSecondOfMall)
			attempts(t, mailer, to-from, perSecondOfMall, 0)
			if from >= 40*second && from < 50*second {
				attempts(t, mailer, to-from, perSecondOfMall-row.bad, row.bad)
				e := &t.Edges[len(t.Edges)-1]
				e.CallOutcomes, e.Calls = row.failed, 100
			}
		})
		if got := told(r); row.want == "" && strings.Contains(got, "messages failed") || !strings.Contains(got, row.want) {
			t.Errorf("%s: got\n%swant\n%s", row.name, got, row.want)
		}
	}
}
