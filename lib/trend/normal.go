package trend

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// z90 is the 95th percentile of the normal distribution, the half width of a
// 90% interval in standard deviations.
const z90 = 1.6448536269514722

func normalCDF(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }

// twoSided returns the probability of a t (df degrees of freedom, +Inf: normal)
// further from 0 than t.
func twoSided(t, df float64) float64 {
	t = math.Abs(t)
	if math.IsInf(df, 1) {
		return math.Erfc(t / math.Sqrt2)
	}
	if math.IsInf(t, 1) {
		return 0
	}
	return mathext.RegIncBeta(df/2, 0.5, df/(df+t*t))
}

// upper returns the probability of a t above t.
func upper(t, df float64) float64 {
	p := 0.5 * twoSided(t, df)
	if t < 0 {
		return 1 - p
	}
	return p
}

// quantile returns the p quantile of t.
func quantile(p, df float64) float64 {
	if math.IsInf(df, 1) {
		return math.Sqrt2 * math.Erfinv(2*p-1)
	}
	if p == 0.95 {
		if table := quantiles95(); df == math.Trunc(df) && int(df) < len(table) {
			return table[int(df)]
		}
	}
	return distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(p)
}

// quantiles95 tabulates the one that every verdict asks for, by degrees of
// freedom.
var quantiles95 = sync.OnceValue(func() [33]float64 {
	var t [33]float64
	for df := 1; df < len(t); df++ {
		t[df] = distuv.StudentsT{Sigma: 1, Nu: float64(df)}.Quantile(0.95)
	}
	return t
})
