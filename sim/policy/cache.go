package policy

import (
	"time"

	"cascade/topology"
)

// A Cache holds the answers to the Size keys that were last asked for or filled:
// LRU. An answer is good for TTL from its filling, up to that instant and not at it, no
// matter how often it is asked for. One that has expired is noticed when it is asked
// for, as in memcached; until then it holds its place.
//
// Get and Fill take the time of a lookup in a map, however many keys there are; the
// memory is that of the keys held.
type Cache struct {
	size int
	ttl  time.Duration
	at   map[int]int32 // where a key's entry is; never iterated over
	// entries is a ring from the newest use to the oldest, through entries[0], which is
	// no answer: older of that is the newest, newer of that is the oldest.
	entries []cached
}

type cached struct {
	key          int // vacant where it had expired; such are older than all others
	filled       time.Duration
	newer, older int32
}

const vacant = -1

// NewCache is an empty cache of a policy with Keys.
func NewCache(p *topology.Cache) *Cache {
	c := &Cache{at: map[int]int32{}, entries: make([]cached, 1)}
	c.size, c.ttl = p.Size, p.TTL
	return c
}

// Get says whether the cache answers for a key, and takes that for a use.
func (c *Cache) Get(now time.Duration, key int) bool {
	i, held := c.at[key]
	if !held {
		return false
	}
	c.cut(i)
	if c.ttl > 0 && now-c.entries[i].filled >= c.ttl {
		delete(c.at, key)
		c.entries[i].key = vacant
		c.insert(i, c.entries[0].newer) // the next that is put to another use
		return false
	}
	c.insert(i, 0)
	return true
}

// Fill puts an answer in, in the place of an older one to that key, or else of the
// least recently used one where the cache is full.
func (c *Cache) Fill(now time.Duration, key int) {
	i, held := c.at[key]
	switch {
	case held:
		c.cut(i)
	case len(c.entries) <= c.size:
		i = int32(len(c.entries))
		c.entries = append(c.entries, cached{})
	default:
		i = c.entries[0].newer
		c.cut(i)
		delete(c.at, c.entries[i].key)
	}
	c.at[key] = i
	c.entries[i].key, c.entries[i].filled = key, now
	c.insert(i, 0)
}

// Flush empties the cache.
func (c *Cache) Flush() {
	clear(c.at)
	c.entries = c.entries[:1]
	c.entries[0] = cached{}
}

// Retune puts another policy into force. Of the answers those stay that were used
// last, as many as fit; they are good for the new TTL from their filling.
func (c *Cache) Retune(p *topology.Cache) {
	n := NewCache(p)
	if kept := len(c.entries) - 1; kept > n.size {
		oldest := c.entries[0].newer
		for ; kept > n.size; kept-- {
			oldest = c.entries[oldest].newer
		}
		for ; oldest != 0; oldest = c.entries[oldest].newer {
			if e := &c.entries[oldest]; e.key != vacant {
				n.Fill(e.filled, e.key)
			}
		}
		c.at, c.entries = n.at, n.entries
	}
	c.size, c.ttl = n.size, n.ttl
}

// cut takes an entry out of the ring.
func (c *Cache) cut(i int32) {
	e := &c.entries[i]
	c.entries[e.newer].older = e.older
	c.entries[e.older].newer = e.newer
}

// insert puts an entry into the ring as the next older one than another.
func (c *Cache) insert(i, newer int32) {
	older := c.entries[newer].older
	c.entries[i].newer, c.entries[i].older = newer, older
	c.entries[newer].older = i
	c.entries[older].newer = i
}
