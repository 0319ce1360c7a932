package scenarios

import (
	"slices"
	"strings"
	"testing"
)

// TestPaths: what is offered for a path that was begun.
func TestPaths(t *testing.T) {
	e, err := EditBuiltin("slow-dependency")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		begun        string
		first, among []string
		not          []string
	}{
		{"", []string{"name", "description", "duration"}, []string{"seed", "services.", "traffic.", "faults.", "expect."}, []string{"topology."}},
		{"se", []string{"name"}, []string{"seed", "services."}, nil},
		{"services.", []string{"services.gateway.", "services.checkout.", "services.payment."}, nil, nil},
		{"services.pay", []string{"services.gateway."}, nil, nil},
		{"services.gateway.", []string{"services.gateway.instances", "services.gateway.threads"}, []string{"services.gateway.operations."}, []string{"services.gateway.operations"}},
		{"services.gateway.operations.buy.steps.1.", nil, []string{"services.gateway.operations.buy.steps.1.timeout", "services.gateway.operations.buy.steps.1.sync"}, []string{"services.gateway.operations.buy.steps.1.work"}},
		{"traffic.shoppers.", nil, []string{"traffic.shoppers.rate", "traffic.shoppers.retry"}, []string{"traffic.shoppers.users"}},
		{"faults.", []string{"faults.payment-slow."}, nil, nil},
		{"faults.payment-slow.", nil, []string{"faults.payment-slow.for", "faults.payment-slow.latency."}, []string{"faults.payment-slow.crash"}},
		{"faults.payment-slow.latency.", nil, []string{"faults.payment-slow.latency.add"}, nil},
		{"services.nobody.", nil, nil, nil},
		{"seed.", nil, nil, nil},
	} {
		var got []string
		for _, k := range e.Paths(nil, row.begun) {
			got = append(got, k.Name)
		}
		for i, want := range row.first {
			if i >= len(got) || got[i] != want {
				t.Errorf("%q: offered are %q, want first %q", row.begun, got, row.first)
				break
			}
		}
		for _, want := range row.among {
			if !slices.Contains(got, want) {
				t.Errorf("%q: %q is not offered in %q", row.begun, want, got)
			}
		}
		for _, not := range row.not {
			if slices.Contains(got, not) {
				t.Errorf("%q: %q is offered", row.begun, not)
			}
		}
		if row.first == nil && row.among == nil && got != nil {
			t.Errorf("%q leads nowhere, and %q is offered", row.begun, got)
		}
	}
	value := func(changes []Override, path string) string {
		for _, k := range e.Paths(changes, path) {
			if k.Name == path {
				return k.Value
			}
		}
		return "not offered"
	}
	if got := value(nil, "services.payment.threads"); got != "32" {
		t.Errorf("payment has %s threads", got)
	}
	if got := value([]Override{{"services.payment.threads", "64"}}, "services.payment.threads"); got != "64" {
		t.Errorf("changed, payment has %s threads", got)
	}
}

// TestPathsLead: a path that is offered can be set, to what it is.
func TestPathsLead(t *testing.T) {
	for _, name := range []string{"slow-dependency", "redelivery-spiral", "fan-out", "sick-replica-outlier", "retry-storm-budget"} {
		e, err := EditBuiltin(name)
		if err != nil {
			t.Fatal(err)
		}
		ends := 0
		var walk func(begun string)
		walk = func(begun string) {
			for _, k := range e.Paths(nil, begun) {
				switch {
				case strings.HasSuffix(k.Name, "."):
					walk(k.Name)
				case k.Given:
					ends++
					if _, err := e.Read([]Override{{k.Name, k.Value}}); err != nil {
						t.Errorf("%s: %s=%s: %v", name, k.Name, k.Value, err)
					}
				}
			}
		}
		if walk(""); ends < 20 {
			t.Errorf("%s: %d paths lead somewhere", name, ends)
		}
	}
}
