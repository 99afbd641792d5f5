package fit

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// steps bounds a descent; the forms here need 10 to 60.
const steps = 400

// same is the relative difference of objectives that counts as the same end.
const same = 1e-6

// solution is the end of a search.
type solution struct {
	found
	starts, agree int
	others        []found // other ends, best first, one an objective
}

// parallel runs task(i, worker) for i < n on the workers of the settings.
func (s Settings) parallel(n int, task func() func(i int)) {
	workers := s.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if workers = min(workers, n); workers <= 1 {
		t := task()
		for i := range n {
			t(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			t := task()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				t(i)
			}
		})
	}
	wg.Wait()
}

// search descends from every start: in theta with the linear parameters
// projected out, then in all coordinates under the loss and bounds of the form.
// The best end wins; ties go to the earlier start, so that the result does not
// depend on the workers.
func (c *curve) search(s Settings, y, y0, mult []float64) solution {
	ends := make([]found, len(c.starts))
	s.parallel(len(c.starts), func() func(int) {
		inner, linear := c.projected(y0)
		outer := c.objective(y, mult)
		r := make([]float64, c.n)
		return func(i int) {
			f := inner.descend(c.starts[i], nil, steps)
			inner.residuals(f.p, r, nil)
			p, ok := c.join(linear(), f.p)
			if !ok {
				ends[i] = found{value: math.Inf(1)}
				return
			}
			ends[i] = outer.descend(p, nil, steps)
		}
	})
	return c.choose(ends, y)
}

// choose takes the best of several ends and counts those that agree.
func (c *curve) choose(ends []found, y []float64) solution {
	best := solution{starts: len(ends), found: found{value: math.Inf(1)}}
	for _, f := range ends {
		if f.value < best.value {
			best.found = f
		}
	}
	// Exact data leave objectives of pure rounding: those agree too.
	var floor float64
	for _, v := range y {
		floor = max(floor, math.Abs(v))
	}
	floor *= floor * 1e-20 * float64(c.n)
	if c.white.known() {
		floor = 1e-16
	}
	for _, f := range ends {
		if f.value <= best.value*(1+same)+floor {
			best.agree++
		} else if !math.IsInf(f.value, 1) {
			best.others = append(best.others, f)
		}
	}
	slices.SortStableFunc(best.others, func(a, b found) int { return cmp.Compare(a.value, b.value) })
	best.others = slices.CompactFunc(best.others, func(a, b found) bool {
		return b.value <= a.value*(1+same)+floor
	})
	return best
}

// warn of what a search leaves to doubt.
func (c *curve) warn(b solution) []error {
	var warn []error
	if !b.converged {
		warn = append(warn, fmt.Errorf("%s: %d steps: %w", c.form, b.steps, ErrUnconverged))
	}
	if b.agree == 1 && b.starts > 1 {
		warn = append(warn, fmt.Errorf("%s: best of %d starts: %w", c.form, b.starts, ErrLoneStart))
	}
	return append(warn, c.atBound(b.p)...)
}
