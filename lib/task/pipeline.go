package task

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strconv"
	"sync"
)

// A file is read in batches of rows: one goroutine finds where rows end, others
// make items of them, and the caller gets the items in file order. Only a few
// batches are in memory at any time, and a batch has more than batchSize bytes
// only where a single row has.
const batchSize = 128 << 10

// rawRow is a row before it is an item.
type rawRow struct {
	line     int
	from, to int  // in batch.raw
	spans    int  // where its spans end in batch.spans (CSV)
	counts   bool // false for a line that is no row (the head)
	err      error
}

type batch struct {
	raw   []byte
	spans []span
	rows  []rawRow
	items []Item
	notes []Problem
	ready chan struct{}
}

// worker is what one goroutine needs to make items.
type worker struct {
	src     *source
	sc      scanner
	scratch []byte
	make    func(w *worker, row []byte, spans []span, it *Item) error
}

// errHead is returned by a row that is no item.
var errHead = errors.New("the line is not an item")

// pipeline yields the items of the rows that next gives. next appends one row to
// a batch; io.EOF after the last. newWorker makes the state of one goroutine.
func (s *source) pipeline(next func(*batch) error, newWorker func() *worker) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		position := 0
		deliver := func(b *batch) bool {
			s.notes = append(s.notes, b.notes...)
			for i := range b.rows {
				r, it := &b.rows[i], &b.items[i]
				if !r.counts {
					continue
				}
				if r.err != nil {
					*it = Item{}
				} else if it.ID == "" {
					it.ID = strconv.Itoa(position)
				}
				position++
				if !yield(*it, r.err) {
					return false
				}
			}
			return true
		}
		// Small files are done before a goroutine would have started.
		first := newWorker()
		b := &batch{}
		more := b.fill(next)
		first.work(b)
		if !deliver(b) || !more {
			return
		}
		workers := runtime.GOMAXPROCS(0)
		if workers == 1 {
			for more {
				more = b.fill(next)
				first.work(b)
				if !deliver(b) {
					return
				}
			}
			return
		}
		todo := make(chan *batch, workers)
		order := make(chan *batch, workers+1)
		free := make(chan *batch, workers+3)
		for range workers + 3 {
			free <- &batch{ready: make(chan struct{}, 1)}
		}
		stop := make(chan struct{})
		var group sync.WaitGroup
		defer group.Wait()
		defer close(stop)
		for range workers {
			w := newWorker()
			group.Go(func() {
				for b := range todo {
					w.work(b)
					b.ready <- struct{}{}
				}
			})
		}
		group.Go(func() {
			defer close(order)
			defer close(todo)
			for more := true; more; {
				var b *batch
				select {
				case b = <-free:
				case <-stop:
					return
				}
				more = b.fill(next)
				select {
				case order <- b:
					todo <- b
				case <-stop:
					return
				}
			}
		})
		for b := range order {
			<-b.ready
			if !deliver(b) {
				return
			}
			free <- b
		}
	}
}

// fill reads rows until the batch is full, and reports whether there may be
// more.
func (b *batch) fill(next func(*batch) error) bool {
	b.raw, b.spans, b.rows, b.notes = b.raw[:0], b.spans[:0], b.rows[:0], b.notes[:0]
	for len(b.raw) < batchSize {
		err := next(b)
		var bad *SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			return false
		case errors.As(err, &bad):
			b.rows = append(b.rows, rawRow{line: bad.Line, from: len(b.raw), to: len(b.raw), spans: len(b.spans), counts: true, err: err})
		case err != nil:
			b.rows = append(b.rows, rawRow{from: len(b.raw), to: len(b.raw), spans: len(b.spans), counts: true, err: err})
			return false
		}
	}
	return true
}

// work makes the items of a batch.
func (w *worker) work(b *batch) {
	if cap(b.items) < len(b.rows) {
		b.items = make([]Item, 2*len(b.rows))
	}
	b.items = b.items[:len(b.rows)]
	at := 0
	for i := range b.rows {
		r := &b.rows[i]
		spans := b.spans[at:r.spans]
		at = r.spans
		b.items[i] = Item{Line: r.line}
		if r.err != nil {
			continue
		}
		r.counts = true
		err := w.make(w, b.raw[r.from:r.to], spans, &b.items[i])
		if err == nil {
			continue
		}
		if err == errHead {
			r.counts = false
			continue
		}
		r.err = w.src.located(r.line, err)
	}
	b.notes = append(b.notes, w.sc.notes...)
	w.sc.notes = w.sc.notes[:0]
}

// located turns what went wrong in a line into a *SyntaxError.
func (s *source) located(line int, err error) error {
	var bad *SyntaxError
	var why reason
	switch {
	case errors.As(err, &bad):
		return err
	case errors.As(err, &why):
		return s.skip(line, why.code, "%s", why.message)
	}
	return s.skip(line, "json", "%v", err)
}

// reason is why a row is skipped; the reader adds the line.
type reason struct{ code, message string }

func (r reason) Error() string { return r.message }

func fault(code, format string, args ...any) error {
	return reason{code, fmt.Sprintf(format, args...)}
}
