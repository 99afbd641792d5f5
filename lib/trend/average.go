package trend

import (
	"math"
	"sync"
)

// The grid of the model average: exponents of the mean curve, sizes of the
// smooth departure from it, and scatter between models, the last two relative
// to the mean squared slope of the series.
var (
	gridAlpha = [...]float64{0, .05, .1, .15, .2, .3, .4, .5, .7, 1, 1.4}
	gridKappa = [...]float64{.1, .3, .9}
	gridTau   = [...]float64{.03, .15, .5, 1}
)

const (
	nAlpha = len(gridAlpha)
	nTau   = len(gridTau)
	nCov   = len(gridKappa) * nTau // covariances, each factorised once
)

// mixture says which cells are averaged. The zero value is the reference: the
// 132 cells of the grid, with nothing assumed about the size of the trend.
type mixture struct {
	// ridge lists prior standard deviations of the end-to-end change of the mean
	// curve, in units of the root mean squared slope times the range; each makes
	// cells of its own. Empty: one cell, with a flat prior.
	ridge []float64
	// Log prior of the values of the grid; zero: equal.
	alpha [nAlpha]float64
	kappa [len(gridKappa)]float64
	tau   [nTau]float64
	width []float64 // of ridge
}

// each is the number of cells of one covariance.
func (m *mixture) each() int { return nAlpha * max(1, len(m.ridge)) }

var reference mixture

// average is the model average of one series: for each of the covariances
//
//	V = kappa^2 s2 B(z, z) + diag(se^2 + tau^2 s2 dx^2)
//
// its Cholesky factor L and, for each mean curve [1, f_alpha], the generalised
// least squares fit. Everything is held in slices that a pool reuses, so that a
// forecast allocates nothing but its answer.
type average struct {
	n              int
	x0, zn, s2, dx float64
	z, y, se2      []float64
	f              []float64 // [alpha][n], the mean curve at the points
	l              []float64 // [cov][n*n], row-major Cholesky factor with the reciprocal on the diagonal
	u1, uy         []float64 // [cov][n], L^-1 1 and L^-1 y
	uf             []float64 // [cov][alpha][n], L^-1 f
	uk             []float64 // [n], scratch
	mix            *mixture
	each, ridges   int         // cells of one covariance, and of one mean curve in it
	cell           []gls       // [cov][alpha][ridge]
	cov            [][]float64 // item noise with its covariance, or nil: se2 on the diagonal
	proj, m, s     []float64   // scratch and answer of latent
}

// gls is one cell's fit: y = b0 + b1 f, the inverse of X'V^-1X, and the cell's
// weight.
type gls struct {
	b0, b1, i00, i01, i11, w float64
}

var averages = sync.Pool{New: func() any { return new(average) }}

func resize(p *[]float64, n int) {
	if cap(*p) < n {
		*p = make([]float64, n)
	}
	*p = (*p)[:n]
}

// newAverage fits the average to n >= 2 points. cov is the covariance of the
// item noise, nil for the squares of se. The caller puts it back with
// averages.Put.
func newAverage(x, y, se []float64, cov [][]float64, mix *mixture) *average {
	a := averages.Get().(*average)
	n := len(x)
	a.n, a.x0, a.cov, a.mix = n, x[0], cov, mix
	a.each, a.ridges = mix.each(), max(1, len(mix.ridge))
	if m := nCov * a.each; cap(a.cell) < m {
		a.cell = make([]gls, m)
	} else {
		a.cell = a.cell[:m]
	}
	resize(&a.z, n)
	resize(&a.y, n)
	resize(&a.se2, n)
	resize(&a.f, nAlpha*n)
	resize(&a.l, nCov*n*n)
	resize(&a.u1, nCov*n)
	resize(&a.uy, nCov*n)
	resize(&a.uf, nCov*nAlpha*n)
	resize(&a.uk, n)
	s2 := 0.0
	for k := range n {
		a.z[k], a.y[k], a.se2[k] = x[k]-x[0], y[k], se[k]*se[k]
		if k > 0 {
			d := (y[k] - y[k-1]) / (x[k] - x[k-1])
			s2 += d * d
		}
	}
	a.s2 = math.Max(s2/float64(n-1), 1e-12)
	a.zn = a.z[n-1]
	a.dx = a.zn / float64(n-1)
	for i, alpha := range gridAlpha {
		f := a.f[i*n : (i+1)*n]
		if alpha == 0 {
			for k := range f {
				f[k] = a.z[k] / a.zn
			}
			continue
		}
		c := 1 / math.Expm1(-alpha*math.Ln10*a.zn)
		for k := range f {
			f[k] = math.Expm1(-alpha*math.Ln10*a.z[k]) * c
		}
	}
	best := math.Inf(-1)
	for c := range nCov {
		best = max(best, a.solve(c))
	}
	sum := 0.0
	for i := range a.cell {
		w := math.Exp(a.cell[i].w - best)
		a.cell[i].w = w
		sum += w
	}
	for i := range a.cell {
		a.cell[i].w /= sum
	}
	return a
}

// wiener is the covariance of the integrated Wiener process that starts at 0
// with slope 0; its two sides are independent.
func wiener(p, q float64) float64 {
	if p < 0 && q < 0 {
		p, q = -p, -q
	}
	m, M := min(p, q), max(p, q)
	if m <= 0 {
		return 0
	}
	return m * m * (3*M - m) / 6
}

func covCell(c int) (kappa, tau float64) { return gridKappa[c/nTau], gridTau[c%nTau] }

// solve factorises covariance c, fits every mean curve, and returns the largest
// log weight.
func (a *average) solve(c int) float64 {
	n := a.n
	kappa, tau := covCell(c)
	scale, scatter := kappa*kappa*a.s2, tau*tau*a.s2*a.dx*a.dx
	l := a.l[c*n*n : (c+1)*n*n]
	u1, uy := a.u1[c*n:(c+1)*n], a.uy[c*n:(c+1)*n]
	logDet := 0.0
	for i := range n {
		row := l[i*n : i*n+n]
		for j := 0; j <= i; j++ {
			// z ascends, so z_j is the smaller.
			v := scale * (a.z[j] * a.z[j] * (3*a.z[i] - a.z[j]) / 6)
			if i == j {
				v += a.se2[i] + scatter
			} else if a.cov != nil {
				v += a.cov[i][j]
			}
			other := l[j*n : j*n+j]
			for k, o := range other {
				v -= row[k] * o
			}
			if i == j {
				if v <= 0 { // only by rounding: the diagonal is positive
					v = 1e-14 * (a.se2[i] + scatter)
				}
				d := math.Sqrt(v)
				logDet += math.Log(d)
				row[i] = 1 / d
			} else {
				row[j] = v * l[j*n+j]
			}
		}
		s1, sy := 1.0, a.y[i]
		for k := range i {
			s1 -= row[k] * u1[k]
			sy -= row[k] * uy[k]
		}
		u1[i], uy[i] = s1*row[i], sy*row[i]
	}
	a11, a1y := 0.0, 0.0
	for k := range n {
		a11 += u1[k] * u1[k]
		a1y += u1[k] * uy[k]
	}
	// With the constant projected out of y and f the fit is one division.
	level := a1y / a11
	syy := 0.0
	for k := range n {
		r := uy[k] - level*u1[k]
		syy += r * r
	}
	common := -logDet - 0.5*math.Log(a11) + a.mix.kappa[c/nTau] + a.mix.tau[c%nTau]
	best := math.Inf(-1)
	for i := range nAlpha {
		uf := a.uf[(c*nAlpha+i)*n : (c*nAlpha+i+1)*n]
		f := a.f[i*n : (i+1)*n]
		a1f := 0.0
		for j := range n {
			row := l[j*n : j*n+n]
			s := f[j]
			for k := range j {
				s -= row[k] * uf[k]
			}
			s *= row[j]
			uf[j] = s
			a1f += u1[j] * s
		}
		shift := a1f / a11
		sff, sfy := 0.0, 0.0
		for k := range n {
			g := uf[k] - shift*u1[k]
			sff += g * g
			sfy += g * (uy[k] - level*u1[k])
		}
		for q := range a.ridges {
			precision, logPrior := 0.0, a.mix.alpha[i]
			if len(a.mix.ridge) > 0 {
				w := a.mix.ridge[q] * a.zn
				precision = 1 / (w * w * a.s2)
				logPrior += 0.5*math.Log(precision) + a.mix.width[q]
			}
			g := &a.cell[c*a.each+i*a.ridges+q]
			total := sff + precision
			g.b1 = sfy / total
			g.b0 = level - shift*g.b1
			g.i11 = 1 / total
			g.i01 = -shift * g.i11
			g.i00 = 1/a11 + shift*shift*g.i11
			g.w = common + logPrior - 0.5*(syy-sfy*g.b1) - 0.5*math.Log(total)
			best = max(best, g.w)
		}
	}
	return best
}

// basis returns f_alpha at z decades from the first size.
func (a *average) basis(i int, z float64) float64 {
	if i == 0 {
		return z / a.zn
	}
	alpha := gridAlpha[i]
	return math.Expm1(-alpha*math.Ln10*z) / math.Expm1(-alpha*math.Ln10*a.zn)
}

// predict returns mean and variance of a new model's value at size x, whose
// item noise has the variance se2.
func (a *average) predict(x, se2 float64) (mean, variance float64) {
	var f [nAlpha]float64
	z := x - a.x0
	for i := range f {
		f[i] = a.basis(i, z)
	}
	second := 0.0
	for c := range nCov {
		kappa, tau := covCell(c)
		scale := kappa * kappa * a.s2
		noise := se2 + tau*tau*a.s2*a.dx*a.dx
		rest, k1, ky := a.project(c, z, scale)
		rest += noise
		n := a.n
		for i := range nAlpha {
			uf := a.uf[(c*nAlpha+i)*n : (c*nAlpha+i+1)*n]
			kf := 0.0
			for k, u := range a.uk {
				kf += u * uf[k]
			}
			d0, d1 := 1-k1, f[i]-kf
			for q := range a.ridges {
				g := &a.cell[c*a.each+i*a.ridges+q]
				m := g.b0*d0 + g.b1*d1 + ky
				v := rest + d0*d0*g.i00 + 2*d0*d1*g.i01 + d1*d1*g.i11
				mean += g.w * m
				second += g.w * (v + m*m)
			}
		}
	}
	// second - mean^2 loses digits when the mean is large beside the deviation,
	// so it is done again about the mean in moments when that matters.
	variance = second - mean*mean
	if variance < 1e-6*mean*mean {
		variance = a.varianceAbout(mean, z, se2, &f)
	}
	return mean, variance
}

// project puts L^-1 k into a.uk for the covariances k of the points with z, and
// returns what they leave of the variance, and their products with 1 and y.
func (a *average) project(c int, z, scale float64) (rest, k1, ky float64) {
	n := a.n
	l := a.l[c*n*n : (c+1)*n*n]
	u1, uy := a.u1[c*n:(c+1)*n], a.uy[c*n:(c+1)*n]
	rest = scale * wiener(z, z)
	for i := range n {
		row := l[i*n : i*n+n]
		s := scale * wiener(a.z[i], z)
		for k := range i {
			s -= row[k] * a.uk[k]
		}
		s *= row[i]
		a.uk[i] = s
		rest -= s * s
		k1 += s * u1[i]
		ky += s * uy[i]
	}
	return rest, k1, ky
}

func (a *average) varianceAbout(mean, z, se2 float64, f *[nAlpha]float64) float64 {
	v := 0.0
	for c := range nCov {
		_, tau := covCell(c)
		a.eachAlpha(c, z, f, func(w, m, vc float64) {
			e := m - mean
			v += w * (vc + se2 + tau*tau*a.s2*a.dx*a.dx + e*e)
		})
	}
	return v
}

// eachAlpha calls fn with weight, mean and latent variance (no noise of a new
// model) at z for the cells of covariance c.
func (a *average) eachAlpha(c int, z float64, f *[nAlpha]float64, fn func(w, mean, variance float64)) {
	kappa, _ := covCell(c)
	rest, k1, ky := a.project(c, z, kappa*kappa*a.s2)
	n := a.n
	for i := range nAlpha {
		uf := a.uf[(c*nAlpha+i)*n : (c*nAlpha+i+1)*n]
		kf := 0.0
		for k, u := range a.uk {
			kf += u * uf[k]
		}
		d0, d1 := 1-k1, f[i]-kf
		for q := range a.ridges {
			g := &a.cell[c*a.each+i*a.ridges+q]
			fn(g.w, g.b0*d0+g.b1*d1+ky, rest+d0*d0*g.i00+2*d0*d1*g.i01+d1*d1*g.i11)
		}
	}
}
