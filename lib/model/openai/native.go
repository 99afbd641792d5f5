package openai

import (
	"context"
	"fmt"
	"math"
	"unicode/utf8"

	"bellwether/lib/model"
)

// nativeBatch is how many requests go into one POST /v1/score: enough that the
// server's passes are full, few enough that its processors share the work.
const nativeBatch = 64

// native scores by kernel serve's own endpoint.
func (c *Client) native(ctx context.Context, requests []model.Request) ([]model.Reply, error) {
	replies := make([]model.Reply, len(requests))
	var open []int
	for i, q := range requests {
		if !utf8.ValidString(q.Context) || !utf8.ValidString(q.Continuation) {
			replies[i].Err = errNotText
			continue
		}
		open = append(open, i)
	}
	err := c.each(ctx, (len(open)+nativeBatch-1)/nativeBatch, func(ctx context.Context, b int, s *slot) error {
		return c.nativePart(ctx, requests, replies, open[b*nativeBatch:min((b+1)*nativeBatch, len(open))], s)
	})
	if err != nil {
		return nil, err
	}
	return replies, nil
}

// nativePart scores the requests at some indices and sets their replies.
func (c *Client) nativePart(ctx context.Context, requests []model.Request, replies []model.Reply, part []int, s *slot) error {
	type pair struct{ Context, Continuation string }
	pairs := make([]pair, len(part))
	var all prompt
	for i, at := range part {
		pairs[i] = pair(requests[at])
		all.text += requests[at].Context + requests[at].Continuation
	}
	var out struct {
		Identity model.Identity `json:"identity"`
		Replies  []struct {
			Tokens []struct {
				Text   string  `json:"text"`
				Offset int     `json:"offset"`
				Nats   float64 `json:"nats"`
				Greedy bool    `json:"greedy"`
			} `json:"tokens"`
			Warnings []string `json:"warnings"`
			Error    string   `json:"error"`
		} `json:"replies"`
	}
	in := map[string]any{"model": c.model.ID, "requests": pairs}
	err := c.send(ctx, "/v1/score", in, all, 0, &out, func() (int, int) { return int(math.Ceil(float64(len(all.text)) / 3)), 0 }, s)
	if err != nil && fatal(err) {
		return err
	}
	if err == nil && (len(out.Replies) != len(part) || c.model.Identity != nil && out.Identity.Hash() != c.model.Identity.Hash()) {
		return fmt.Errorf("openai: %s: %d replies to %d requests, from %s; want %s", c.t.base, len(out.Replies), len(part), out.Identity.Name, c.model.ID)
	}
	for i, at := range part {
		if err != nil {
			replies[at].Err = err
			continue
		}
		a := out.Replies[i]
		r := model.Reply{Warnings: a.Warnings}
		for _, t := range a.Tokens {
			r.Tokens = append(r.Tokens, model.Token{Text: plain(t.Text), Offset: t.Offset, Nats: t.Nats, Greedy: t.Greedy})
		}
		if a.Error != "" {
			r = model.Reply{Err: failed("%s", a.Error)}
		}
		replies[at] = r
	}
	return nil
}

// probeNative checks that two continuations score differently. Small
// vocabularies may lack characters of the long probe.
func (c *Client) probeNative(ctx context.Context) error {
	q := []model.Request{{Context: plainContext, Continuation: plainLikely}, {Context: plainContext, Continuation: plainUnusual}}
	replies := make([]model.Reply, len(q))
	if err := c.nativePart(ctx, q, replies, []int{0, 1}, &slot{}); err != nil {
		return err
	}
	for _, r := range replies {
		if r.Err != nil {
			return r.Err
		}
		for _, t := range r.Tokens {
			if err := believable(&t.Nats); err != nil {
				return fmt.Errorf("%q: %w", t.Text, err)
			}
		}
	}
	if replies[0].Nats() == replies[1].Nats() {
		return fmt.Errorf("two different continuations have the same log-probability %g", replies[0].Nats())
	}
	return nil
}
