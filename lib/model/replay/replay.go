// Package replay answers from a run log what a model answered before: to score
// again without the model, to compare prompts, to test what reads records.
//
// A log has an item's choices and not its prompts, so a Scorer is told which
// requests an item makes; package eval asks the same ones every time:
//
//	s, err := replay.New(log, func(item string) (choices, other []model.Request) { ... })
//
// Replies have the recorded sums. What a log does not keep is made up in a fixed
// way: a continuation's tokens are its text and then empty ones, as many as the
// record counts; the first carries all of the log-probability that the last
// does not.
package replay

import (
	"context"
	"fmt"

	"bellwether/lib/model"
	"bellwether/lib/record"
)

// Scorer answers the requests of one log. It is safe for concurrent use.
type Scorer struct {
	identity model.Identity
	replies  map[model.Request]model.Reply
}

// New returns a Scorer of every answered row of a log. requests gives the
// requests of an item as they were asked, in the order of its choices: those
// after the prompt, and those after the other prompt of log-odds tasks. The
// error names an item whose requests do not fit its row, or a request that two
// items answer differently.
func New(log *record.Log, requests func(item string) (choices, other []model.Request)) (*Scorer, error) {
	s := &Scorer{identity: log.Header.Model, replies: map[model.Request]model.Reply{}}
	for _, row := range log.Rows {
		choices, other := requests(row.Item)
		if err := s.learn(row, choices, row.Choices); err != nil {
			return nil, err
		}
		if err := s.learn(row, other, row.Other); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Scorer) learn(row record.Row, requests []model.Request, choices []record.Choice) error {
	if row.Error != "" {
		for _, q := range requests {
			if _, known := s.replies[q]; !known {
				s.replies[q] = model.Reply{Err: fmt.Errorf("replay: item %q failed when it was asked: %s", row.Item, row.Error)}
			}
		}
		return nil
	}
	if len(requests) != len(choices) {
		return fmt.Errorf("replay: item %q makes %d requests; its row has %d choices", row.Item, len(requests), len(choices))
	}
	for i, q := range requests {
		r := answer(q, choices[i], row.Warnings)
		if old, known := s.replies[q]; known && old.Err == nil && old.Nats() != r.Nats() {
			return fmt.Errorf("replay: item %q, choice %d: the same request has the log-probability %g there and %g elsewhere in the log", row.Item, i, r.Nats(), old.Nats())
		}
		s.replies[q] = r
	}
	return nil
}

// answer makes the reply of a recorded choice.
func answer(q model.Request, c record.Choice, warnings []string) model.Reply {
	r := model.Reply{Warnings: warnings}
	if c.Tokens == 0 {
		return r
	}
	r.Tokens = make([]model.Token, c.Tokens)
	for i := range r.Tokens {
		r.Tokens[i] = model.Token{Offset: len(q.Continuation), Greedy: c.Greedy}
	}
	first, last := &r.Tokens[0], &r.Tokens[c.Tokens-1]
	first.Text, first.Offset = q.Continuation, 0
	if c.Tokens == 1 {
		first.Nats = c.Nats
	} else {
		first.Nats, last.Nats = c.Nats-c.Last, c.Last
	}
	return r
}

// Identity is that of the model which answered.
func (s *Scorer) Identity() model.Identity { return s.identity }

// Capabilities: what the log says of given text, and no more.
func (s *Scorer) Capabilities() model.Capabilities {
	return model.Capabilities{PromptLogProbs: true, MaxConcurrency: 1}
}

// Score implements model.Scorer. A request that the log has not answered fails
// alone.
func (s *Scorer) Score(ctx context.Context, requests []model.Request) ([]model.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]model.Reply, len(requests))
	for i, q := range requests {
		r, ok := s.replies[q]
		if !ok {
			r = model.Reply{Err: fmt.Errorf("replay: the log of %s has no answer to %q after %q", s.identity.Name, q.Continuation, tail(q.Context))}
		}
		r.Tokens = append([]model.Token(nil), r.Tokens...)
		out[i] = r
	}
	return out, nil
}

func tail(s string) string {
	if r := []rune(s); len(r) > 40 {
		return "..." + string(r[len(r)-40:])
	}
	return s
}
