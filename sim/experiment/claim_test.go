package experiment

import "testing"

// Where a claim tries next, and with what it may be wrong there, by how its tries come out.
func TestClaimScript(t *testing.T) {
	type row struct {
		place int
		alpha float64
		bad   int // of all its runs
	}
	for name, script := range map[string]struct {
		claim
		rows []row
		best int // -1: nowhere
	}{
		"back, and then between": {claim{first: 40, step: 3, limit: 60, allow: 1}, []row{
			{40, 0.0375, 2}, {37, 0.009375, 2}, {31, 0.00234375, 1}, // 40 and 37 fail; 31 does not
			{34, 0.00234375, 0}, // what succeeds costs nothing
			{35, 0.00234375, 9}, // which leaves nothing between 34 and 35
		}, 34},
		"to what is known to be bad": {claim{first: 40, step: 3, limit: 43}, []row{{40, 0.0375, 0}, {41, 0.0375, 0}, {42, 0.0375, 0}}, 42},
		"nowhere":                    {claim{first: 4, step: 3, limit: 43}, []row{{4, 0.0375, 1}, {1, 0.009375, 1}, {0, 0.00234375, 1}}, -1},
		"in the end the end": {claim{first: 1000, step: 1, limit: 1001}, []row{
			{1000, 0.0375, 1}, {999, 0.009375, 1}, {997, 0.00234375, 1}, {993, 0.0005859375, 1}, {985, 0.000146484375, 1},
			{969, 3.662109375e-05, 1}, {937, 9.1552734375e-06, 1}, {0, 2.288818359375e-06, 1},
		}, -1},
	} {
		f := &finder{search: &Search{Safe: 0.01, Confidence: 0.95}, values: make([]Quantity, 1002)}
		c := script.claim
		for i, r := range script.rows {
			try := c.trying(f)
			if try == nil || try.place != r.place || try.alpha-r.alpha > 1e-15 || r.alpha-try.alpha > 1e-15 {
				t.Fatalf("%s: try %d is %+v, not at %d with %v", name, i, try, r.place, r.alpha)
			}
			half := try.next()
			c.see(try, count{runs: half})
			if try.over || c.trying(f) != try {
				t.Fatalf("%s: try %d is over after %d runs of %d", name, i, half, try.all)
			}
			c.see(try, count{try.all - half, r.bad})
			if over := c.tries[i].over; !over {
				t.Fatalf("%s: try %d is not over", name, i)
			}
		}
		if more := c.trying(f); more != nil {
			t.Errorf("%s: it tries %d, too", name, more.place)
		}
		if c.nowhere != (script.best < 0) || c.best != nil && c.best.place != script.best || c.best == nil && script.best >= 0 {
			t.Errorf("%s: it ends with %+v, nowhere %v", name, c.best, c.nowhere)
		}
	}
}

// A claim's places count from the end that is least in doubt, whichever end is the good one.
func TestClaimSpots(t *testing.T) {
	for _, row := range []struct{ low, lost bool }{{false, false}, {true, true}, {true, false}, {false, true}} {
		f := &finder{values: make([]Quantity, 11), low: row.low}
		want := 3
		if row.low != row.lost {
			want = 7
		}
		if at := (&claim{lost: row.lost}).spot(f, 3).at; at != want {
			t.Errorf("%+v: place 3 is value %d, not %d", row, at, want)
		}
	}
}
