package serve

import (
	"context"
	"math"
	"sort"
	"strings"
)

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
