// Package eval asks models the items of a task and keeps every answer in the
// run log (package record).
//
// The unit of work is a Shard: one task, one model, one way of prompting and a
// range of items, as a plain value. Run splits the work into shards, skips the
// items that the log already answers, asks for the rest and appends row by
// row, so that an interrupted run goes on where it stopped and a finished one
// asks no model again.
//
//	task ── Shard ──> Scorer ──> record
package eval

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"
)

// Env names the environment variable with the folder of run logs.
const Env = "BELLWETHER_RECORDS"

// Progress is told how many items of how many are done, over all models, and
// what is being asked. Calls come one at a time, the first with done as the log
// had it and the last with done == total.
type Progress = func(done, total int, label string)

// Options are the settings of a run. The zero value is a zero-shot run into
// the default folder.
type Options struct {
	Records  string   // folder of logs; empty: $BELLWETHER_RECORDS, else "records" in the working directory
	Shots    int      // examples before each item
	Seed     uint64   // of the draw of examples
	Batch    int      // items a call of the Scorer; 0: 64
	Parallel int      // models at a time; 0: one a processor
	Progress Progress // may be nil
}

// Run scores every item of a task with every model, with default options, and
// returns one log a model in the order of models. The second time it reads
// the logs and asks nobody.
func Run(t *task.Task, models []model.Scorer, progress ...Progress) ([]*record.Log, error) {
	var o Options
	for _, p := range progress {
		o.Progress = p
	}
	return o.Run(context.Background(), t, models)
}

// Run is like the function Run, with options. When ctx ends, what was answered
// is in the logs and the error is the context's. An item that failed for good
// carries its reason in its row and does not stop the run; it is asked again
// next time. If a model fails as a whole the others go on, and the error joins
// what went wrong.
func (o Options) Run(ctx context.Context, t *task.Task, models []model.Scorer) ([]*record.Log, error) {
	if err := supported(t); err != nil {
		return nil, err
	}
	if len(models) == 0 {
		return nil, errors.New("eval: no models")
	}
	if o.Records == "" {
		o.Records = os.Getenv(Env)
	}
	if o.Records == "" {
		o.Records = "records"
	}
	if o.Batch <= 0 {
		o.Batch = 64
	}
	if o.Parallel <= 0 {
		o.Parallel = runtime.GOMAXPROCS(0)
	}

	// The logs are opened first, so that progress starts where the logs are and
	// a locked or foreign log stops the run before any model is asked.
	writers := make([]*record.Writer, len(models))
	defer func() {
		for _, w := range writers {
			if w != nil {
				w.Close() // a second Close after the checked one below does nothing
			}
		}
	}()
	meter := &meter{report: o.Progress, total: len(models) * len(t.Items), label: t.Name}
	software := Software()
	for i, m := range models {
		w, err := record.Create(o.Records, header(t, m.Identity(), o, software))
		if err != nil {
			return nil, fmt.Errorf("eval: %w", err)
		}
		writers[i] = w
		for _, it := range t.Items {
			if w.Has(it.ID) {
				meter.done++
			}
		}
	}
	meter.add(0, t.Name)

	logs := make([]*record.Log, len(models))
	failures := make([]error, len(models))
	slots := make(chan struct{}, o.Parallel)
	var wait sync.WaitGroup
	for i, m := range models {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			name := m.Identity().Name
			err := o.score(ctx, t, m, writers[i], meter)
			err = errors.Join(err, writers[i].Close())
			if err != nil {
				failures[i] = fmt.Errorf("eval: %s: %w", name, err)
				return
			}
			logs[i] = writers[i].Log()
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("eval: stopped at %d of %d items, kept in %s: %w", meter.done, meter.total, o.Records, err)
	}
	if err := errors.Join(failures...); err != nil {
		return nil, err
	}
	return logs, nil
}

// score asks one model for what its log lacks.
func (o Options) score(ctx context.Context, t *task.Task, m model.Scorer, w *record.Writer, meter *meter) error {
	ids := make([]string, len(t.Items))
	var open []int
	for i, it := range t.Items {
		ids[i] = it.ID
		if !w.Has(it.ID) {
			open = append(open, i)
		}
	}
	if w.Log().Finished {
		return nil
	}
	var shards []Shard
	for len(open) > 0 {
		n := min(o.Batch, len(open))
		shards = append(shards, Shard{Task: t, Items: open[:n], Shots: o.Shots, Seed: o.Seed})
		open = open[n:]
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var mu sync.Mutex // guards w and the first error
	var first error
	workers := max(1, m.Capabilities().MaxConcurrency)
	next := make(chan Shard)
	var wait sync.WaitGroup
	for range min(workers, len(shards)) {
		wait.Go(func() {
			for s := range next {
				rows, err := s.Score(ctx, m)
				mu.Lock()
				for _, r := range rows {
					if err == nil {
						err = w.Append(r)
					}
				}
				if err != nil && first == nil {
					first = err
					cancel()
				}
				mu.Unlock()
				if err == nil {
					meter.add(len(rows), t.Name+": "+m.Identity().Name)
				}
			}
		})
	}
feed:
	for _, s := range shards {
		select {
		case next <- s:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wait.Wait()
	if first != nil {
		return first
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.Finish(ids)
}

// meter counts items over all models.
type meter struct {
	mu          sync.Mutex
	done, total int
	label       string
	report      Progress
}

func (m *meter) add(n int, label string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done += n
	if m.report != nil {
		m.report(m.done, m.total, label)
	}
}

func header(t *task.Task, id model.Identity, o Options, software string) record.Header {
	seed := o.Seed
	if o.Shots == 0 {
		seed = 0 // nothing is drawn
	}
	return record.Header{
		Schema: record.Schema,
		Task: record.Task{
			Name: t.Name, Hash: t.Hash(), Type: string(t.Type), Format: string(t.Format),
			File: t.SHA256, Items: len(t.Items),
		},
		Model:    id,
		Prompt:   record.Prompt{Shots: o.Shots, Seed: seed},
		Software: []string{software},
	}
}

// supported reports why a task cannot be asked as a whole.
func supported(t *task.Task) error {
	if len(t.Items) == 0 {
		return fmt.Errorf("eval: task %q has no items", t.Name)
	}
	if t.Type == task.Numeric {
		return fmt.Errorf("eval: task %q is numeric: its score is a mean of sampled answers, and log-probabilities of choices are what is scored here", t.Name)
	}
	seen := make(map[string]bool, len(t.Items))
	for i, it := range t.Items {
		if it.ID == "" || seen[it.ID] {
			return fmt.Errorf("eval: task %q: item %d has id %q, which is empty or used before", t.Name, i, it.ID)
		}
		seen[it.ID] = true
		if len(it.Choices)+len(it.Targets) == 0 {
			return fmt.Errorf("eval: task %q: item %q has neither choices nor targets to score", t.Name, it.ID)
		}
	}
	return nil
}

// pair splits a prompt and a continuation as models are asked: trailing white
// space of the prompt goes to the continuation, where its tokens belong
// (" A" is one token, " " and "A" are two). A prompt of white space only stays.
func pair(prompt, continuation string) model.Request {
	trimmed := strings.TrimRight(prompt, " \t\r\n\v\f")
	if trimmed == "" {
		return model.Request{Context: prompt, Continuation: continuation}
	}
	return model.Request{Context: trimmed, Continuation: prompt[len(trimmed):] + continuation}
}
