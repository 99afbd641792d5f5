package local

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// Backward adds to gradient (a network of the same shape) the derivative of a
// loss by every weight, given its derivative by the logits that the last
// Forward returned. That Forward must have run with p.Keep and without wanted
// positions.
func (n *Network) Backward(p *Pass, dlogits []float32, gradient *Network) {
	if !p.Keep || p.rows != nil {
		panic("local: Backward needs a Forward with Keep and no wanted positions")
	}
	c := n.Config
	rows, w := len(p.tokens), c.Width
	p.dx = grow(p.dx, rows*w)
	p.dxhat = grow(p.dxhat, rows*w)
	p.dh = grow(p.dh, rows*w)
	p.dwide = grow(p.dwide, rows*c.Inner)
	p.dqkv = grow(p.dqkv, rows*3*w)

	addOuter(gradient.unembedding, dlogits, p.last.h1, rows, c.Vocabulary, w)
	times(p.dh, dlogits, n.unembedding, rows, c.Vocabulary, w)
	clear(p.dxhat)
	scaleShiftBackward(p.dxhat, gradient.normGain, gradient.normBias, p.dh, p.last.xhat, n.normGain)
	clear(p.dx)
	standardiseBackward(p.dx, p.dxhat, p.last.xhat, p.last.inverse, w)

	for i := c.Layers - 1; i >= 0; i-- {
		n.blocks[i].backward(n, p, &p.states[i], &gradient.blocks[i])
	}
	for r, token := range p.tokens {
		to := gradient.embedding[int(token)*w : (int(token)+1)*w]
		for i, v := range p.dx[r*w : (r+1)*w] {
			to[i] += v
		}
	}
}

// backward turns p.dx, the derivative by the layer's output, into that by its
// input.
func (b *block) backward(n *Network, p *Pass, s *state, g *block) {
	c := n.Config
	rows, w := len(p.tokens), c.Width
	clear(p.dxhat)

	addOuter(g.down, p.dx, s.inner, rows, w, c.Inner)
	addColumnSums(g.downBias, p.dx)
	times(p.dwide, p.dx, b.down, rows, w, c.Inner)
	slope := s.slope[:len(p.dwide)]
	for i := range p.dwide {
		p.dwide[i] *= slope[i]
	}
	addOuter(g.up, p.dwide, s.h2, rows, c.Inner, w)
	addColumnSums(g.upBias, p.dwide)
	times(p.dh, p.dwide, b.up, rows, c.Inner, w)
	scaleShiftBackward(p.dxhat, g.norm2Gain, g.norm2Bias, p.dh, s.xhat, b.norm2Gain)

	addOuter(g.out, p.dx, s.mixed, rows, w, w)
	addColumnSums(g.outBias, p.dx)
	times(p.dh, p.dx, b.out, rows, w, w)
	n.attendBackward(p, s)
	n.rotate(p, p.dqkv, -1)
	addOuter(g.qkv, p.dqkv, s.h1, rows, 3*w, w)
	addColumnSums(g.qkvBias, p.dqkv)
	times(p.dh, p.dqkv, b.qkv, rows, 3*w, w)
	scaleShiftBackward(p.dxhat, g.norm1Gain, g.norm1Bias, p.dh, s.xhat, b.norm1Gain)

	standardiseBackward(p.dx, p.dxhat, s.xhat, s.inverse, w)
}

// attendBackward writes to p.dqkv the derivative by rotated queries and keys
// and by values, given p.dh, that by the heads' outputs.
func (n *Network) attendBackward(p *Pass, s *state) {
	c := n.Config
	w, size := c.Width, c.HeadSize()
	scale := float32(1 / math.Sqrt(float64(size)))
	at := 0
	for _, sp := range p.spans {
		l := sp.length
		p.dscores = grow(p.dscores, l*l)
		for head := range c.Heads {
			a := s.attention[at : at+l*l]
			at += l * l
			attention := blas32.General{Rows: l, Cols: l, Stride: l, Data: a}
			dscores := blas32.General{Rows: l, Cols: l, Stride: l, Data: p.dscores}
			q, k, v := headViews(s.qkv, sp, head, w, size)
			dq, dk, dv := headViews(p.dqkv, sp, head, w, size)
			dmixed := headView(p.dh, sp, head*size, w, size)

			blas32.Gemm(blas.Trans, blas.NoTrans, 1, attention, dmixed, 0, dv)
			blas32.Gemm(blas.NoTrans, blas.Trans, 1, dmixed, v, 0, dscores)
			for r := range l {
				row := p.dscores[r*l : (r+1)*l]
				probability := a[r*l : r*l+r+1]
				d := row[:len(probability)]
				var dot float32
				for i, pr := range probability {
					dot += pr * d[i]
				}
				for i, pr := range probability {
					d[i] = pr * (d[i] - dot)
				}
				clear(row[r+1:])
			}
			blas32.Gemm(blas.NoTrans, blas.NoTrans, scale, dscores, k, 0, dq)
			blas32.Gemm(blas.Trans, blas.NoTrans, scale, dscores, q, 0, dk)
		}
	}
}

// times sets y = x m, where x is [rows][in] and m [in][out].
func times(y, x, m []float32, rows, in, out int) {
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1,
		blas32.General{Rows: rows, Cols: in, Stride: in, Data: x},
		blas32.General{Rows: in, Cols: out, Stride: out, Data: m}, 0,
		blas32.General{Rows: rows, Cols: out, Stride: out, Data: y})
}

// addOuter adds dyᵀ x to m [out][in]: the derivative by a matrix of y = x mᵀ.
func addOuter(m, dy, x []float32, rows, out, in int) {
	blas32.Gemm(blas.Trans, blas.NoTrans, 1,
		blas32.General{Rows: rows, Cols: out, Stride: out, Data: dy},
		blas32.General{Rows: rows, Cols: in, Stride: in, Data: x}, 1,
		blas32.General{Rows: out, Cols: in, Stride: in, Data: m})
}

// scaleShiftBackward adds to dxhat, dgain and dbias the derivatives given dy.
func scaleShiftBackward(dxhat, dgain, dbias, dy, xhat, gain []float32) {
	width := len(gain)
	dgain, dbias = dgain[:width], dbias[:width]
	for ; len(dy) >= width; dy, xhat, dxhat = dy[width:], xhat[width:], dxhat[width:] {
		d, x, to := dy[:width], xhat[:width], dxhat[:width]
		for i, g := range gain {
			v := d[i]
			dgain[i] += v * x[i]
			dbias[i] += v
			to[i] += v * g
		}
	}
}

// standardiseBackward adds to dx the derivative by the input of standardise.
func standardiseBackward(dx, dxhat, xhat, inverse []float32, width int) {
	scale := 1 / float32(width)
	for r, inv := range inverse {
		d := dxhat[r*width : (r+1)*width]
		x := xhat[r*width : (r+1)*width][:len(d)]
		to := dx[r*width : (r+1)*width][:len(d)]
		var sum, dot float32
		for i, v := range d {
			sum += v
			dot += v * x[i]
		}
		sum *= scale
		dot *= scale
		for i, v := range d {
			to[i] += inv * (v - sum - x[i]*dot)
		}
	}
}

// CrossEntropy returns the mean of -log p(target), nats, over rows of logits
// [row][vocabulary], and turns the logits into its derivative in place.
func CrossEntropy(logits []float32, targets []int, vocabulary int) float64 {
	var loss float64
	scale := 1 / float32(len(targets))
	for r, target := range targets {
		row := logits[r*vocabulary : (r+1)*vocabulary]
		at := row[target]
		peak, sum := softmaxRow(row)
		loss += float64(peak-at) + math.Log(float64(sum))
		row[target]--
		for i := range row {
			row[i] *= scale
		}
	}
	return loss / float64(len(targets))
}
