package local

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"

	"bellwether/lib/model"
)

// batchTokens bounds the rows of one forward pass, so that activations stay in
// the cache for small models and in memory for large ones.
const batchTokens = 1024

// Identity says which model this is: its weights and tokenizer by hash.
func (m *Model) Identity() model.Identity { return m.identity }

// Capabilities: exact log-probabilities of given text, and generation.
func (m *Model) Capabilities() model.Capabilities {
	return model.Capabilities{PromptLogProbs: true, Generation: true, MaxConcurrency: runtime.GOMAXPROCS(0)}
}

// work is one request in tokens.
type work struct {
	tokens []int // what the model reads: all but the last token of the whole
	want   []int // positions whose next token is scored
	next   []int // those next tokens
	reply  model.Reply
}

// Score implements model.Scorer. A request is encoded whole, and its context
// alone; the continuation's tokens are those of the whole after the context's.
// Where the tokens of the whole do not begin with the context's, the split is
// at the first that differs and the reply warns ("boundary-merge"). What is
// longer than the model's context is cut on the left, never into the
// continuation, and warns ("truncated-left").
func (m *Model) Score(ctx context.Context, requests []model.Request) ([]model.Reply, error) {
	n, err := m.weights()
	if err != nil {
		return nil, err
	}
	pass, _ := m.passes.Get().(*Pass)
	if pass == nil {
		pass = new(Pass)
	}
	defer m.passes.Put(pass)
	jobs := make([]work, len(requests))
	for i, q := range requests {
		jobs[i] = m.prepare(q)
	}
	for start := 0; start < len(jobs); {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end, rows := start, 0
		for end < len(jobs) && (end == start || rows+len(jobs[end].tokens) <= batchTokens) {
			rows += len(jobs[end].tokens)
			end++
		}
		if err := m.forward(n, pass, jobs[start:end]); err != nil {
			return nil, err
		}
		start = end
	}
	replies := make([]model.Reply, len(jobs))
	for i := range jobs {
		replies[i] = jobs[i].reply
	}
	return replies, nil
}

func (m *Model) prepare(q model.Request) work {
	fail := func(format string, args ...any) work {
		return work{reply: model.Reply{Err: fmt.Errorf(format, args...)}}
	}
	whole, err := m.tokens.encode(q.Context + q.Continuation)
	if err != nil {
		return fail("%w", err)
	}
	before, err := m.tokens.encode(q.Context)
	if err != nil {
		return fail("%w", err)
	}
	split := 0
	for split < len(before) && split < len(whole) && before[split] == whole[split] {
		split++
	}
	var w work
	if split < len(before) {
		w.reply.Warnings = append(w.reply.Warnings, fmt.Sprintf("boundary-merge: %d tokens of the context continue into the answer", len(before)-split))
	}
	if split == len(whole) {
		return work{reply: w.reply} // nothing to score: a reply without tokens
	}
	if split == 0 { // the first token is scored after the prefix token
		if m.prefix < 0 {
			return fail("the context is empty and config.json names neither bos_token_id nor eos_token_id")
		}
		whole = append([]int{m.prefix}, whole...)
		split = 1
	}
	scored := len(whole) - split
	if scored > m.config.Context {
		return fail("the continuation has %d tokens; the model reads at most %d", scored, m.config.Context)
	}
	if cut := len(whole) - 1 - m.config.Context; cut > 0 {
		w.reply.Warnings = append(w.reply.Warnings, fmt.Sprintf("truncated-left: %d of %d tokens", cut, len(whole)))
		whole, split = whole[cut:], split-cut
	}
	w.tokens = whole[:len(whole)-1]
	for i := split; i < len(whole); i++ {
		w.want = append(w.want, i-1)
		w.next = append(w.next, whole[i])
	}
	offset := 0
	if text := m.text(whole[split:]); strings.HasSuffix(text, q.Continuation) {
		offset = len(q.Continuation) - len(text) // negative when the first token begins in the context
	}
	w.reply.Tokens = make([]model.Token, len(w.next))
	for i, id := range w.next {
		text := m.tokens.text(id)
		w.reply.Tokens[i] = model.Token{Text: text, Offset: offset}
		offset += len(text)
	}
	return w
}

func (m *Model) text(ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(m.tokens.text(id))
	}
	return b.String()
}

// forward scores jobs in one pass. A job without tokens is left as it is.
func (m *Model) forward(n *Network, pass *Pass, jobs []work) error {
	var sequences, wanted [][]int
	for _, w := range jobs {
		if len(w.tokens) > 0 {
			sequences, wanted = append(sequences, w.tokens), append(wanted, w.want)
		}
	}
	if len(sequences) == 0 {
		return nil
	}
	logits, err := n.Forward(pass, sequences, wanted)
	if err != nil {
		return err
	}
	v := n.Config.Vocabulary
	for _, w := range jobs {
		for i := range w.next {
			t := &w.reply.Tokens[i]
			t.Nats, t.Greedy = logProbability(logits[:v], w.next[i])
			logits = logits[v:]
		}
	}
	return nil
}

// logProbability returns ln softmax(logits)[id], at most 0, and whether id is
// the first of the largest logits.
func logProbability(logits []float32, id int) (nats float64, greedy bool) {
	top, best := float32(math.Inf(-1)), -1
	for i, x := range logits {
		if x > top {
			top, best = x, i
		}
	}
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x - top))
	}
	return math.Min(0, float64(logits[id]-top)-math.Log(sum)), best == id
}

// Generate implements model.Generator: greedy decoding, cut before the first of
// stop. A prompt longer than the model's context is cut on the left.
func (m *Model) Generate(ctx context.Context, prompts []string, maxTokens int, stop []string) ([]string, error) {
	n, err := m.weights()
	if err != nil {
		return nil, err
	}
	var pass Pass
	out := make([]string, len(prompts))
	for i, p := range prompts {
		ids, err := m.tokens.encode(p)
		if err != nil {
			return nil, fmt.Errorf("local: prompt %d: %w", i, err)
		}
		if len(ids) == 0 {
			if m.prefix < 0 {
				return nil, fmt.Errorf("local: prompt %d is empty and the model has no prefix token", i)
			}
			ids = []int{m.prefix}
		}
		var text strings.Builder
		for range maxTokens {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			ids = ids[max(0, len(ids)-m.config.Context):]
			logits, err := n.Forward(&pass, [][]int{ids}, [][]int{{len(ids) - 1}})
			if err != nil {
				return nil, err
			}
			best := 0
			for id, x := range logits {
				if x > logits[best] {
					best = id
				}
			}
			ids = append(ids, best)
			text.WriteString(m.tokens.text(best))
			if cut := stopped(text.String(), stop); cut >= 0 {
				out[i] = text.String()[:cut]
				break
			}
			out[i] = text.String()
		}
	}
	return out, nil
}

// stopped returns where the first stop string begins, -1 when none does.
func stopped(text string, stop []string) int {
	first := -1
	for _, s := range stop {
		if at := strings.Index(text, s); s != "" && at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}
