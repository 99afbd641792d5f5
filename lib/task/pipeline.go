package task

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
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
	line  int // of the first byte, for batches that a worker splits
	lf    int // lines that end in LF, CR LF
	crlf  int
	blank []int
	last  error // what ended the input, if it was no end
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
	// split finds the rows of a batch, where filling it did not.
	split func(*batch)
}

// errHead is returned by a row that is no item.
var errHead = errors.New("the line is not an item")

// pipeline yields the items of the batches that fill gives: it fills one, and
// reports whether there may be more. newWorker makes the state of one goroutine.
func (s *source) pipeline(fill func(*batch) bool, newWorker func() *worker) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		position := 0
		// What the batches report is added to the source when no other goroutine
		// writes to it any more: this runs behind group.Wait.
		var notes []Problem
		var blanks []int
		var lf, crlf int
		defer func() {
			s.notes, s.blanks = append(s.notes, notes...), append(s.blanks, blanks...)
			s.lf, s.crlf = s.lf+lf, s.crlf+crlf
		}()
		deliver := func(b *batch) bool {
			notes, blanks = append(notes, b.notes...), append(blanks, b.blank...)
			lf, crlf = lf+b.lf, crlf+b.crlf
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
			return b.last == nil || yield(Item{}, b.last) && false
		}
		// Small files are done before a goroutine would have started.
		first := newWorker()
		b := &batch{}
		more := b.fill(fill)
		first.work(b)
		if !deliver(b) || !more {
			return
		}
		workers := runtime.GOMAXPROCS(0)
		if workers == 1 {
			for more {
				more = b.fill(fill)
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
				more = b.fill(fill)
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

// fill empties the batch and fills it again.
func (b *batch) fill(fill func(*batch) bool) bool {
	b.raw, b.spans, b.rows, b.notes, b.blank = b.raw[:0], b.spans[:0], b.rows[:0], b.notes[:0], b.blank[:0]
	b.lf, b.crlf, b.last = 0, 0, nil
	return fill(b)
}

// byRow fills batches row by row: next appends one; io.EOF after the last.
func byRow(next func(*batch) error) func(*batch) bool {
	return func(b *batch) bool {
		for len(b.raw) < batchSize {
			err := next(b)
			var bad *SyntaxError
			switch {
			case errors.Is(err, io.EOF):
				return false
			case errors.As(err, &bad):
				b.rows = append(b.rows, rawRow{line: bad.Line, from: len(b.raw), to: len(b.raw), spans: len(b.spans), counts: true, err: err})
			case err != nil:
				b.last = err
				return false
			}
		}
		return true
	}
}

// byLine fills batches with whole lines, which splitLines finds later.
func (s *source) byLine(b *batch) bool {
	b.raw = append(b.raw, s.tail...)
	end := false // of the input
	cut := bytes.LastIndexByte(b.raw, '\n') + 1
	for !end && (len(b.raw) < batchSize || cut == 0) {
		n := len(b.raw)
		b.raw = slices.Grow(b.raw, max(batchSize, n))
		m, err := s.r.Read(b.raw[n:cap(b.raw)])
		b.raw = b.raw[:n+m]
		if k := bytes.LastIndexByte(b.raw[n:], '\n'); k >= 0 {
			cut = n + k + 1
		}
		if err != nil {
			end = true
			if !errors.Is(err, io.EOF) {
				b.last = fmt.Errorf("task: %s: %w", s.name, err)
			}
		}
	}
	if end && b.last == nil {
		cut = len(b.raw)
	}
	s.tail = append(s.tail[:0], b.raw[cut:]...)
	b.raw = b.raw[:cut]
	b.line = s.line + 1
	s.line += bytes.Count(b.raw, []byte("\n"))
	return !end
}

// splitLines finds the rows of a batch of lines.
func splitLines(b *batch) {
	line := b.line
	for from := 0; from < len(b.raw); line++ {
		to, next := len(b.raw), len(b.raw)
		if k := bytes.IndexByte(b.raw[from:], '\n'); k >= 0 {
			to, next = from+k, from+k+1
			if to > from && b.raw[to-1] == '\r' {
				b.crlf++
			} else {
				b.lf++
			}
		}
		if blank(b.raw[from:to]) {
			b.blank = append(b.blank, line)
		} else {
			b.rows = append(b.rows, rawRow{line: line, from: from, to: to})
		}
		from = next
	}
}

// work makes the items of a batch.
func (w *worker) work(b *batch) {
	if w.split != nil {
		w.split(b)
	}
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
