package trend

import (
	"errors"
	"fmt"
	"math"
)

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
