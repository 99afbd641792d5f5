// Package modeltest checks that a model.Scorer keeps its contract: order,
// batches, sums, boundaries, empty contexts, determinism, cancellation. Run is
// for tests, Check for a program that tells a user what is wrong with a server.
package modeltest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"bellwether/lib/model"
)

// Options adapt the checks to a model. The zero value works.
type Options struct {
	Tolerance float64 // nats between two answers to the same question; 0: 1e-4
	Texts     []Text  // to score; nil: a few in lower-case letters, which every model can read
}

// Text is a context and continuations of it that a model finds unequally likely.
type Text struct {
	Context       string
	Continuations []string
}

// Finding is the result of one check.
type Finding struct {
	Check   string // "batches: the answer does not depend on the batch"
	Problem string // what is wrong, in words; empty: nothing
	Skipped string // why the check could not be made; empty: it was
}

// String is one line: "ok", "FAIL" or "skip", the check and the reason.
func (f Finding) String() string {
	switch {
	case f.Problem != "":
		return "FAIL " + f.Check + ": " + f.Problem
	case f.Skipped != "":
		return "skip " + f.Check + ": " + f.Skipped
	}
	return "ok   " + f.Check
}

// T is the part of *testing.T that Run needs.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Logf(format string, args ...any)
}

// Run reports every problem that CheckWith finds as an error of the test.
func Run(t T, s model.Scorer, o Options) {
	t.Helper()
	for _, f := range CheckWith(context.Background(), s, o) {
		if f.Problem != "" {
			t.Errorf("%v", f)
		} else if f.Skipped != "" {
			t.Logf("%v", f)
		}
	}
}

// Check makes all checks with the options of the zero value.
func Check(ctx context.Context, s model.Scorer) []Finding { return CheckWith(ctx, s, Options{}) }

var plainTexts = []Text{
	{"the bell rang and", []string{" then", " zqbelq", " a child went home"}},
	{"one and one is", []string{" two", " xv"}},
	{"a", []string{"b", " b"}},
}

// errSkip marks a check that this scorer cannot be asked.
var errSkip = errors.New("")

func skip(format string, args ...any) error { return fmt.Errorf(format+"%w", append(args, errSkip)...) }

// CheckWith makes all checks. When the model cannot be asked at all, the first
// finding says so and is the only one.
func CheckWith(ctx context.Context, s model.Scorer, o Options) []Finding {
	if o.Tolerance == 0 {
		o.Tolerance = 1e-4
	}
	if o.Texts == nil {
		o.Texts = plainTexts
	}
	c := &checker{scorer: s, Options: o}
	for _, text := range o.Texts {
		for _, tail := range text.Continuations {
			c.requests = append(c.requests, model.Request{Context: text.Context, Continuation: tail})
		}
	}
	checks := []struct {
		name string
		do   func(context.Context) error
	}{
		{"answers: one reply a request, log-probabilities at most 0", c.answers},
		{"identity: a name, the same every time", c.identity},
		{"tokens: texts and offsets cover the continuation", c.cover},
		{"scores: different continuations score differently", c.differ},
		{"determinism: the same question, the same answer", c.again},
		{"order: replies follow the requests", c.reversed},
		{"batches: the answer does not depend on the batch", c.alone},
		{"sums: a continuation in two parts scores the same", c.parts},
		{"concurrency: calls at the same time do not mix", c.concurrent},
		{"empty context: scored after the prefix token, or refused", c.emptyContext},
		{"empty continuation: no tokens", c.emptyContinuation},
		{"empty batch: no replies", c.emptyBatch},
		{"unicode: offsets are bytes, and errors stay with their request", c.unicode},
		{"generation: what is written greedily is greedy", c.generation},
		{"cancellation: a cancelled call ends", c.cancelled},
	}
	var out []Finding
	for i, check := range checks {
		err := check.do(ctx)
		f := Finding{Check: check.name}
		if errors.Is(err, errSkip) {
			f.Skipped = err.Error()
		} else if err != nil {
			f.Problem = err.Error()
		}
		out = append(out, f)
		if i == 0 && err != nil {
			break // every other check would say the same
		}
	}
	return out
}

// checker holds the questions and the first answers to them.
type checker struct {
	Options
	scorer   model.Scorer
	requests []model.Request
	replies  []model.Reply
}

// score asks and holds the number of replies.
func (c *checker) score(ctx context.Context, q []model.Request) ([]model.Reply, error) {
	r, err := c.scorer.Score(ctx, q)
	if err == nil && len(r) != len(q) {
		err = fmt.Errorf("%d replies to %d requests", len(r), len(q))
	}
	return r, err
}

func name(q model.Request) string { return fmt.Sprintf("%q after %q", q.Continuation, q.Context) }

func (c *checker) answers(ctx context.Context) error {
	var err error
	if c.replies, err = c.score(ctx, c.requests); err != nil {
		return err
	}
	for i, r := range c.replies {
		if r.Err != nil {
			return fmt.Errorf("%s: %w", name(c.requests[i]), r.Err)
		}
		if len(r.Tokens) == 0 {
			return fmt.Errorf("%s: no tokens", name(c.requests[i]))
		}
		for _, t := range r.Tokens {
			if !(t.Nats <= 0) || math.IsInf(t.Nats, 0) {
				return fmt.Errorf("%s: token %q has log-probability %v: want a number of at most 0", name(c.requests[i]), t.Text, t.Nats)
			}
		}
	}
	return nil
}

func (c *checker) identity(context.Context) error {
	id := c.scorer.Identity()
	if id.Name == "" {
		return fmt.Errorf("the name is empty")
	}
	if again := c.scorer.Identity(); !reflect.DeepEqual(id, again) {
		return fmt.Errorf("%+v, then %+v", id, again)
	}
	return nil
}

// covers returns an error unless the tokens spell the continuation.
func covers(q model.Request, r model.Reply) error {
	at := 0
	for i, t := range r.Tokens {
		if i == 0 && t.Offset < 0 { // begins in the context
			at = t.Offset
		}
		if t.Offset != at {
			return fmt.Errorf("%s: token %d, %q, is at byte %d: want %d", name(q), i, t.Text, t.Offset, at)
		}
		at += len(t.Text)
	}
	if at != len(q.Continuation) {
		return fmt.Errorf("%s: the tokens end at byte %d of %d", name(q), at, len(q.Continuation))
	}
	var b strings.Builder
	for _, t := range r.Tokens {
		b.WriteString(t.Text)
	}
	if !strings.HasSuffix(q.Context+q.Continuation, b.String()) {
		return fmt.Errorf("%s: the tokens spell %q", name(q), b.String())
	}
	return nil
}

func (c *checker) cover(context.Context) error {
	for i, q := range c.requests {
		if err := covers(q, c.replies[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) differ(context.Context) error {
	for i := 1; i < len(c.requests); i++ {
		a, b := c.requests[i-1], c.requests[i]
		if a.Context == b.Context && a.Continuation != b.Continuation && c.replies[i-1].Nats() == c.replies[i].Nats() {
			return fmt.Errorf("%s and %q both score %v nats: it does not score what it is sent", name(a), b.Continuation, c.replies[i].Nats())
		}
	}
	return nil
}

// same compares two answers to one request.
func (c *checker) same(q model.Request, want, got model.Reply) error {
	if got.Err != nil {
		return fmt.Errorf("%s: %w", name(q), got.Err)
	}
	if len(want.Tokens) != len(got.Tokens) {
		return fmt.Errorf("%s: %d tokens, then %d", name(q), len(want.Tokens), len(got.Tokens))
	}
	for i, w := range want.Tokens {
		g := got.Tokens[i]
		if w.Text != g.Text || !(math.Abs(w.Nats-g.Nats) <= c.Tolerance) {
			return fmt.Errorf("%s: token %d was %q with %v nats, then %q with %v", name(q), i, w.Text, w.Nats, g.Text, g.Nats)
		}
	}
	return nil
}

func (c *checker) again(ctx context.Context) error {
	got, err := c.score(ctx, c.requests)
	if err != nil {
		return err
	}
	for i, q := range c.requests {
		if err := c.same(q, c.replies[i], got[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) reversed(ctx context.Context) error {
	q := slices.Clone(c.requests)
	slices.Reverse(q)
	got, err := c.score(ctx, q)
	if err != nil {
		return err
	}
	slices.Reverse(got)
	for i, q := range c.requests {
		if err := c.same(q, c.replies[i], got[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) alone(ctx context.Context) error {
	for i, q := range c.requests {
		got, err := c.score(ctx, []model.Request{q})
		if err != nil {
			return err
		}
		if err := c.same(q, c.replies[i], got[0]); err != nil {
			return err
		}
	}
	return nil
}

// parts moves the first token of a continuation to the context.
func (c *checker) parts(ctx context.Context) error {
	tried := false
	for i, q := range c.requests {
		r := c.replies[i]
		if len(r.Tokens) < 2 || r.Tokens[1].Offset <= 0 {
			continue
		}
		cut := r.Tokens[1].Offset
		rest := model.Request{Context: q.Context + q.Continuation[:cut], Continuation: q.Continuation[cut:]}
		got, err := c.score(ctx, []model.Request{rest})
		if err != nil {
			return err
		}
		if len(got[0].Warnings) > 0 {
			continue // another tokenization: nothing to compare
		}
		tried = true
		if err := c.same(rest, model.Reply{Tokens: r.Tokens[1:]}, got[0]); err != nil {
			return err
		}
	}
	if !tried {
		return skip("no continuation has two tokens that can be told apart")
	}
	return nil
}

func (c *checker) concurrent(ctx context.Context) error {
	errs := make([]error, 4)
	var wait sync.WaitGroup
	for w := range errs {
		wait.Go(func() {
			q, want := slices.Clone(c.requests), slices.Clone(c.replies)
			for i := range q { // each call in another order
				j := (i*7 + w) % len(q)
				q[i], q[j], want[i], want[j] = q[j], q[i], want[j], want[i]
			}
			got, err := c.score(ctx, q)
			for i := 0; i < len(got) && err == nil; i++ {
				err = c.same(q[i], want[i], got[i])
			}
			errs[w] = err
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func (c *checker) emptyContext(ctx context.Context) error {
	q := model.Request{Continuation: strings.TrimLeft(c.requests[0].Continuation, " ")}
	got, err := c.score(ctx, []model.Request{q})
	if err != nil {
		return err
	}
	if got[0].Err != nil {
		return skip("refused: %v", got[0].Err)
	}
	return covers(q, got[0])
}

func (c *checker) emptyContinuation(ctx context.Context) error {
	got, err := c.score(ctx, []model.Request{{Context: c.requests[0].Context}, c.requests[0]})
	if err != nil {
		return err
	}
	if n := len(got[0].Tokens); n > 0 {
		return fmt.Errorf("%d tokens", n)
	}
	return c.same(c.requests[0], c.replies[0], got[1])
}

func (c *checker) emptyBatch(ctx context.Context) error {
	_, err := c.score(ctx, nil)
	return err
}

func (c *checker) unicode(ctx context.Context) error {
	q := []model.Request{{Context: "naïve visitors from 東京 said 🙂 and", Continuation: " «déjà vu» 🙂 東京."}, c.requests[0]}
	got, err := c.score(ctx, q)
	if err != nil {
		return err
	}
	if err := c.same(q[1], c.replies[0], got[1]); err != nil {
		return fmt.Errorf("beside a text in other characters: %w", err)
	}
	if got[0].Err != nil {
		return skip("the model cannot read %q: %v", q[0].Context, got[0].Err)
	}
	return covers(q[0], got[0])
}

func (c *checker) generation(ctx context.Context) error {
	g, ok := c.scorer.(model.Generator)
	if !ok || !c.scorer.Capabilities().Generation {
		return skip("the scorer does not generate")
	}
	prompt := c.requests[0].Context
	texts, err := g.Generate(ctx, []string{prompt, c.requests[len(c.requests)-1].Context}, 6, nil)
	if err != nil {
		return err
	}
	if len(texts) != 2 {
		return fmt.Errorf("%d texts for 2 prompts", len(texts))
	}
	if texts[0] == "" {
		return skip("nothing was written after %q", prompt)
	}
	got, err := c.score(ctx, []model.Request{{Context: prompt, Continuation: texts[0]}})
	if err != nil {
		return err
	}
	if got[0].Err != nil {
		return got[0].Err
	}
	if len(got[0].Warnings) == 0 && !got[0].Tokens[0].Greedy {
		return fmt.Errorf("%q was written after %q, but its first token is not the most probable one", texts[0], prompt)
	}
	return nil
}

func (c *checker) cancelled(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	start := time.Now()
	_, err := c.scorer.Score(ctx, c.requests)
	if !errors.Is(err, context.Canceled) {
		return fmt.Errorf("error %v: want context.Canceled", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		return fmt.Errorf("it took %v", took)
	}
	return nil
}
