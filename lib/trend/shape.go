package trend

import (
	"errors"
	"fmt"
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

// Segments is a continuous curve of two straight pieces.
type Segments struct {
	Break, Intercept, Left, Right float64 // y = Intercept + Left x up to Break, slope Right beyond
	RSS                           float64
}

// Segmented fits two straight pieces that meet, by least squares over all breaks
// from the second to the last but one point (Hudson 1966: the best break is a
// point, or where the lines through either side cross). It needs four points.
func Segmented(x, y []float64) (Segments, error) {
	n := len(x)
	if n < 4 {
		return Segments{}, fmt.Errorf("a segmented line needs four points, there are %d", n)
	}
	best := Segments{RSS: math.Inf(1)}
	try := func(c float64) {
		rows := make([][]float64, n)
		for i, v := range x {
			rows[i] = []float64{1, min(v-c, 0), max(v-c, 0)}
		}
		b, _, rss, err := leastSquares(rows, y)
		if err == nil && rss < best.RSS {
			best = Segments{Break: c, Intercept: b[0] - b[1]*c, Left: b[1], Right: b[2], RSS: rss}
		}
	}
	for i := 1; i < n-1; i++ {
		try(x[i])
		if i < 2 || i > n-2 {
			continue
		}
		a1, b1, ok1 := line(x[:i], y[:i])
		a2, b2, ok2 := line(x[i:], y[i:])
		if c := (a2 - a1) / (b1 - b2); ok1 && ok2 && c > x[i-1] && c < x[i] {
			try(c)
		}
	}
	return best, nil
}

func line(x, y []float64) (intercept, slope float64, ok bool) {
	if len(x) < 2 || x[0] == x[len(x)-1] {
		return 0, 0, false
	}
	w := slopeWeights(x)
	mx, my := 0.0, 0.0
	for i := range x {
		mx += x[i] / float64(len(x))
		my += y[i] / float64(len(x))
		slope += w[i] * y[i]
	}
	return my - slope*mx, slope, true
}

// TwoLinesTest is the interrupted regression of Simonsohn 2018 (Advances in
// Methods and Practices in Psychological Science 1:538): a U shape is claimed
// when both slopes are significant and of opposite sign.
type TwoLinesTest struct {
	Low, High         float64 // slopes below and from the break on
	SELow, SEHigh     float64 // classical
	PLow, PHigh       float64 // two-sided, t with n-4 degrees of freedom
	HC3Low, HC3High   float64 // heteroscedasticity-consistent standard errors
	DegreesOfFreedom  int
	OppositeAndLikely bool // opposite signs, both p below 5%
}

// TwoLines fits a line on either side of the break xc, with a jump there. It
// needs two points on either side and five in all.
func TwoLines(x, y []float64, xc float64) (TwoLinesTest, error) {
	n, below := len(x), 0
	rows := make([][]float64, n)
	for i, v := range x {
		if v < xc {
			below++
			rows[i] = []float64{1, v - xc, 0, 0}
		} else {
			rows[i] = []float64{1, 0, v - xc, 1}
		}
	}
	if n < 5 || below < 2 || n-below < 2 {
		return TwoLinesTest{}, fmt.Errorf("two lines need two points on either side of the break and five in all; there are %d below %g and %d from it on", below, xc, n-below)
	}
	b, inv, rss, err := leastSquares(rows, y)
	if err != nil {
		return TwoLinesTest{}, err
	}
	t := TwoLinesTest{Low: b[1], High: b[2], DegreesOfFreedom: n - 4}
	df := float64(n - 4)
	t.SELow, t.SEHigh = math.Sqrt(inv[1][1]*rss/df), math.Sqrt(inv[2][2]*rss/df)
	t.PLow, t.PHigh = twoSided(ratio(t.Low, t.SELow), df), twoSided(ratio(t.High, t.SEHigh), df)
	var meat [2]float64
	for i, row := range rows {
		var hat, fit float64
		var lever [4]float64
		for p := range 4 {
			fit += b[p] * row[p]
			for q := range 4 {
				lever[p] += inv[p][q] * row[q]
			}
			hat += lever[p] * row[p]
		}
		e := y[i] - fit
		if 1-hat > 1e-12 {
			e /= 1 - hat
		} else {
			e = 0 // the point is fitted exactly by itself
		}
		meat[0] += lever[1] * lever[1] * e * e
		meat[1] += lever[2] * lever[2] * e * e
	}
	t.HC3Low, t.HC3High = math.Sqrt(meat[0]), math.Sqrt(meat[1])
	t.OppositeAndLikely = t.Low*t.High < 0 && t.PLow < level && t.PHigh < level
	return t, nil
}

// leastSquares solves rows b = y by Cholesky of the normal equations about the
// column scales; inv is the inverse of X'X.
func leastSquares(rows [][]float64, y []float64) (b []float64, inv [][]float64, rss float64, err error) {
	p := len(rows[0])
	scale := make([]float64, p)
	for j := range p {
		for _, r := range rows {
			scale[j] += r[j] * r[j]
		}
		if scale[j] = math.Sqrt(scale[j]); scale[j] == 0 {
			return nil, nil, 0, errors.New("the points do not determine the lines")
		}
	}
	l := make([][]float64, p)
	for i := range p {
		l[i] = make([]float64, p)
		for j := 0; j <= i; j++ {
			v := 0.0
			for _, r := range rows {
				v += r[i] / scale[i] * r[j] / scale[j]
			}
			for k := range j {
				v -= l[i][k] * l[j][k]
			}
			if i == j {
				if v < 1e-13 {
					return nil, nil, 0, errors.New("the points do not determine the lines")
				}
				l[i][i] = math.Sqrt(v)
			} else {
				l[i][j] = v / l[j][j]
			}
		}
	}
	solve := func(v []float64) []float64 { // v is overwritten
		for i := range p {
			for k := range i {
				v[i] -= l[i][k] * v[k]
			}
			v[i] /= l[i][i]
		}
		for i := p - 1; i >= 0; i-- {
			for k := i + 1; k < p; k++ {
				v[i] -= l[k][i] * v[k]
			}
			v[i] /= l[i][i]
		}
		return v
	}
	b = make([]float64, p)
	for range 2 { // the second pass removes the rounding of the first
		right := make([]float64, p)
		for i, r := range rows {
			e := y[i]
			for j := range p {
				e -= b[j] * r[j]
			}
			for j := range p {
				right[j] += e * r[j] / scale[j]
			}
		}
		for j, v := range solve(right) {
			b[j] += v / scale[j]
		}
	}
	for i, r := range rows {
		e := y[i]
		for j := range p {
			e -= b[j] * r[j]
		}
		rss += e * e
	}
	inv = make([][]float64, p)
	for j := range p {
		unit := make([]float64, p)
		unit[j] = 1
		inv[j] = solve(unit)
		for i := range p {
			inv[j][i] /= scale[i] * scale[j]
		}
	}
	return b, inv, rss, nil
}

// Criteria are the information criteria of one polynomial in size; K counts the
// variance. They are for description: at 4 to 8 sizes AICc always says constant
// or AIC and BIC find a trend in most flat truths, so no verdict rests on them.
type Criteria struct {
	RSS            float64
	K              int
	AIC, AICc, BIC float64
}

// InformationCriteria fits a polynomial of a degree by least squares and returns
// its criteria n ln(RSS/n) + penalty. AICc is +Inf or negative where n <= K+1.
func InformationCriteria(x, y []float64, degree int) (Criteria, error) {
	n := len(x)
	mean := 0.0
	for _, v := range x {
		mean += v / float64(n)
	}
	rows := make([][]float64, n)
	for i, v := range x {
		rows[i] = make([]float64, degree+1)
		for d := range rows[i] {
			rows[i][d] = math.Pow(v-mean, float64(d))
		}
	}
	_, _, rss, err := leastSquares(rows, y)
	if err != nil {
		return Criteria{}, err
	}
	k, m := float64(degree+2), float64(n)
	c := Criteria{RSS: rss, K: degree + 2}
	fit := m * math.Log(rss/m)
	c.AIC = fit + 2*k
	c.AICc = c.AIC + 2*k*(k+1)/(m-k-1)
	c.BIC = fit + k*math.Log(m)
	return c, nil
}
