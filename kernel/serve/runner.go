package serve

import (
	"context"
	"runtime"
	"sync"
)

// passTokens bounds the tokens of one pass over a model.
const passTokens = 1024

// sequence is what a request wants to know of one sequence of tokens.
type sequence struct {
	ids    []int
	wanted []int // positions after which the next token's logits are wanted, ascending
	visit  func(position int, logits []float32)
	err    error
	done   chan struct{}
	ctx    context.Context
}

// runner computes for one model. Sequences that wait while a pass runs share
// the next one; each processor runs passes of its own.
type runner struct {
	model   Model
	queue   chan *sequence
	quit    chan struct{}
	workers sync.WaitGroup
	once    sync.Once
}

func newRunner(m Model) *runner {
	r := &runner{model: m, queue: make(chan *sequence, 4096), quit: make(chan struct{})}
	for range runtime.GOMAXPROCS(0) {
		r.workers.Go(r.work)
	}
	return r
}

// close ends the workers after their pass. Sequences still in the queue fail.
func (r *runner) close() { r.once.Do(func() { close(r.quit) }) }

// run computes sequences and returns when all are done.
func (r *runner) run(ctx context.Context, all []*sequence) error {
	for _, s := range all {
		s.done, s.ctx = make(chan struct{}), ctx
		select {
		case r.queue <- s:
		case <-r.quit:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, s := range all {
		select {
		case <-s.done:
			if s.err != nil {
				return s.err
			}
		case <-r.quit:
			return errClosed
		}
	}
	return nil
}

func (r *runner) work() {
	var next *sequence // did not fit into the last pass
	for {
		var batch []*sequence
		tokens := 0
		if next != nil {
			batch, tokens, next = append(batch, next), len(next.ids), nil
		} else {
			select {
			case s := <-r.queue:
				batch, tokens = append(batch, s), len(s.ids)
			case <-r.quit:
				return
			}
		}
	fill:
		for tokens < passTokens {
			select {
			case s := <-r.queue:
				if tokens += len(s.ids); tokens > passTokens {
					next = s
					break fill
				}
				batch = append(batch, s)
			default:
				break fill
			}
		}
		r.pass(batch)
	}
}

func (r *runner) pass(batch []*sequence) {
	var live []*sequence
	var sequences, wanted [][]int
	for _, s := range batch {
		if s.err = s.ctx.Err(); s.err == nil { // else nobody waits for it
			live = append(live, s)
			sequences, wanted = append(sequences, s.ids), append(wanted, s.wanted)
		}
	}
	var err error
	if len(live) > 0 {
		err = r.model.Logits(context.Background(), sequences, wanted, func(i, position int, logits []float32) {
			live[i].visit(position, logits)
		})
	}
	for _, s := range live {
		s.err = err
	}
	for _, s := range batch {
		close(s.done)
	}
}
