//go:build soak

package sim_test

import (
	"flag"
	"testing"
)

// The properties and the twins over many times as many cases. It takes longer than the ten
// minutes that a test has by default: -timeout 40m.
func TestSoak(t *testing.T) {
	for _, set := range [][2]string{{"rapid.checks", "5000"}, {"rapid.seed", "77"}} {
		if err := flag.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("properties", TestPropertiesOfEverySystem)
	t.Run("twin", TestTwin)
	t.Run("twin of queues", TestTwinOfQueues)
	t.Run("twin of streams", TestTwinOfStreams)
}
