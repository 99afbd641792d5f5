package trend

import (
	"math"
	"slices"
)

// MannKendallTest is the result of MannKendall.
type MannKendallTest struct {
	S      int     // pairs that rise minus pairs that fall
	Var    float64 // variance of S under no trend, corrected for ties
	Z      float64 // with continuity correction
	P      float64 // two-sided, normal approximation
	PExact float64 // two-sided, exact; NaN with ties
}

// MannKendall tests for a monotone trend (Mann 1945; Kendall 1975) of y in its
// order. The exact null distribution cannot reach 5% at four points.
func MannKendall(y []float64) MannKendallTest {
	n := len(y)
	var t MannKendallTest
	for j := range n {
		for i := range j {
			switch {
			case y[j] > y[i]:
				t.S++
			case y[j] < y[i]:
				t.S--
			}
		}
	}
	t.Var = float64(n * (n - 1) * (2*n + 5))
	ties := tieSizes(y)
	for _, k := range ties {
		t.Var -= float64(k * (k - 1) * (2*k + 5))
	}
	t.Var /= 18
	if t.S != 0 {
		t.Z = (float64(t.S) - math.Copysign(1, float64(t.S))) / math.Sqrt(t.Var)
	}
	t.P = twoSided(t.Z, math.Inf(1))
	t.PExact = math.NaN()
	if len(ties) == 0 && n > 0 {
		t.PExact = kendallTail(n, t.S)
	}
	return t
}

// tieSizes returns the sizes of the groups of equal values of two or more.
func tieSizes(y []float64) []int {
	s := slices.Clone(y)
	slices.Sort(s)
	var out []int
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] == s[i] {
			j++
		}
		if j-i > 1 {
			out = append(out, j-i)
		}
		i = j
	}
	return out
}

// kendallTail returns P(|S| >= |s|) for n values in random order, from the
// number of permutations by inversions.
func kendallTail(n, s int) float64 {
	// p[d] is the share of permutations with d inversions.
	p := []float64{1}
	for k := 2; k <= n; k++ {
		next := make([]float64, len(p)+k-1)
		for d, v := range p {
			for i := range k {
				next[d+i] += v / float64(k)
			}
		}
		p = next
	}
	most := n * (n - 1) / 2
	tail := 0.0
	for d, v := range p {
		if abs(most-2*d) >= abs(s) {
			tail += v
		}
	}
	return min(1, tail)
}

func abs(v int) int { return max(v, -v) }

// TheilSen returns the median of the slopes between all pairs (Theil 1950; Sen
// 1968) with a 90% interval from the normal approximation of Mann-Kendall, and
// the intercept median(y) - slope median(x). The x must differ.
func TheilSen(x, y []float64) (slope Interval, intercept float64) {
	var all []float64
	for j := range x {
		for i := range j {
			if x[j] != x[i] {
				all = append(all, (y[j]-y[i])/(x[j]-x[i]))
			}
		}
	}
	if len(all) == 0 {
		return Interval{math.NaN(), math.NaN(), math.NaN()}, math.NaN()
	}
	slices.Sort(all)
	slope.Estimate = median(all)
	intercept = median(y) - slope.Estimate*median(x)
	n := len(y)
	v := float64(n * (n - 1) * (2*n + 5))
	for _, ties := range [][]int{tieSizes(x), tieSizes(y)} {
		for _, k := range ties {
			v -= float64(k * (k - 1) * (2*k + 5))
		}
	}
	half := z90 * math.Sqrt(max(v, 0)/18)
	m := float64(len(all))
	hi := min(int(math.RoundToEven((m+half)/2)), len(all)-1)
	lo := max(int(math.RoundToEven((m-half)/2))-1, 0)
	slope.Lo90, slope.Hi90 = all[lo], all[hi]
	return slope, intercept
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return 0.5 * (s[n/2-1] + s[n/2])
}

// Isotonic returns the weighted least squares fit to y that never falls
// (rising) or never rises, by pooling adjacent violators (Ayer et al. 1955).
// Nil weights are equal.
func Isotonic(y, weights []float64, rising bool) []float64 {
	type block struct {
		mean, weight float64
		n            int
	}
	var blocks []block
	for i, v := range y {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if !rising {
			v = -v
		}
		blocks = append(blocks, block{v, w, 1})
		for len(blocks) > 1 {
			a, b := blocks[len(blocks)-2], blocks[len(blocks)-1]
			if a.mean <= b.mean {
				break
			}
			sum := a.weight + b.weight
			blocks = append(blocks[:len(blocks)-2], block{(a.mean*a.weight + b.mean*b.weight) / sum, sum, a.n + b.n})
		}
	}
	out := make([]float64, 0, len(y))
	for _, b := range blocks {
		for range b.n {
			if rising {
				out = append(out, b.mean)
			} else {
				out = append(out, -b.mean)
			}
		}
	}
	return out
}

// Emergence describes a curve as BIG-bench does (Srivastava et al. 2022,
// appendix B), for y in ascending size: I is the signed range, Linearity is I
// over the root mean square of the successive differences, Breakthroughness I
// over the root of their median square, which is infinite for a curve that is
// flat in most of its steps, and NaN for a constant one.
type Emergence struct {
	I, Linearity, Breakthroughness float64
}

// Describe returns BIG-bench's description of y, which has two points or more.
func Describe(y []float64) Emergence {
	lo, hi := 0, 0
	for i, v := range y {
		if v > y[hi] {
			hi = i
		}
		if v < y[lo] {
			lo = i
		}
	}
	e := Emergence{I: y[hi] - y[lo]}
	if hi < lo {
		e.I = -e.I
	}
	squares := make([]float64, 0, len(y))
	mean := 0.0
	for i := 1; i < len(y); i++ {
		d := y[i] - y[i-1]
		squares = append(squares, d*d)
		mean += d * d / float64(len(y)-1)
	}
	e.Linearity = e.I / math.Sqrt(mean)
	e.Breakthroughness = e.I / math.Sqrt(median(squares))
	return e
}

// Spearman returns the rank correlation of x and y, ties at their mean rank; NaN
// when either is constant.
func Spearman(x, y []float64) float64 {
	rank := func(v []float64) []float64 {
		order := make([]int, len(v))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int {
			switch {
			case v[a] < v[b]:
				return -1
			case v[a] > v[b]:
				return 1
			}
			return 0
		})
		out := make([]float64, len(v))
		for i := 0; i < len(order); {
			j := i
			for j < len(order) && v[order[j]] == v[order[i]] {
				j++
			}
			for k := i; k < j; k++ {
				out[order[k]] = float64(i+j-1) / 2
			}
			i = j
		}
		return out
	}
	a, b := rank(x), rank(y)
	m := float64(len(a)-1) / 2
	saa, sbb, sab := 0.0, 0.0, 0.0
	for i := range a {
		saa += (a[i] - m) * (a[i] - m)
		sbb += (b[i] - m) * (b[i] - m)
		sab += (a[i] - m) * (b[i] - m)
	}
	return sab / math.Sqrt(saa*sbb)
}
