package organism

import (
	"fmt"
	"math"

	"bellwether/lib/model/local"
)

// Scores sums up a task for one model.
type Scores struct {
	Items       int     `json:"items"`
	Accuracy    float64 `json:"accuracy"`           // share of items whose most probable choice is the right one; ties share
	ExactMatch  float64 `json:"exact_match"`        // share whose right answer is the argmax at every character
	NatsPerChar float64 `json:"nats_per_character"` // mean log-probability of a character of the right answers
	LogOdds     float64 `json:"log_odds"`           // mean over items of log p(right) - log sum p(wrong), nats
}

// Evaluate scores a network on a task. The network must use Alphabet.
func Evaluate(n *local.Network, t Task) (Scores, error) {
	s := Scores{Items: len(t.Items)}
	if len(t.Items) == 0 {
		return s, fmt.Errorf("organism: task %q has no items", t.Name)
	}
	pass := &local.Pass{}
	const group = 16
	var characters int
	for at := 0; at < len(t.Items); at += group {
		items := t.Items[at:min(at+group, len(t.Items))]
		var sequences, wanted [][]int
		for _, item := range items {
			for _, choice := range item.Choices {
				ids, err := Encode(item.Prompt + choice)
				if err != nil {
					return s, fmt.Errorf("item %s: %w", item.ID, err)
				}
				var positions []int
				for i := len(item.Prompt); i < len(ids); i++ {
					positions = append(positions, i-1)
				}
				sequences, wanted = append(sequences, ids), append(wanted, positions)
			}
		}
		logits, err := n.Forward(pass, sequences, wanted)
		if err != nil {
			return s, fmt.Errorf("task %s: %w", t.Name, err)
		}
		k := 0
		for _, item := range items {
			nats := make([]float64, len(item.Choices))
			for c := range item.Choices {
				greedy := true
				for _, position := range wanted[k] {
					row := logits[:n.Config.Vocabulary]
					logits = logits[n.Config.Vocabulary:]
					lp, first := logProbability(row, sequences[k][position+1])
					nats[c] += lp
					greedy = greedy && first
				}
				if c == item.Gold {
					s.NatsPerChar += nats[c]
					characters += len(wanted[k])
					if greedy {
						s.ExactMatch++
					}
				}
				k++
			}
			s.Accuracy += won(nats, item.Gold)
			s.LogOdds += nats[item.Gold] - logSumExcept(nats, item.Gold)
		}
	}
	s.Accuracy /= float64(s.Items)
	s.ExactMatch /= float64(s.Items)
	s.LogOdds /= float64(s.Items)
	s.NatsPerChar /= float64(characters)
	return s, nil
}

// logProbability returns log softmax(row)[id] and whether id has the highest logit.
func logProbability(row []float32, id int) (nats float64, first bool) {
	peak := row[0]
	for _, v := range row {
		peak = max(peak, v)
	}
	var sum float64
	for _, v := range row {
		sum += math.Exp(float64(v - peak))
	}
	return float64(row[id]-peak) - math.Log(sum), row[id] == peak
}

// won returns 1 if gold is the highest, 1/k if k tie, else 0.
func won(nats []float64, gold int) float64 {
	ties := 0
	for _, v := range nats {
		if v > nats[gold] {
			return 0
		}
		if v == nats[gold] {
			ties++
		}
	}
	return 1 / float64(ties)
}

func logSumExcept(nats []float64, gold int) float64 {
	peak := math.Inf(-1)
	for i, v := range nats {
		if i != gold {
			peak = max(peak, v)
		}
	}
	var sum float64
	for i, v := range nats {
		if i != gold {
			sum += math.Exp(v - peak)
		}
	}
	return peak + math.Log(sum)
}
