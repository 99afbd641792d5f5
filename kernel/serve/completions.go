package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"runtime"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"bellwether/lib/model"
)

// completionRequest is the part of OpenAI's request that is understood. Other
// fields are ignored, except those that would change the answer.
type completionRequest struct {
	Model       string          `json:"model"`
	Prompt      json.RawMessage `json:"prompt"`
	MaxTokens   *int            `json:"max_tokens"` // default 16
	Temperature float64         `json:"temperature"`
	N           *int            `json:"n"`
	BestOf      *int            `json:"best_of"`
	Stream      bool            `json:"stream"`
	Echo        bool            `json:"echo"`
	LogProbs    *int            `json:"logprobs"`
	Stop        json.RawMessage `json:"stop"`
	Suffix      string          `json:"suffix"`
}

type logProbs struct {
	Tokens  []string             `json:"tokens"`
	Nats    []*float64           `json:"token_logprobs"`
	Top     []map[string]float64 `json:"top_logprobs"`
	Offsets []int                `json:"text_offset"` // code points, as OpenAI counts
}

type choice struct {
	Index    int       `json:"index"`
	Text     string    `json:"text"`
	LogProbs *logProbs `json:"logprobs"`
	Finish   string    `json:"finish_reason"`
}

// mostTop is the largest number of alternatives.
const mostTop = 100

// completions answers POST /v1/completions.
func (s *Server) completions(w http.ResponseWriter, r *http.Request) {
	var in completionRequest
	err := read(r, &in)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		fail(w, err)
		return
	}
	e, run, err := s.pool.acquire(r.Context(), in.Model)
	if err != nil {
		fail(w, err)
		return
	}
	defer s.pool.release(e)
	prompts, err := in.prompts(run.model)
	if err != nil {
		fail(w, err)
		return
	}
	stop, err := in.stops()
	if err != nil {
		fail(w, err)
		return
	}
	jobs := make([]*job, len(prompts))
	for i, ids := range prompts {
		jobs[i] = &job{m: run.model, ids: ids, prompt: len(ids), max: in.maxTokens(), top: -1, echo: in.Echo, stop: stop}
		if in.LogProbs != nil {
			jobs[i].top = *in.LogProbs
		}
		if err := jobs[i].admit(); err != nil {
			fail(w, err)
			return
		}
	}
	if err := compute(r.Context(), run, jobs); err != nil {
		fail(w, err)
		return
	}
	choices := make([]choice, len(jobs))
	input, output := 0, 0
	for i, j := range jobs {
		choices[i] = j.choice(i)
		input += j.prompt
		output += len(j.ids) - j.prompt
	}
	now := time.Now()
	reply(w, map[string]any{
		"id": fmt.Sprintf("cmpl-%x", now.UnixNano()), "object": "text_completion", "created": now.Unix(), "model": e.name, "choices": choices,
		"usage": map[string]int{"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output},
	})
}

func (in *completionRequest) check() error {
	one := func(n *int) bool { return n == nil || *n == 1 }
	switch {
	case in.Temperature != 0:
		return bad("temperature is %g; decoding here is greedy: leave it out or say 0", in.Temperature)
	case !one(in.N) || !one(in.BestOf):
		return bad("n and best_of must be 1: decoding here is greedy")
	case in.Stream:
		return bad("stream is not supported: leave it out")
	case in.Suffix != "":
		return bad("suffix is not supported")
	case in.LogProbs != nil && (*in.LogProbs < 0 || *in.LogProbs > mostTop):
		return bad("logprobs is %d; it must be 0 to %d", *in.LogProbs, mostTop)
	case in.MaxTokens != nil && *in.MaxTokens < 0:
		return bad("max_tokens is %d; it must be at least 0", *in.MaxTokens)
	case in.maxTokens() == 0 && !in.Echo:
		return bad("max_tokens is 0 and echo is not set: there would be no answer")
	}
	return nil
}

func (in *completionRequest) maxTokens() int {
	if in.MaxTokens == nil {
		return 16
	}
	return *in.MaxTokens
}

// prompts reads a text, several, token ids, or several lists of them.
func (in *completionRequest) prompts(m Model) ([][]int, error) {
	var texts []string
	var lists [][]int
	if text, ok := as[string](in.Prompt); ok {
		texts = []string{text}
	} else if ids, ok := as[[]int](in.Prompt); ok {
		lists = [][]int{ids}
	} else if many, ok := as[[]string](in.Prompt); ok {
		texts = many
	} else if lists, ok = as[[][]int](in.Prompt); !ok {
		return nil, bad("prompt must be a text, token ids, or a list of either")
	}
	if len(texts)+len(lists) == 0 {
		return nil, bad("prompt is empty")
	}
	for i, t := range texts {
		ids, err := m.Encode(t)
		if err != nil {
			return nil, bad("prompt %d: %v", i, err)
		}
		if len(ids) == 0 && m.Prefix() >= 0 {
			ids = []int{m.Prefix()}
		}
		lists = append(lists, ids)
	}
	for i, ids := range lists {
		if len(ids) == 0 {
			return nil, bad("prompt %d is empty", i)
		}
		for _, id := range ids {
			if id < 0 || id >= m.Vocabulary() {
				return nil, bad("prompt %d: token %d is not one of %d", i, id, m.Vocabulary())
			}
		}
	}
	return lists, nil
}

// as decodes JSON that is exactly a T. A failed Unmarshal leaves half of it.
func as[T any](raw json.RawMessage) (T, bool) {
	var v T
	if string(raw) == "null" || json.Unmarshal(raw, &v) != nil {
		var none T
		return none, false
	}
	return v, true
}

func (in *completionRequest) stops() ([]string, error) {
	if len(in.Stop) == 0 || string(in.Stop) == "null" {
		return nil, nil
	}
	if one, ok := as[string](in.Stop); ok {
		return []string{one}, nil
	}
	many, ok := as[[]string](in.Stop)
	if !ok {
		return nil, bad("stop must be a text or a list of texts")
	}
	return many, nil
}

// job is one prompt on its way to a choice.
type job struct {
	m      Model
	ids    []int // the prompt, then what was generated
	prompt int   // tokens of the prompt
	max    int
	top    int // alternatives a token; -1: no log-probabilities
	echo   bool
	stop   []string

	nats  []*float64           // of each token of ids
	tops  []map[string]float64 // of each token of ids
	done  bool
	ended string // "stop" or "length"
	text  string // generated, cut before stop
}

// admit refuses what the model cannot read. The last token of a prompt that is
// only scored need not be read.
func (j *job) admit() error {
	n, most := j.prompt, j.m.Identity().ContextLength
	if j.max == 0 {
		n--
	}
	if most > 0 && n > most {
		return bad("this model's maximum context length is %d tokens; the prompt has %d", most, j.prompt)
	}
	j.nats, j.tops = make([]*float64, 1, n+j.max+1), make([]map[string]float64, 1, n+j.max+1)
	j.ended = "length"
	return nil
}

// sequence is the next pass of a job: first the prompt, then all again for each
// generated token.
func (j *job) sequence() *sequence {
	if j.done {
		return nil
	}
	n := len(j.ids)
	s := &sequence{ids: j.ids, visit: j.visit}
	if j.max == 0 { // the last token is only scored
		if n == 1 || j.top < 0 {
			j.done = true
			return nil
		}
		s.ids = j.ids[:n-1]
	}
	if n == j.prompt && j.echo && j.top >= 0 {
		for i := range s.ids {
			s.wanted = append(s.wanted, i)
		}
	} else {
		s.wanted = []int{n - 1}
		for len(j.nats) < n {
			j.nats, j.tops = append(j.nats, nil), append(j.tops, nil)
		}
	}
	return s
}

// visit takes the logits after a position: of a token of the prompt, or of the
// one to generate.
func (j *job) visit(position int, logits []float32) {
	next, generating := 0, position+1 == len(j.ids)
	if generating {
		for id, x := range logits {
			if x > logits[next] {
				next = id
			}
		}
		j.ids = append(j.ids[:len(j.ids):len(j.ids)], next)
	} else {
		next = j.ids[position+1]
	}
	if j.top >= 0 {
		norm := logSum(logits)
		nats := math.Min(0, float64(logits[next])-norm)
		j.nats = append(j.nats, &nats)
		j.tops = append(j.tops, j.best(logits, norm, next, nats))
	}
	if generating {
		j.text += j.m.TokenText(next)
		for _, end := range j.stop {
			if at := strings.Index(j.text, end); end != "" && at >= 0 {
				j.text, j.ended, j.done = j.text[:at], "stop", true
			}
		}
		made := len(j.ids) - j.prompt
		most := j.m.Identity().ContextLength
		j.done = j.done || made >= j.max || most > 0 && len(j.ids) > most
	} else if j.max == 0 && position+2 == len(j.ids) {
		j.done = true
	}
}

// best returns the most probable tokens and the token itself, by text.
func (j *job) best(logits []float32, norm float64, self int, nats float64) map[string]float64 {
	out := map[string]float64{}
	if j.top == 1 {
		best := 0
		for id, x := range logits {
			if x > logits[best] {
				best = id
			}
		}
		out[printable(j.m.TokenText(best))] = math.Min(0, float64(logits[best])-norm)
	} else if j.top > 1 {
		order := make([]int, len(logits))
		for i := range order {
			order[i] = i
		}
		sort.SliceStable(order, func(a, b int) bool { return logits[order[a]] > logits[order[b]] })
		for _, id := range order[:min(j.top, len(order))] {
			text := printable(j.m.TokenText(id))
			if _, taken := out[text]; !taken {
				out[text] = math.Min(0, float64(logits[id])-norm)
			}
		}
	}
	if text := printable(j.m.TokenText(self)); j.top > 0 {
		if _, taken := out[text]; !taken {
			out[text] = nats
		}
	}
	return out
}

// logSum returns ln of the sum of exp of logits.
func logSum(logits []float32) float64 {
	top := float32(math.Inf(-1))
	for _, x := range logits {
		top = max(top, x)
	}
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x - top))
	}
	return float64(top) + math.Log(sum)
}

// compute runs the jobs until all are done, one pass a generated token.
func compute(ctx context.Context, r *runner, jobs []*job) error {
	for {
		var all []*sequence
		for _, j := range jobs {
			if s := j.sequence(); s != nil {
				all = append(all, s)
			}
		}
		if len(all) == 0 {
			return nil
		}
		if err := r.run(ctx, all); err != nil {
			return err
		}
	}
}

// choice is a finished job as OpenAI writes it.
func (j *job) choice(index int) choice {
	c := choice{Index: index, Text: j.text, Finish: j.ended}
	first := j.prompt
	if j.echo {
		c.Text, first = j.decode(j.ids[:j.prompt])+j.text, 0
	}
	c.Text = strings.ToValidUTF8(c.Text, "\uFFFD")
	if j.top < 0 {
		return c
	}
	l := &logProbs{Tokens: []string{}, Nats: []*float64{}, Top: []map[string]float64{}, Offsets: []int{}}
	whole := j.decode(j.ids[first:])
	points := make([]int, len(whole)+1) // of each byte: the character it belongs to
	for at, n := 0, 0; at <= len(whole); n++ {
		_, size := utf8.DecodeRuneInString(whole[at:])
		for range max(size, 1) {
			points[at] = n
			at++
		}
	}
	at := 0
	for i := first; i < len(j.ids); i++ {
		text := j.m.TokenText(j.ids[i])
		l.Tokens = append(l.Tokens, printable(text))
		l.Nats, l.Top = append(l.Nats, j.nats[i]), append(l.Top, j.tops[i])
		l.Offsets = append(l.Offsets, points[at])
		at += len(text)
	}
	c.LogProbs = l
	return c
}

// printable is a token's text as OpenAI writes it: bytes that are no text as
// "bytes:\xe2\x80".
func printable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	b.WriteString("bytes:")
	for i := range len(text) {
		fmt.Fprintf(&b, `\x%02x`, text[i])
	}
	return b.String()
}

func (j *job) decode(ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(j.m.TokenText(id))
	}
	return b.String()
}

// score answers POST /v1/score: pairs of context and continuation as the model
// in process answers them, truncation and warnings included.
func (s *Server) score(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Model    string          `json:"model"`
		Requests []model.Request `json:"requests"`
	}
	if err := read(r, &in); err != nil {
		fail(w, err)
		return
	}
	e, run, err := s.pool.acquire(r.Context(), in.Model)
	if err != nil {
		fail(w, err)
		return
	}
	defer s.pool.release(e)
	select {
	case scoring <- struct{}{}:
		defer func() { <-scoring }()
	case <-r.Context().Done():
		return
	}
	replies, err := run.model.Score(r.Context(), in.Requests)
	if err != nil {
		fail(w, err)
		return
	}
	type token struct {
		Text   string  `json:"text"` // as in logprobs: bytes that are no text as "bytes:\xe2"
		Offset int     `json:"offset"`
		Nats   float64 `json:"nats"`
		Greedy bool    `json:"greedy"`
	}
	type answer struct {
		Tokens   []token  `json:"tokens"`
		Warnings []string `json:"warnings,omitempty"`
		Error    string   `json:"error,omitempty"`
	}
	out := make([]answer, len(replies))
	for i, a := range replies {
		out[i] = answer{Tokens: []token{}, Warnings: a.Warnings}
		for _, t := range a.Tokens {
			out[i].Tokens = append(out[i].Tokens, token{printable(t.Text), t.Offset, t.Nats, t.Greedy})
		}
		if a.Err != nil {
			out[i].Error = a.Err.Error()
		}
	}
	reply(w, map[string]any{"identity": e.identity, "replies": out})
}

// scoring bounds the passes that run at once to the processors.
var scoring = make(chan struct{}, runtime.GOMAXPROCS(0))
