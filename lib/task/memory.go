package task

import (
	"slices"
	"strings"
)

// memory hands out the values that most items are made of without an allocation
// for each: short texts that repeat are shared, other texts and short lists are
// cut from blocks, which live as long as anything cut from them. Lists never
// share elements, and have no room to grow into each other.
type memory struct {
	block  strings.Builder
	recent [256]string // short texts, by their hash
	strs   []string
	ints   []int
}

// shortText is the length in bytes up to which texts are looked up: keys,
// labels, short answers.
const shortText = 32

// Texts of more than longText bytes are allocated by themselves, the others cut
// from blocks of blockSize bytes.
const longText, blockSize = 2 << 10, 16 << 10

// text copies b, or returns an equal short text that was copied before.
func (m *memory) text(b []byte) string {
	if len(b) > longText {
		return string(b)
	}
	if len(b) > shortText {
		return m.cut(b)
	}
	h := uint32(len(b))
	for _, c := range b {
		h = h*31 + uint32(c)
	}
	slot := &m.recent[(h^h>>8)&255]
	if *slot != string(b) {
		*slot = m.cut(b)
	}
	return *slot
}

// cut copies b into the current block.
func (m *memory) cut(b []byte) string {
	if m.block.Cap()-m.block.Len() < len(b) {
		m.block = strings.Builder{}
		m.block.Grow(blockSize)
	}
	at := m.block.Len()
	m.block.Write(b)
	return m.block.String()[at:]
}

// list copies a list of texts.
func (m *memory) list(texts []string) []string {
	n := len(texts)
	if n == 0 {
		return []string{}
	}
	if n > 16 {
		return slices.Clone(texts)
	}
	if n > len(m.strs) {
		m.strs = make([]string, 64)
	}
	c := m.strs[:n:n]
	m.strs = m.strs[n:]
	copy(c, texts)
	return c
}

// one returns a list of one number.
func (m *memory) one(n int) []int {
	if len(m.ints) == 0 {
		m.ints = make([]int, 64)
	}
	c := m.ints[:1:1]
	m.ints = m.ints[1:]
	c[0] = n
	return c
}
