package local

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Pass is the working memory of forward passes of one network, kept between
// calls. It belongs to one goroutine. The zero value works.
type Pass struct {
	// Keep keeps what Backward needs: about Layers times the memory.
	Keep bool

	spans  []span // one a sequence
	tokens []int32
	rows   []int32 // rows whose logits are wanted; nil: all
	states []state
	x      []float32 // residual stream [row][width]
	last   state     // final norm: xhat, inverse, h1 (only the wanted rows)
	logits []float32

	dx, dxhat, dh, dwide, dqkv, dscores []float32 // Backward's
}

// span is one sequence: its rows are [at, at+length).
type span struct{ at, length int }

// state is what one layer computed.
type state struct {
	xhat, inverse []float32 // standardised input, 1/deviation of each row
	h1, h2        []float32 // after either norm
	qkv           []float32 // rotated
	attention     []float32 // probabilities [span][head][row][column]
	mixed         []float32 // heads' outputs
	inner, slope  []float32 // GELU and its derivative
}

// Forward returns the logits [row][vocabulary] of the next token, for every
// position of every sequence in order, or only for the wanted positions of
// each: wanted[s] lists positions of sequences[s]. The slice belongs to the
// Pass and is overwritten by its next use. A sequence must have 1 to Context
// tokens, each below Vocabulary.
func (n *Network) Forward(p *Pass, sequences [][]int, wanted [][]int) ([]float32, error) {
	if err := n.admit(p, sequences, wanted); err != nil {
		return nil, err
	}
	c := n.Config
	rows, w := len(p.tokens), c.Width
	p.x = grow(p.x, rows*w)
	for r, token := range p.tokens {
		copy(p.x[r*w:(r+1)*w], n.embedding[int(token)*w:])
	}
	layers := 1
	if p.Keep {
		layers = c.Layers
	}
	for len(p.states) < layers {
		p.states = append(p.states, state{})
	}
	for i := range n.blocks {
		s := &p.states[0]
		if p.Keep {
			s = &p.states[i]
		}
		n.blocks[i].forward(n, p, s)
	}

	x := p.x
	if p.rows != nil {
		p.last.h2 = grow(p.last.h2, len(p.rows)*w)
		for i, r := range p.rows {
			copy(p.last.h2[i*w:(i+1)*w], p.x[int(r)*w:])
		}
		x = p.last.h2
	}
	out := len(x) / w
	p.last.xhat = grow(p.last.xhat, out*w)
	p.last.inverse = grow(p.last.inverse, out)
	p.last.h1 = grow(p.last.h1, out*w)
	p.logits = grow(p.logits, out*c.Vocabulary)
	standardise(p.last.xhat, p.last.inverse, x, w, float32(c.Epsilon))
	scaleShift(p.last.h1, p.last.xhat, n.normGain, n.normBias)
	timesTransposed(p.logits, p.last.h1, n.unembedding, out, w, c.Vocabulary, 0)
	return p.logits, nil
}

// admit checks the input and lays it out in rows.
func (n *Network) admit(p *Pass, sequences [][]int, wanted [][]int) error {
	if wanted != nil && len(wanted) != len(sequences) {
		return fmt.Errorf("local: wanted positions for %d sequences, want %d", len(wanted), len(sequences))
	}
	p.spans, p.tokens, p.rows = p.spans[:0], p.tokens[:0], p.rows[:0]
	for i, sequence := range sequences {
		if len(sequence) < 1 || len(sequence) > n.Config.Context {
			return fmt.Errorf("local: sequence %d has %d tokens: want 1 to %d", i, len(sequence), n.Config.Context)
		}
		at := len(p.tokens)
		p.spans = append(p.spans, span{at, len(sequence)})
		for j, token := range sequence {
			if token < 0 || token >= n.Config.Vocabulary {
				return fmt.Errorf("local: sequence %d, token %d is %d: want 0 to %d", i, j, token, n.Config.Vocabulary-1)
			}
			p.tokens = append(p.tokens, int32(token))
		}
		if wanted == nil {
			continue
		}
		for _, position := range wanted[i] {
			if position < 0 || position >= len(sequence) {
				return fmt.Errorf("local: sequence %d, wanted position %d: want 0 to %d", i, position, len(sequence)-1)
			}
			p.rows = append(p.rows, int32(at+position))
		}
	}
	if wanted == nil {
		p.rows = nil
	} else if p.rows == nil {
		p.rows = []int32{}
	}
	return nil
}

// forward adds the layer's attention and MLP to the residual stream p.x.
func (b *block) forward(n *Network, p *Pass, s *state) {
	c := n.Config
	rows, w := len(p.tokens), c.Width
	s.xhat = grow(s.xhat, rows*w)
	s.inverse = grow(s.inverse, rows)
	s.h1 = grow(s.h1, rows*w)
	s.h2 = grow(s.h2, rows*w)
	s.qkv = grow(s.qkv, rows*3*w)
	s.mixed = grow(s.mixed, rows*w)
	s.inner = grow(s.inner, rows*c.Inner)

	// Both norms see the same input: one standardisation serves them.
	standardise(s.xhat, s.inverse, p.x, w, float32(c.Epsilon))
	scaleShift(s.h1, s.xhat, b.norm1Gain, b.norm1Bias)
	scaleShift(s.h2, s.xhat, b.norm2Gain, b.norm2Bias)

	timesTransposed(s.qkv, s.h1, b.qkv, rows, w, 3*w, 0)
	addBias(s.qkv, b.qkvBias)
	n.rotate(p, s.qkv, 1)
	n.attend(p, s)
	timesTransposed(p.x, s.mixed, b.out, rows, w, w, 1)
	addBias(p.x, b.outBias)

	timesTransposed(s.inner, s.h2, b.up, rows, w, c.Inner, 0)
	addBias(s.inner, b.upBias)
	if p.Keep {
		s.slope = grow(s.slope, len(s.inner))
		activate(s.inner, s.slope)
	} else {
		activate(s.inner, nil)
	}
	timesTransposed(p.x, s.inner, b.down, rows, c.Inner, w, 1)
	addBias(p.x, b.downBias)
}

// rotate turns queries and keys by their position (Su et al. 2021, in the
// half-split layout of GPT-NeoX); sign -1 turns back.
func (n *Network) rotate(p *Pass, qkv []float32, sign float32) {
	size, half := n.Config.HeadSize(), n.rotaryElements/2
	for _, sp := range p.spans {
		for position := range sp.length {
			cos := n.cosTable[position*half : (position+1)*half]
			sin := n.sinTable[position*half : (position+1)*half]
			row := qkv[(sp.at+position)*3*n.Config.Width:][:3*n.Config.Width]
			for head := range n.Config.Heads {
				for part := range 2 {
					at := (3*head + part) * size
					first := row[at : at+half]
					second := row[at+half : at+2*half]
					second, sin := second[:len(first)], sin[:len(first)]
					for i, cosine := range cos[:len(first)] {
						sine := sin[i] * sign
						u, v := first[i], second[i]
						first[i] = u*cosine - v*sine
						second[i] = v*cosine + u*sine
					}
				}
			}
		}
	}
}

// attend writes to s.mixed what each row gathers from the rows before it.
func (n *Network) attend(p *Pass, s *state) {
	c := n.Config
	w, size := c.Width, c.HeadSize()
	total := 0
	for _, sp := range p.spans {
		total += sp.length * sp.length * c.Heads
	}
	s.attention = grow(s.attention, total)
	scale := float32(1 / math.Sqrt(float64(size)))
	at := 0
	for _, sp := range p.spans {
		l := sp.length
		for head := range c.Heads {
			a := s.attention[at : at+l*l]
			at += l * l
			q, k, v := headViews(s.qkv, sp, head, w, size)
			scores := blas32.General{Rows: l, Cols: l, Stride: l, Data: a}
			blas32.Gemm(blas.NoTrans, blas.Trans, scale, q, k, 0, scores)
			for r := range l {
				row := a[r*l : (r+1)*l]
				softmaxRow(row[:r+1])
				clear(row[r+1:])
			}
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, scores, v, 0, headView(s.mixed, sp, head*size, w, size))
		}
	}
}

// headView is the [length][size] part of x (rows of stride) that begins at a column.
func headView(x []float32, sp span, column, stride, size int) blas32.General {
	return blas32.General{Rows: sp.length, Cols: size, Stride: stride, Data: x[sp.at*stride+column : (sp.at+sp.length)*stride]}
}

// headViews are query, key and value of one head.
func headViews(qkv []float32, sp span, head, width, size int) (q, k, v blas32.General) {
	at := 3 * head * size
	return headView(qkv, sp, at, 3*width, size), headView(qkv, sp, at+size, 3*width, size), headView(qkv, sp, at+2*size, 3*width, size)
}

// timesTransposed sets y = x mᵀ + keep*y, where x is [rows][in], m [out][in].
func timesTransposed(y, x, m []float32, rows, in, out int, keep float32) {
	if rows == 0 {
		return
	}
	blas32.Gemm(blas.NoTrans, blas.Trans, 1,
		blas32.General{Rows: rows, Cols: in, Stride: in, Data: x},
		blas32.General{Rows: out, Cols: in, Stride: in, Data: m}, keep,
		blas32.General{Rows: rows, Cols: out, Stride: out, Data: y})
}

// grow returns s with length n, reallocated if it is too small. The content is
// whatever was there.
func grow(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
