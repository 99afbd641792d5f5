package local

import (
	"math"

	"bellwether/lib/model/local/simd"
)

// Activations work in place; NaN stays NaN.

// geluErf is x Φ(x) with the exact normal distribution ("gelu"): gelu without
// its derivative, written out, for the call is too large to inline.
func geluErf(x []float32) {
	for i, v := range x {
		u := v * geluStep
		r := u + shift
		k := math.Float32bits(r) - (0x4b400000 - geluLimit)
		if k >= uint32(len(geluTable)) {
			x[i], _ = geluTail(v)
			continue
		}
		p := &geluTable[k]
		t := u - (r - shift)
		x[i] = p.y + t*(p.y1+t*p.y2)
	}
}

// geluTanh is GELU by tanh(√(2/π) (x + 0.044715 x³)) ("gelu_new"), written with
// the logistic function: 0.5 (1 + tanh(u)) = 1 / (1 + exp(-2u)).
func geluTanh(x []float32) {
	const c = 1.5957691216057308 // 2 √(2/π)
	logistic(x, func(to, x []float32) {
		for i, v := range x {
			to[i] = -c * (v + 0.044715*v*v*v)
		}
	})
}

// logistic multiplies x with 1 / (1 + exp(t)), where exponents writes t.
func logistic(x []float32, exponents func(to, x []float32)) {
	var room [1024]float32
	for len(x) > 0 {
		part := x[:min(len(x), len(room))]
		e := room[:len(part)]
		exponents(e, part)
		for i, v := range e {
			if v > 80 {
				e[i] = 80 // 1/(1+e⁸⁰) times any activation is as good as 0
			}
		}
		simd.Exp(e, e, 0)
		for i, v := range e {
			part[i] /= 1 + v
		}
		x = x[len(part):]
	}
}

func relu(x []float32) {
	for i, v := range x {
		if v < 0 {
			x[i] = 0
		}
	}
}

// silu is x / (1 + exp(-x)), the sigmoid linear unit.
func silu(x []float32) {
	logistic(x, func(to, x []float32) {
		for i, v := range x {
			to[i] = -v
		}
	})
}

// softmax turns scores into probabilities in place.
func softmax(row []float32) {
	scale := 1 / simd.Exp(row, row, simd.Max(row))
	for i := range row {
		row[i] *= scale
	}
}

// rmsNorm writes x / sqrt(mean(x²) + epsilon) * gain of every row of x to y
// (Zhang and Sennrich 2019).
func rmsNorm(y, x, gain []float32, epsilon float32) {
	width := len(gain)
	for ; len(x) >= width; x, y = x[width:], y[width:] {
		in, out := x[:width], y[:width]
		var squares float32
		for _, v := range in {
			squares += v * v
		}
		inverse := 1 / float32(math.Sqrt(float64(squares/float32(width)+epsilon)))
		for i, g := range gain {
			out[i] = in[i] * inverse * g
		}
	}
}

// layerNorm writes the standardised rows of x, times gain plus bias, to y.
func layerNorm(y, x, gain, bias []float32, epsilon float32) {
	width := len(gain)
	scale := 1 / float32(width)
	bias = bias[:width]
	for ; len(x) >= width; x, y = x[width:], y[width:] {
		in, out := x[:width], y[:width]
		var sum float32
		for _, v := range in {
			sum += v
		}
		mean := sum * scale
		var squares float32
		for i, v := range in {
			d := v - mean
			out[i] = d
			squares += d * d
		}
		inverse := 1 / float32(math.Sqrt(float64(squares*scale+epsilon)))
		for i, g := range gain {
			out[i] = out[i]*inverse*g + bias[i]
		}
	}
}
