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
// Get and Fill take the same time however many keys there are; the memory is that of the
// keys held. They are found by chains of entries and not by a map, which took four times
// as long: the keys are numbers from 0 on, whose low bits spread them evenly.
type Cache struct {
	size int
	ttl  time.Duration
	// chains has the first entry of each chain, 0 for none. Their number is a power of
	// two, and an entry is in the chain that its key's low bits say.
	chains []int32
	// entries is a ring from the newest use to the oldest, through entries[0], which is
	// no answer: older of that is the newest, newer of that is the oldest.
	entries []cached
}

type cached struct {
	key          int // vacant where it had expired; such are older than all others, and in no chain
	filled       time.Duration
	newer, older int32
	next         int32 // in the chain; 0: none
}

const vacant = -1

// NewCache is an empty cache of a policy with Keys.
func NewCache(p *topology.Cache) *Cache {
	return &Cache{size: p.Size, ttl: p.TTL, chains: make([]int32, 1), entries: make([]cached, 1)}
}

// Get says whether the cache answers for a key, and takes that for a use.
func (c *Cache) Get(now time.Duration, key int) bool {
	i := c.find(key)
	if i == 0 {
		return false
	}
	c.cut(i)
	if c.ttl > 0 && now-c.entries[i].filled >= c.ttl {
		c.unchain(i)
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
	i := c.find(key)
	if i != 0 {
		c.cut(i)
		c.entries[i].filled = now
		c.insert(i, 0)
		return
	}
	if len(c.entries) <= c.size {
		i = int32(len(c.entries))
		c.entries = append(c.entries, cached{})
		if len(c.chains) < int(i) {
			c.rechain()
		}
	} else {
		i = c.entries[0].newer
		c.cut(i)
		if c.entries[i].key != vacant {
			c.unchain(i)
		}
	}
	c.entries[i].key, c.entries[i].filled = key, now
	c.chain(i)
	c.insert(i, 0)
}

// Flush empties the cache.
func (c *Cache) Flush() {
	clear(c.chains)
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
		c.chains, c.entries = n.chains, n.entries
	}
	c.size, c.ttl = n.size, n.ttl
}

// first is where the chain begins that a key belongs to.
func (c *Cache) first(key int) *int32 { return &c.chains[key&(len(c.chains)-1)] }

// find is a key's entry, or 0.
func (c *Cache) find(key int) int32 {
	i := *c.first(key)
	for i != 0 && c.entries[i].key != key {
		i = c.entries[i].next
	}
	return i
}

func (c *Cache) chain(i int32) {
	first := c.first(c.entries[i].key)
	c.entries[i].next = *first
	*first = i
}

func (c *Cache) unchain(i int32) {
	at := c.first(c.entries[i].key)
	for *at != i {
		at = &c.entries[*at].next
	}
	*at = c.entries[i].next
}

// rechain doubles the number of chains, while the newest entry has no key yet.
func (c *Cache) rechain() {
	c.chains = make([]int32, 2*len(c.chains))
	for i := 1; i < len(c.entries)-1; i++ {
		if c.entries[i].key != vacant {
			c.chain(int32(i))
		}
	}
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
