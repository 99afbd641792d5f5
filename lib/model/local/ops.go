package local

import "math"

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
	const (
		log2e = 1.44269504088896341
		ln2hi = 0.693145751953125 // 16 significant bits: k*ln2hi is exact
		ln2lo = 1.42860682030941723212e-6
		shift = 1.5 * (1 << 23) // adding it rounds to an integer
	)
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

// The normal distribution on a grid of step 1/32 over [-6, 6]. Between grid
// points a Taylor series of degree 3 is off by less than 1e-8.
const (
	normalStep  = 32
	normalLimit = 6
)

type normalPoint struct{ at, cumulative, density float32 }

var normalTable = func() (t [2*normalLimit*normalStep + 1]normalPoint) {
	for i := range t {
		x := float64(i)/normalStep - normalLimit
		t[i] = normalPoint{
			at:         float32(x),
			cumulative: float32(0.5 * math.Erfc(-x/math.Sqrt2)),
			density:    float32(math.Exp(-x*x/2) / math.Sqrt(2*math.Pi)),
		}
	}
	return t
}()

// gelu returns x Φ(x) and its derivative Φ(x) + x φ(x), where Φ and φ are the
// standard normal distribution and density (Hendrycks and Gimpel 2016, "gelu"
// of Hugging Face: with erf). Absolute error below 1e-6 for both (TestGELU);
// NaN stays NaN.
func gelu(x float32) (y, slope float32) {
	if !(x > -normalLimit && x < normalLimit) {
		if x != x {
			return x, x
		}
		if x < 0 {
			return 0, 0
		}
		return x, 1
	}
	p := &normalTable[int((x+normalLimit)*normalStep+0.5)]
	a := p.at
	t := x - a
	// Derivatives of φ at a: -aφ, (a²-1)φ, (3a-a³)φ.
	q := a*a - 1
	phi := p.density
	cumulative := p.cumulative + phi*t*(1+t*(-a*0.5+t*q*(1.0/6)))
	density := phi * (1 + t*(-a+t*(q*0.5+t*a*(2-q)*(1.0/6))))
	return x * cumulative, cumulative + x*density
}

// softmaxRow turns scores into probabilities in place and returns the natural
// logarithm of the sum of their exponentials.
func softmaxRow(row []float32) (logSum float32) {
	peak := row[0]
	for _, v := range row[1:] {
		if v > peak {
			peak = v
		}
	}
	var sum float32
	for i, v := range row {
		e := exp32(v - peak)
		row[i] = e
		sum += e
	}
	scale := 1 / sum
	for i := range row {
		row[i] *= scale
	}
	return peak + float32(math.Log(float64(sum)))
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
