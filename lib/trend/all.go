package trend

import (
	"iter"
	"runtime"
	"sync"
)

// All judges many series on all cores and yields the results in the order of the
// series, each with its error.
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
			parallel(len(part), func(i int) { out[i].r, out[i].err = c.Of(part[i]) })
			for i := range part {
				if !yield(out[i].r, out[i].err) {
					return
				}
			}
		}
	}
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
