package tokenizer

import (
	"container/heap"
	"fmt"
	"math"
	"unicode/utf8"
)

// symbol is a token inside a word.
type symbol struct{ id, bytes int32 }

// pair is two neighbours; merge what becomes of them.
type (
	pair  struct{ left, right int32 }
	merge struct{ rank, id int32 }
)

// bpe is a byte-pair encoding (Sennrich, Haddow and Birch 2016): the
// neighbours that come first in the list of merges are joined first, the
// leftmost of equals first.
type bpe struct {
	merges      map[pair]merge
	byteLevel   bool
	bytes       [256]int32 // ids of the single bytes, -1: none. Byte-level: the symbols; else byte fallback
	fallback    bool       // characters without a token become bytes
	unknown     int32      // id, -1: none
	fuseUnknown bool
	whole       bool             // a word in the vocabulary is not cut ("ignore_merges")
	vocabulary  map[string]int32 // contents
}

// work is memory reused between words.
type work struct {
	symbols []symbol
	ranks   []merge
	links   []link
	queue   queue
}

// encode returns the tokens of a word; they belong to w. bad is the offset of a
// character that has no token, or -1.
func (b *bpe) encode(w *work, word string) (symbols []symbol, bad int) {
	if b.whole {
		if id, ok := b.vocabulary[word]; ok {
			w.symbols = append(w.symbols[:0], symbol{id, int32(len(word))})
			return w.symbols, -1
		}
	}
	if bad := b.start(w, word); bad >= 0 {
		return nil, bad
	}
	if len(b.merges) == 0 {
		return w.symbols, -1
	}
	if len(w.symbols) <= 40 {
		b.mergeShort(w)
	} else {
		b.mergeLong(w)
	}
	return w.symbols, -1
}

// start cuts a word into its smallest symbols.
func (b *bpe) start(w *work, word string) (bad int) {
	w.symbols = w.symbols[:0]
	if b.byteLevel {
		for i := range len(word) {
			id := b.bytes[word[i]]
			if id < 0 {
				return i
			}
			w.symbols = append(w.symbols, symbol{id, 1})
		}
		return -1
	}
	fusing := false
	for i := 0; i < len(word); {
		_, size := utf8.DecodeRuneInString(word[i:])
		character := word[i : i+size]
		if id, ok := b.vocabulary[character]; ok {
			w.symbols = append(w.symbols, symbol{id, int32(size)})
			fusing = false
		} else if b.fallback && b.hasBytes(character) {
			for j := range size {
				w.symbols = append(w.symbols, symbol{b.bytes[character[j]], 1})
			}
			fusing = false
		} else if b.unknown < 0 {
			return i
		} else if fusing && b.fuseUnknown {
			w.symbols[len(w.symbols)-1].bytes += int32(size)
		} else {
			w.symbols = append(w.symbols, symbol{b.unknown, int32(size)})
			fusing = true
		}
		i += size
	}
	return -1
}

func (b *bpe) hasBytes(character string) bool {
	for i := range len(character) {
		if b.bytes[character[i]] < 0 {
			return false
		}
	}
	return true
}

var noMerge = merge{math.MaxInt32, -1}

// rank returns the merge of two symbols, noMerge if there is none.
func (b *bpe) rank(left, right symbol) merge {
	if m, ok := b.merges[pair{left.id, right.id}]; ok {
		return m
	}
	return noMerge
}

// mergeShort searches all neighbours for each merge.
func (b *bpe) mergeShort(w *work) {
	s := w.symbols
	w.ranks = w.ranks[:0]
	for i := 1; i < len(s); i++ {
		w.ranks = append(w.ranks, b.rank(s[i-1], s[i]))
	}
	ranks := w.ranks
	for len(ranks) > 0 {
		best := 0
		for i, m := range ranks {
			if m.rank < ranks[best].rank {
				best = i
			}
		}
		m := ranks[best]
		if m.id < 0 {
			break
		}
		s[best] = symbol{m.id, s[best].bytes + s[best+1].bytes}
		s = append(s[:best+1], s[best+2:]...)
		ranks = append(ranks[:best], ranks[best+1:]...)
		if best > 0 {
			ranks[best-1] = b.rank(s[best-1], s[best])
		}
		if best < len(ranks) {
			ranks[best] = b.rank(s[best], s[best+1])
		}
	}
	w.symbols = s
}

// link chains the symbols that are left.
type link struct{ before, after int32 }

// candidate is a merge that was possible when it was queued.
type candidate struct {
	merge
	at int32 // the left symbol
}

type queue []candidate

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// mergeLong keeps the possible merges in a heap: n log n for n symbols.
func (b *bpe) mergeLong(w *work) {
	s := w.symbols
	w.links, w.queue = w.links[:0], w.queue[:0]
	for i := range s {
		w.links = append(w.links, link{int32(i - 1), int32(i + 1)})
		if i > 0 {
			if m := b.rank(s[i-1], s[i]); m.id >= 0 {
				w.queue = append(w.queue, candidate{m, int32(i - 1)})
			}
		}
	}
	links := w.links
	heap.Init(&w.queue)
	offer := func(at int32) {
		if m := b.rank(s[at], s[links[at].after]); m.id >= 0 {
			heap.Push(&w.queue, candidate{m, at})
		}
	}
	n := int32(len(s))
	for len(w.queue) > 0 {
		c := heap.Pop(&w.queue).(candidate)
		next := links[c.at].after
		if s[c.at].bytes == 0 || next >= n || b.rank(s[c.at], s[next]) != c.merge {
			continue // one of the two was merged before
		}
		s[c.at] = symbol{c.id, s[c.at].bytes + s[next].bytes}
		s[next].bytes = 0
		after := links[next].after
		links[c.at].after = after
		if after < n {
			links[after].before = c.at
			offer(c.at)
		}
		if before := links[c.at].before; before >= 0 {
			offer(before)
		}
	}
	out := s[:0]
	for _, y := range s {
		if y.bytes > 0 {
			out = append(out, y)
		}
	}
	w.symbols = out
}

// addMerge adds the next merge of the list.
func (b *bpe) addMerge(left, right string) error {
	l, okLeft := b.vocabulary[left]
	r, okRight := b.vocabulary[right]
	id, ok := b.vocabulary[left+right]
	if !okLeft || !okRight || !ok {
		return fmt.Errorf("merge %d, %q with %q: one of them or the result is not in the vocabulary", len(b.merges), left, right)
	}
	if _, twice := b.merges[pair{l, r}]; twice {
		return fmt.Errorf("merge %d, %q with %q: occurs twice", len(b.merges), left, right)
	}
	b.merges[pair{l, r}] = merge{int32(len(b.merges)), id}
	return nil
}
