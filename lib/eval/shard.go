package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"bellwether/lib/model"
	"bellwether/lib/record"
	"bellwether/lib/task"
)

// Shard is a piece of work that any process can do: some items of a task, and
// how they become prompts. Together with a Scorer it determines its rows.
type Shard struct {
	Task  *task.Task
	Items []int // indices into Task.Items
	Shots int
	Seed  uint64
}

// Score asks the model for every choice of the shard's items in one call and
// returns a row an item, in order. The error is for the shard as a whole; an
// item that failed for good has its reason in its row.
func (s Shard) Score(ctx context.Context, m model.Scorer) ([]record.Row, error) {
	var requests []model.Request
	for _, i := range s.Items {
		it := &s.Task.Items[i]
		texts, _ := asked(it)
		prompt := s.Task.Prompt(it, s.Shots, s.Seed)
		for _, c := range texts {
			requests = append(requests, pair(prompt, c))
		}
		if it.OtherPrompt != "" {
			other := s.Task.OtherPrompt(it, s.Shots, s.Seed)
			for _, c := range texts {
				requests = append(requests, pair(other, c))
			}
		}
	}
	replies, err := m.Score(ctx, requests)
	if err != nil {
		return nil, err
	}
	if len(replies) != len(requests) {
		return nil, fmt.Errorf("%s gave %d replies to %d requests", m.Identity().Name, len(replies), len(requests))
	}
	rows := make([]record.Row, len(s.Items))
	for k, i := range s.Items {
		it := &s.Task.Items[i]
		texts, gold := asked(it)
		n := len(texts)
		row := record.Row{Item: it.ID, Gold: gold}
		row.Choices = choices(&row, s.Task.Delimiter, texts, replies[:n])
		replies = replies[n:]
		if it.OtherPrompt != "" {
			row.Other = choices(&row, s.Task.Delimiter, texts, replies[:n])
			replies = replies[n:]
		}
		if row.Error != "" {
			row = record.Row{Item: it.ID, Error: row.Error}
		}
		rows[k] = row
	}
	return rows, nil
}

// asked returns the continuations to score and which of them are right. An item
// without choices is scored on its targets: greedy decoding of a target is its
// exact match.
func asked(it *task.Item) (texts []string, gold []int) {
	if len(it.Choices) > 0 {
		return it.Choices, it.Gold
	}
	for i := range it.Targets {
		gold = append(gold, i)
	}
	return it.Targets, gold
}

// choices makes the record of each continuation. Lengths are counted without
// the task's delimiter, which is not part of the answer.
func choices(row *record.Row, delimiter string, texts []string, replies []model.Reply) []record.Choice {
	out := make([]record.Choice, len(texts))
	for c, r := range replies {
		out[c] = record.NewChoice(strings.TrimPrefix(texts[c], delimiter), r)
		fail := func(reason string) {
			if row.Error == "" {
				row.Error = fmt.Sprintf("choice %d: %s", c, reason)
			}
		}
		switch nats := out[c].Nats; {
		case r.Err != nil:
			fail(r.Err.Error())
		case len(r.Tokens) == 0:
			fail(fmt.Sprintf("%q has no token of its own after the prompt: it cannot be scored", texts[c]))
		case math.IsNaN(nats) || math.IsInf(nats, 0) || math.IsNaN(out[c].Last) || math.IsInf(out[c].Last, 0):
			fail(fmt.Sprintf("the model gave %q the log-probability %g", texts[c], nats))
		}
		for _, w := range r.Warnings {
			if !slices.Contains(row.Warnings, w) {
				row.Warnings = append(row.Warnings, w)
			}
		}
	}
	return out
}
