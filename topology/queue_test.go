package topology

import (
	"slices"
	"strings"
	"testing"
)

// Publish steps are numbered in file order, depth first, and named by who publishes
// where; their numbers are their own, whatever is called beside them.
func TestIndexNamesPublishes(t *testing.T) {
	publish := func(queue int) Step { return Step{Kind: Message, Publish: &Publish{Queue: queue}} }
	top := &Topology{
		Queues: []Queue{{Name: "orders"}, {Name: "events"}},
		Services: []Service{
			{Name: "shop", Operations: []Operation{
				{Name: "browse", Steps: []Step{publish(1)}},
				{Name: "buy", Steps: []Step{
					{Kind: Work},
					publish(0),
					{Kind: Parallel, Parallel: []Step{publish(1), {Kind: Call, Call: &Edge{To: OpRef{Service: 1}}}, publish(0)}},
					publish(0),
				}},
			}},
			{Name: "mail", Operations: []Operation{{Steps: []Step{publish(1)}}}},
		},
	}
	want := "shop.browse->events shop.buy->orders shop.buy->events shop.buy->orders#2 shop.buy->orders#3 mail->events"
	for range 2 { // a second time over the first
		top.Index()
		var ids []string
		for _, p := range top.Publishes {
			ids = append(ids, p.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if len(top.Edges) != 1 || top.Edges[0].ID != "shop.buy->mail" {
			t.Errorf("the call is %v", top.Edges)
		}
	}
	for i, ref := range []OpRef{{0, 0}, {0, 1}, {0, 1}, {0, 1}, {0, 1}, {1, 0}} {
		if top.Publishes[i].From != ref {
			t.Errorf("%s is from %v, want %v", top.Publishes[i].ID, top.Publishes[i].From, ref)
		}
	}
	if top.Publishes[1] != top.Services[0].Operations[1].Steps[1].Publish {
		t.Error("Publishes holds other steps than the operations")
	}
}

// The groups of a queue are the services that consume it, in file order, each once.
func TestGroups(t *testing.T) {
	top := &Topology{
		Queues: make([]Queue, 3),
		Services: []Service{
			{Consumes: []Consume{{Queue: 2}, {Queue: 0}}},
			{},
			{Consumes: []Consume{{Queue: 0}}},
		},
	}
	for q, want := range [][]int{{0, 2}, nil, {0}} {
		if got := top.Groups(q); !slices.Equal(got, want) {
			t.Errorf("the groups of queue %d are %v, want %v", q, got, want)
		}
	}
}
