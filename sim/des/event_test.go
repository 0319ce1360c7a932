package des

import (
	"math"
	"testing"
	"time"
)

func TestEventHoldsWhatItIsMadeOf(t *testing.T) {
	for _, at := range []Time{0, 1, Never} {
		for _, seq := range []uint64{0, 1, MaxSeq - 1, MaxSeq} {
			for _, kind := range []uint8{0, 1, MaxKind} {
				for _, ref := range []int32{0, 1, MaxRef} {
					e := MakeEvent(at, seq, kind, ref)
					if e.At != at || e.Seq() != seq || e.Kind() != kind || e.Ref() != ref {
						t.Errorf("(%d, %d, %d, %d) became (%d, %d, %d, %d)",
							int64(at), seq, kind, ref, int64(e.At), e.Seq(), e.Kind(), e.Ref())
					}
				}
			}
		}
	}
}

func TestEventsAreOrderedByTimeThenSequence(t *testing.T) {
	ordered := []Event{
		MakeEvent(0, 0, 0, 0),
		MakeEvent(0, 1, MaxKind, MaxRef),
		MakeEvent(0, 2, 0, 0),
		MakeEvent(0, MaxSeq, 0, 0),
		MakeEvent(1, 0, 0, 0),
		MakeEvent(Never, 0, 0, 0),
	}
	for i, a := range ordered {
		for k, b := range ordered {
			if before(a, b) != (i < k) {
				t.Errorf("before(%v, %v) = %v", a, b, before(a, b))
			}
		}
	}
}

func TestTimeIsWrittenInSeconds(t *testing.T) {
	for _, row := range []struct {
		time Time
		want string
	}{
		{0, "0s"}, {1, "0.000000001s"}, {32_400_000_000, "32.4s"}, {7_200e9, "7200s"}, {-5e8, "-0.5s"}, {Never, "never"},
	} {
		if got := row.time.String(); got != row.want {
			t.Errorf("%d ns is written %q, want %q", int64(row.time), got, row.want)
		}
	}
	if s := Time(1_500_000_000).Seconds(); math.Abs(s-1.5) > 0 {
		t.Errorf("1.5 s are %v seconds", s)
	}
	if d := Time(1_500_000_000).Duration(); d != 1500*time.Millisecond {
		t.Errorf("1.5 s are %v", d)
	}
}
