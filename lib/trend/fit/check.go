package fit

import (
	"fmt"
	"math"
	"slices"
)

// column is an input with its name, for errors.
type column struct {
	name     string
	values   []float64
	positive bool
}

// check refuses inputs that no form can use: columns of unequal length, values
// that are not finite, sizes that are not positive, settings that contradict.
func (s Settings) check(form string, columns ...column) error {
	n := len(columns[0].values)
	for _, c := range columns {
		if len(c.values) != n {
			return fmt.Errorf("fit: %s: %w: %d values of %s, %d of %s", form, ErrInput,
				n, columns[0].name, len(c.values), c.name)
		}
		for i, v := range c.values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("fit: %s: %w: point %d: %s is %v, want a finite number", form, ErrInput, i+1, c.name, v)
			}
			if c.positive && v <= 0 {
				return fmt.Errorf("fit: %s: %w: point %d: %s is %v, want a positive number", form, ErrInput, i+1, c.name, v)
			}
		}
	}
	switch {
	case s.SE != nil && s.Cov != nil:
		return fmt.Errorf("fit: %s: %w: both SE and Cov, want at most one", form, ErrInput)
	case s.SE != nil && len(s.SE) != n:
		return fmt.Errorf("fit: %s: %w: %d standard errors for %d points", form, ErrInput, len(s.SE), n)
	case s.Cov != nil && len(s.Cov) != n:
		return fmt.Errorf("fit: %s: %w: covariance of %d points, %d given", form, ErrInput, len(s.Cov), n)
	case s.Level < 0 || s.Level >= 1:
		return fmt.Errorf("fit: %s: %w: level %v, want between 0 and 1", form, ErrInput, s.Level)
	case s.Intervals == Bootstrap && s.Rand == nil:
		return fmt.Errorf("fit: %s: %w: a bootstrap without Rand, want a seeded one", form, ErrInput)
	case s.Resample == Parametric && s.SE == nil && s.Cov == nil:
		return fmt.Errorf("fit: %s: %w: a parametric bootstrap without SE or Cov", form, ErrInput)
	case s.Resample == Cases && s.Cov != nil:
		return fmt.Errorf("fit: %s: %w: a bootstrap of cases with Cov: correlated points cannot be drawn one by one", form, ErrInput)
	case s.Intervals == Profile && !s.Loss.squares():
		return fmt.Errorf("fit: %s: %w: profile intervals under %v, want Bootstrap with a seed", form, ErrInput, s.Loss)
	case s.Replicates < 0 || s.Starts < 0 || s.Workers < 0:
		return fmt.Errorf("fit: %s: %w: negative Replicates, Starts or Workers", form, ErrInput)
	}
	for i, v := range s.SE {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("fit: %s: %w: point %d: standard error is %v, want a positive number", form, ErrInput, i+1, v)
		}
	}
	for i, row := range s.Cov {
		if len(row) != n {
			return fmt.Errorf("fit: %s: %w: covariance row %d has %d values, want %d", form, ErrInput, i+1, len(row), n)
		}
		for j, v := range row {
			if w := s.Cov[j]; math.IsNaN(v) || math.IsInf(v, 0) || len(w) == n && math.Abs(v-w[i]) > 1e-9*(math.Abs(v)+math.Abs(w[i])) {
				return fmt.Errorf("fit: %s: %w: covariance [%d][%d] is %v, want finite and symmetric", form, ErrInput, i+1, j+1, v)
			}
		}
	}
	return nil
}

// need refuses fewer than sizes distinct values of x, or fewer than points
// points. Runs of one size (seeds) are welcome, and count as one size.
func need(form, of string, x []float64, sizes, points int) error {
	if d := distinct(x); d < sizes {
		return fmt.Errorf("fit: %s: %w: %d points at %d different %s, want %d or more %s",
			form, ErrTooFew, len(x), d, of, sizes, of)
	}
	if len(x) < points {
		return fmt.Errorf("fit: %s: %w: %d points, want %d or more", form, ErrTooFew, len(x), points)
	}
	return nil
}

func distinct(x []float64) int {
	return len(slices.Compact(slices.Sorted(slices.Values(x))))
}

// varies refuses a constant series.
func varies(form, name string, y []float64) error {
	lo, hi := slices.Min(y), slices.Max(y)
	// Differences at the rounding of the values say nothing.
	if hi-lo <= 4e-16*max(math.Abs(lo), math.Abs(hi)) {
		return fmt.Errorf("fit: %s: %w: every %s is %v, so no rate of change is defined", form, ErrConstant, name, lo)
	}
	return nil
}

// whitener turns residuals into independent ones of unit variance.
type whitener struct {
	inv  []float64 // 1/SE; nil: unit
	chol []float64 // lower Cholesky factor of Cov, row-major; nil: diagonal
	n    int
}

func (s Settings) whitener(form string, n int) (whitener, error) {
	w := whitener{n: n}
	if s.SE != nil {
		w.inv = make([]float64, n)
		for i, v := range s.SE {
			w.inv[i] = 1 / v
		}
	}
	if s.Cov != nil {
		l := make([]float64, n*n)
		for i := range n {
			for j := range i + 1 {
				v := s.Cov[i][j]
				for k := range j {
					v -= l[i*n+k] * l[j*n+k]
				}
				if i != j {
					l[i*n+j] = v / l[j*n+j]
					continue
				}
				// Rounding leaves this much of a variance that is 0.
				if !(v > 1e-13*s.Cov[i][i]) {
					return w, fmt.Errorf("fit: %s: %w: the covariance is singular at point %d: it repeats the points before it", form, ErrInput, i+1)
				}
				l[i*n+i] = math.Sqrt(v)
			}
		}
		w.chol = l
	}
	return w, nil
}

func (w *whitener) known() bool { return w.inv != nil || w.chol != nil }

// apply whitens v in place: v/SE, or the solution of L u = v.
func (w *whitener) apply(v []float64) {
	if w.chol != nil {
		for i := range v {
			t, row := v[i], w.chol[i*w.n:i*w.n+i]
			for k, l := range row {
				t -= l * v[k]
			}
			v[i] = t / w.chol[i*w.n+i]
		}
		return
	}
	for i, f := range w.inv {
		v[i] *= f
	}
}

// colour undoes apply: v SE, or L v.
func (w *whitener) colour(v []float64) {
	if w.chol != nil {
		for i := w.n - 1; i >= 0; i-- {
			var t float64
			for k, l := range w.chol[i*w.n : i*w.n+i+1] {
				t += l * v[k]
			}
			v[i] = t
		}
		return
	}
	for i, f := range w.inv {
		v[i] /= f
	}
}

// shares reports the first accuracy that is not a share.
func shares(form string, acc []float64) error {
	for i, a := range acc {
		if a < 0 || a > 1 {
			return fmt.Errorf("fit: %s: %w: point %d: accuracy is %v, want 0 to 1", form, ErrInput, i+1, a)
		}
	}
	return nil
}
