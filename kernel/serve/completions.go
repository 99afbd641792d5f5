package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
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
	Special     *bool           `json:"add_special_tokens"` // vLLM's: nil is true
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

// beginner is a model that puts tokens before every text. Prompts of token ids
// are taken as they are.
type beginner interface{ Before() []int }

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
		if b, ok := m.(beginner); ok && (in.Special == nil || *in.Special) {
			// The model reads every text after these (Llama's "<s>"): without
			// them its scores would be another model's.
			if before := b.Before(); len(before) > 0 && (len(ids) == 0 || ids[0] != before[0]) {
				ids = append(slices.Clone(before), ids...)
			}
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
