package trend

import (
	"fmt"
	"iter"
	"math"
	"runtime"
	"sync"
)

// All judges many series on all cores and yields the results in the order of the
// series, each with its error. A series that cannot be judged yields a result
// with its error as the only warning: see Refusal.
func (c Settings) All(series []Series) iter.Seq2[*Result, error] {
	type answer struct {
		r   *Result
		err error
	}
	return func(yield func(*Result, error) bool) {
		const chunk = 256 // results held at once
		out := make([]answer, min(chunk, len(series)))
		for start := 0; start < len(series); start += chunk {
			part := series[start:min(start+chunk, len(series))]
			parallel(len(part), func(i int) {
				if out[i].r, out[i].err = c.Of(part[i]); out[i].err != nil {
					out[i].r = Refusal(part[i], out[i].err)
				}
			})
			for i := range part {
				if !yield(out[i].r, out[i].err) {
					return
				}
			}
		}
	}
}

// Refusal is the result of a series that cannot be judged, for reason err:
// inconclusive at both levels, without a slope or a forecast.
func Refusal(s Series, err error) *Result {
	none := Interval{math.NaN(), math.NaN(), math.NaN()}
	r := &Result{Series: s, Verdict: Inconclusive, OnTheseModels: Inconclusive, P: 1, Slope: none, Models: noClaim(), Trend: noClaim(), Warnings: []error{err}}
	r.Models.Slope, r.Trend.Slope = none, none
	r.Sentence = fmt.Sprintf("%s cannot be judged: %v.", s.what(), err)
	return r
}

// parallel calls fn with 0 to n-1 from as many goroutines as there are cores.
func parallel(n int, fn func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			fn(i)
		}
		return
	}
	var group sync.WaitGroup
	const block = 8
	next := make(chan int, workers)
	for range workers {
		group.Go(func() {
			for from := range next {
				for i := from; i < min(from+block, n); i++ {
					fn(i)
				}
			}
		})
	}
	for from := 0; from < n; from += block {
		next <- from
	}
	close(next)
	group.Wait()
}
