package results

import (
	"cmp"
	"slices"
	"strings"

	"bellwether/lib/metric"
	"bellwether/lib/record"
)

// helmState is one request that HELM made, with its answer.
type helmState struct {
	Instance struct {
		ID         string `json:"id"`
		Split      string `json:"split"`
		References []struct {
			Output struct {
				Text string `json:"text"`
			} `json:"output"`
			Tags []string `json:"tags"`
		} `json:"references"`
		Perturbation *struct{} `json:"perturbation"`
	} `json:"instance"`
	Trial     int    `json:"train_trial_index"`
	Reference *int   `json:"reference_index"`
	Mode      string `json:"request_mode"` // "original", "calibration"
	Result    *struct {
		Completions []struct {
			Text   string `json:"text"`
			Tokens []struct {
				Text    string  `json:"text"`
				LogProb float64 `json:"logprob"`
			} `json:"tokens"`
		} `json:"completions"`
	} `json:"result"`
}

// helmStates adds to the log what scenario_state.json has: the text that the
// model wrote, or, for the separate multiple-choice methods, the log-probability
// of each choice after its question, summed over its tokens. The accuracy stays
// HELM's own, which divides by the number of tokens or by the probability of the
// choice alone.
func (r *Result) helmStates(path, method, split string) error {
	var file struct {
		States []helmState `json:"request_states"`
	}
	if err := decodeFile(path, &file); err != nil {
		return err
	}
	rows := map[string]*record.Row{}
	for i := range r.Log.Rows {
		rows[r.Log.Rows[i].Item] = &r.Log.Rows[i]
	}
	separate := strings.HasPrefix(method, "multiple_choice_separate")
	choices := map[string][]helmState{}
	for _, s := range file.States {
		id := s.Instance.ID
		if s.Trial > 0 {
			id = helmID([]byte(`"`+id+`"`), s.Trial)
		}
		row := rows[id]
		if row == nil || s.Instance.Perturbation != nil || s.Instance.Split != split || s.Result == nil || len(s.Result.Completions) == 0 || s.Mode == "calibration" {
			continue
		}
		switch {
		case separate && s.Reference != nil:
			choices[id] = append(choices[id], s)
		case !separate && row.Generated == nil:
			t := s.Result.Completions[0].Text
			row.Generated = &t
		}
	}
	if !separate {
		r.doubtNoLogProbs()
		return nil
	}
	var outcomes []metric.Outcome
	without := 0
	for i := range r.Log.Rows {
		row := &r.Log.Rows[i]
		cs, gold := helmChoices(choices[row.Item])
		if cs == nil {
			without++
			continue
		}
		row.Choices, row.Gold = cs, gold
		o := metric.Outcome{Gold: gold}
		for _, c := range cs {
			o.Nats = append(o.Nats, c.Nats)
		}
		outcomes = append(outcomes, o)
	}
	if without > 0 {
		r.problem(LeftOut, 0, "%s without the log-probabilities of all choices in scenario_state.json", counted(without, "instance"))
	}
	if len(outcomes) == 0 {
		return nil
	}
	r.Log.Header.Task.Type, r.Log.Header.Model.Method = "classification", "exact"
	for _, m := range []metric.Metric{metric.Loss, metric.LogOdds, metric.RawLoss, metric.Coverage} {
		r.of(m, outcomes)
	}
	return nil
}

// doubtNoLogProbs says when every instance has log-probability 0: the server
// gave none, and what HELM makes of them (perplexity 1, bits_per_byte 0) is no
// measurement.
func (r *Result) doubtNoLogProbs() {
	n := 0
	for _, row := range r.Log.Rows {
		v, ok := row.Values["logprob"]
		if ok && v != 0 {
			return
		}
		if ok {
			n++
		}
	}
	if n > 1 {
		r.problem(DegenerateLoss, 0, "the log-probability of all %d answers is 0: the server gave none, so perplexity and bits_per_byte mean nothing", n)
	}
}

// helmChoices makes the choices of one instance, in the order of its
// references; nil unless each was asked and has log-probabilities.
func helmChoices(states []helmState) (choices []record.Choice, gold []int) {
	slices.SortStableFunc(states, func(a, b helmState) int { return cmp.Compare(*a.Reference, *b.Reference) })
	zero := true
	for i, s := range states {
		if *s.Reference != i || len(states) != len(s.Instance.References) {
			return nil, nil
		}
		ref := s.Instance.References[i]
		want := strings.TrimSpace(ref.Output.Text)
		c := record.Choice{Bytes: len(want), Chars: len([]rune(want))}
		tokens := s.Result.Completions[0].Tokens
		written := ""
		for k := len(tokens) - 1; k >= 0 && len(strings.TrimSpace(written)) < len(want); k-- {
			written = tokens[k].Text + written
			c.Nats += tokens[k].LogProb
			if c.Tokens == 0 {
				c.Last = tokens[k].LogProb
			}
			c.Tokens++
		}
		if want == "" || !strings.HasSuffix(strings.TrimSpace(written), want) || c.Nats > 1e-6 {
			return nil, nil
		}
		zero = zero && c.Nats == 0
		choices = append(choices, c)
		if slices.Contains(ref.Tags, "correct") {
			gold = append(gold, i)
		}
	}
	if zero || len(choices) < 2 {
		return nil, nil
	}
	return choices, gold
}
