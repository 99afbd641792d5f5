package local

import "math"

// Constants of exp32 and of rounding in float32.
const (
	log2e = 1.44269504088896341
	ln2hi = 0.693145751953125 // 16 significant bits: k*ln2hi is exact
	ln2lo = 1.42860682030941723212e-6
	shift = 1.5 * (1 << 23) // adding it rounds to an integer, left in the low bits
)

// exp32 returns e^x in float32 for x <= 88 with a relative error below 3e-7
// (measured in TestExp); anything under -87 is 0. NaN stays NaN.
//
// Cody-Waite reduction to |r| <= ln(2)/2 and a polynomial of degree 6, so that
// no table or call is needed: in a small transformer half the time is exp.
func exp32(x float32) float32 {
	if !(x > -87) {
		if x != x {
			return x
		}
		return 0
	}
	if x > 88 {
		x = 88
	}
	k := float32(x*log2e+shift) - shift
	r := x - k*ln2hi
	r -= k * ln2lo
	p := float32(1.0 / 720)
	p = p*r + 1.0/120
	p = p*r + 1.0/24
	p = p*r + 1.0/6
	p = p*r + 0.5
	p = p*r + 1
	p = p*r + 1
	return p * math.Float32frombits(uint32(int32(k)+127)<<23)
}

// GELU and its derivative on a grid of step 1/64 over [-6, 6], each with the
// Taylor series of degree 2 around the grid point, in units of the step: off by
// less than 2e-7.
const (
	geluStep  = 64
	geluLimit = 6 * geluStep
)

type geluPoint struct{ y, y1, y2, slope, slope1, slope2 float32 }

var geluTable = func() (t [2*geluLimit + 1]geluPoint) {
	const h = 1.0 / geluStep
	for i := range t {
		x := float64(i-geluLimit) * h
		cumulative := 0.5 * math.Erfc(-x/math.Sqrt2)
		density := math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)
		slope := cumulative + x*density
		curvature := (2 - x*x) * density
		third := (x*x*x - 4*x) * density
		t[i] = geluPoint{
			y: float32(x * cumulative), y1: float32(slope * h), y2: float32(curvature * h * h / 2),
			slope: float32(slope), slope1: float32(curvature * h), slope2: float32(third * h * h / 2),
		}
	}
	return t
}()

// gelu returns x Φ(x) and its derivative Φ(x) + x φ(x), where Φ and φ are the
// standard normal distribution and density (Hendrycks and Gimpel 2016, "gelu"
// of Hugging Face: with erf). Absolute error below 1e-6 for both (TestGELU);
// NaN stays NaN.
func gelu(x float32) (y, slope float32) {
	u := x * geluStep
	r := u + shift
	k := math.Float32bits(r) - (0x4b400000 - geluLimit)
	if k >= uint32(len(geluTable)) {
		return geluTail(x)
	}
	p := &geluTable[k]
	t := u - (r - shift)
	return p.y + t*(p.y1+t*p.y2), p.slope + t*(p.slope1+t*p.slope2)
}

func geluTail(x float32) (y, slope float32) {
	switch {
	case x != x:
		return x, x
	case x < 0:
		return 0, 0
	}
	return x, 1
}

// activate applies GELU in place and writes its derivative to slope, unless
// that is nil.
func activate(x, slope []float32) {
	if slope == nil {
		for i, v := range x {
			x[i], _ = gelu(v)
		}
		return
	}
	slope = slope[:len(x)]
	for i, v := range x { // gelu, written out: the call is too large to inline
		u := v * geluStep
		r := u + shift
		k := math.Float32bits(r) - (0x4b400000 - geluLimit)
		if k >= uint32(len(geluTable)) {
			x[i], slope[i] = geluTail(v)
			continue
		}
		p := &geluTable[k]
		t := u - (r - shift)
		x[i] = p.y + t*(p.y1+t*p.y2)
		slope[i] = p.slope + t*(p.slope1+t*p.slope2)
	}
}

// softmaxRow turns scores into probabilities in place and returns their
// maximum and the sum of exp(score - maximum).
func softmaxRow(row []float32) (peak, sum float32) {
	peak = row[0]
	for _, v := range row[1:] {
		if v > peak {
			peak = v
		}
	}
	for i, v := range row { // exp32, written out: the call is too large to inline
		x := v - peak
		if x < -87 {
			row[i] = 0
			continue
		}
		k := float32(x*log2e+shift) - shift
		r := x - k*ln2hi
		r -= k * ln2lo
		p := ((((float32(1.0/720)*r+1.0/120)*r+1.0/24)*r+1.0/6)*r + 0.5) * r
		e := ((p+1)*r + 1) * math.Float32frombits(uint32(int32(k)+127)<<23)
		row[i] = e
		sum += e
	}
	scale := 1 / sum
	for i := range row {
		row[i] *= scale
	}
	return peak, sum
}

// addBias adds bias to every row of x (rows of len(bias)).
func addBias(x, bias []float32) {
	width := len(bias)
	for ; len(x) >= width; x = x[width:] {
		row := x[:width]
		for i, b := range bias {
			row[i] += b
		}
	}
}

// addColumnSums adds to sums the sum of each column of x (rows of len(sums)).
func addColumnSums(sums, x []float32) {
	width := len(sums)
	for ; len(x) >= width; x = x[width:] {
		row := x[:width]
		for i, v := range row {
			sums[i] += v
		}
	}
}

// standardise writes (x - mean) / sqrt(variance + epsilon) of every row of x to
// xhat, and the row's 1/sqrt(...) to inverse.
func standardise(xhat, inverse, x []float32, width int, epsilon float32) {
	scale := 1 / float32(width)
	for r := range inverse {
		row := x[r*width : (r+1)*width]
		out := xhat[r*width : (r+1)*width]
		var sum float32
		for _, v := range row {
			sum += v
		}
		mean := sum * scale
		var squares float32
		for i, v := range row {
			d := v - mean
			out[i] = d
			squares += d * d
		}
		inv := 1 / float32(math.Sqrt(float64(squares*scale+epsilon)))
		inverse[r] = inv
		for i := range out {
			out[i] *= inv
		}
	}
}

// scaleShift writes xhat*gain + bias, row by row, to y.
func scaleShift(y, xhat, gain, bias []float32) {
	width := len(gain)
	bias = bias[:width]
	for ; len(xhat) >= width; xhat, y = xhat[width:], y[width:] {
		in, out := xhat[:width], y[:width]
		for i, g := range gain {
			out[i] = in[i]*g + bias[i]
		}
	}
}
