package harness

import (
	"math"
	"math/bits"
	"reflect"
	"strconv"
	"sync"
)

// draws are the few-shot examples as lm-evaluation-harness draws them: with one
// random.Random(seed) of Python for all documents, one after another in the order
// of the file, so that the examples of a document depend on how many stand before
// it (lm_eval/api/samplers.py). The harness's own seed is 1234.
type draws struct {
	pool, documents []Document
	// more is 1 where the harness draws an example more, in view of those that are
	// the document itself, which it takes away.
	more int

	mu   sync.Mutex
	runs map[run]*drawn
}

// run is what the random numbers depend on.
type run struct {
	k    int
	seed uint64
}

type drawn struct {
	*python
	lists [][]int
}

// draw returns the places of k examples of the document that an item was made of,
// as task.FewShot.Draw does; nil for an item that no document has the number of.
func (d *draws) draw(id string, k int, seed uint64) []int {
	document, err := strconv.Atoi(id)
	if err != nil || document < 0 || document >= len(d.documents) || k <= 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[run{k, seed}]
	if r == nil {
		r = &drawn{python: newPython(seed)}
		d.runs[run{k, seed}] = r
	}
	for len(r.lists) <= document {
		r.lists = append(r.lists, r.sample(len(d.pool), min(min(k, len(d.pool))+d.more, len(d.pool))))
	}
	list := []int{} // not nil: the document is known
	for _, place := range r.lists[document] {
		if len(list) < k && !reflect.DeepEqual(d.pool[place].Values, d.documents[document].Values) {
			list = append(list, place)
		}
	}
	return list
}

// python is Python's random.Random for a whole number as the seed: the Mersenne
// Twister MT19937 of Matsumoto and Nishimura (1998), seeded by an array.
type python struct {
	state [624]uint32
	at    int
}

func newPython(seed uint64) *python {
	p := &python{at: 624}
	p.state[0] = 19650218
	for i := 1; i < 624; i++ {
		p.state[i] = 1812433253*(p.state[i-1]^p.state[i-1]>>30) + uint32(i)
	}
	key := []uint32{uint32(seed)}
	if seed > math.MaxUint32 {
		key = append(key, uint32(seed>>32))
	}
	i, j := 1, 0
	next := func() {
		if i++; i == 624 {
			p.state[0], i = p.state[623], 1
		}
	}
	for range 624 {
		p.state[i] = p.state[i] ^ (p.state[i-1]^p.state[i-1]>>30)*1664525
		p.state[i] += key[j] + uint32(j)
		next()
		j = (j + 1) % len(key)
	}
	for range 623 {
		p.state[i] = p.state[i] ^ (p.state[i-1]^p.state[i-1]>>30)*1566083941
		p.state[i] -= uint32(i)
		next()
	}
	p.state[0] = 1 << 31
	return p
}

// next returns 32 random bits.
func (p *python) next() uint32 {
	if p.at == 624 {
		for i := range p.state {
			y := p.state[i]&(1<<31) | p.state[(i+1)%624]&(1<<31-1)
			p.state[i] = p.state[(i+397)%624] ^ y>>1 ^ y&1*0x9908b0df
		}
		p.at = 0
	}
	y := p.state[p.at]
	p.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below returns a number from 0 to n-1, n from 1 to 2^32-1.
func (p *python) below(n int) int {
	shift := 32 - bits.Len32(uint32(n))
	for {
		if r := int(p.next() >> shift); r < n {
			return r
		}
	}
}

// sample is random.sample(range(n), k), k at most n.
func (p *python) sample(n, k int) []int {
	list := make([]int, k)
	set := 21
	if k > 5 {
		set += 1 << (2 * int(math.Ceil(math.Log(float64(3*k))/math.Log(4))))
	}
	if n <= set { // Python then draws from a list of all, else again what is drawn already
		pool := make([]int, n)
		for i := range pool {
			pool[i] = i
		}
		for i := range list {
			j := p.below(n - i)
			list[i], pool[j] = pool[j], pool[n-i-1]
		}
		return list
	}
	seen := map[int]bool{}
	for i := range list {
		j := p.below(n)
		for seen[j] {
			j = p.below(n)
		}
		seen[j], list[i] = true, j
	}
	return list
}
