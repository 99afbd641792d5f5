package modeltest_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"bellwether/lib/model"
	"bellwether/lib/model/modeltest"
)

// bytes is a model of bytes whose log-probabilities are a hash of all before.
type bytes struct {
	bend func([]model.Reply) []model.Reply
}

func (bytes) Identity() model.Identity { return model.Identity{Name: "bytes"} }

func (bytes) Capabilities() model.Capabilities { return model.Capabilities{PromptLogProbs: true} }

func (b bytes) Score(ctx context.Context, requests []model.Request) ([]model.Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	replies := make([]model.Reply, len(requests))
	for i, q := range requests {
		h := fnv.New32a()
		h.Write([]byte(q.Context))
		for j := range len(q.Continuation) {
			h.Write([]byte{q.Continuation[j]})
			replies[i].Tokens = append(replies[i].Tokens, model.Token{Text: q.Continuation[j : j+1], Offset: j, Nats: -float64(h.Sum32()%1000) / 100})
		}
	}
	if b.bend != nil {
		replies = b.bend(replies)
	}
	return replies, nil
}

func problems(s model.Scorer) (out []string) {
	for _, f := range modeltest.Check(context.Background(), s) {
		if f.Problem != "" {
			out = append(out, f.String())
		}
	}
	return out
}

func TestGood(t *testing.T) {
	modeltest.Run(t, bytes{}, modeltest.Options{})
	if p := problems(bytes{}); len(p) > 0 {
		t.Errorf("problems with a scorer that has none: %q", p)
	}
}

// TestBad bends replies in the ways that real servers do.
func TestBad(t *testing.T) {
	var calls atomic.Int64
	for _, tt := range []struct {
		name, want string
		bend       func([]model.Reply) []model.Reply
	}{
		{"one reply is lost", "replies to", func(r []model.Reply) []model.Reply { return r[1:] }},
		{"echo is ignored: all zero", "both score 0", func(r []model.Reply) []model.Reply {
			return edit(r, func(t *model.Token) { t.Nats = 0 })
		}},
		{"above zero", "want a number of at most 0", func(r []model.Reply) []model.Reply {
			return edit(r, func(t *model.Token) { t.Nats = 1 })
		}},
		{"wrong offsets", "is at byte", func(r []model.Reply) []model.Reply {
			return edit(r, func(t *model.Token) { t.Offset++ })
		}},
		{"the last token is dropped", "the tokens end at", func(r []model.Reply) []model.Reply {
			for i := range r {
				if n := len(r[i].Tokens); n > 1 {
					r[i].Tokens = r[i].Tokens[:n-1]
				}
			}
			return r
		}},
		{"order is lost", "FAIL order", func(r []model.Reply) []model.Reply {
			slices.SortFunc(r, func(a, b model.Reply) int { return int(100 * (a.Nats() - b.Nats())) })
			return r
		}},
		{"batches matter", "FAIL batches", func(r []model.Reply) []model.Reply {
			return edit(r, func(t *model.Token) { t.Nats -= float64(len(r)) })
		}},
		{"chance", "FAIL determinism", func(r []model.Reply) []model.Reply {
			n := calls.Add(1)
			return edit(r, func(t *model.Token) { t.Nats -= float64(n % 3) })
		}},
		{"one is refused", "no such model", func(r []model.Reply) []model.Reply {
			if len(r) > 0 {
				r[0] = model.Reply{Err: errors.New("no such model")}
			}
			return r
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if p := strings.Join(problems(bytes{tt.bend}), "\n"); !strings.Contains(p, tt.want) {
				t.Errorf("problems %q, want one with %q", p, tt.want)
			}
		})
	}
}

func edit(r []model.Reply, f func(*model.Token)) []model.Reply {
	for i := range r {
		for j := range r[i].Tokens {
			f(&r[i].Tokens[j])
		}
	}
	return r
}

// deaf does not hear that it is cancelled.
type deaf struct{ bytes }

func (d deaf) Score(_ context.Context, q []model.Request) ([]model.Reply, error) {
	return d.bytes.Score(context.Background(), q)
}

func TestCancellation(t *testing.T) {
	if p := strings.Join(problems(deaf{}), "\n"); !strings.Contains(p, "FAIL cancellation") {
		t.Errorf("problems %q", p)
	}
}

func ExampleCheck() {
	for _, f := range modeltest.Check(context.Background(), bytes{})[:3] {
		fmt.Println(f)
	}
	// Output:
	// ok   answers: one reply a request, log-probabilities at most 0
	// ok   identity: a name, the same every time
	// ok   tokens: texts and offsets cover the continuation
}
