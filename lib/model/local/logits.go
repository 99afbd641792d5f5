package local

import (
	"context"
	"fmt"
)

// Encode returns the tokens of a text, without special tokens.
func (m *Model) Encode(text string) ([]int, error) { return m.tokens.encode(text) }

// TokenText returns a token's own bytes.
func (m *Model) TokenText(id int) string { return m.tokens.text(id) }

// Vocabulary returns the number of tokens: ids are below it.
func (m *Model) Vocabulary() int { return m.config.Vocabulary }

// Prefix returns the token that stands before an empty context (BOS, else EOS),
// -1 when the model names none.
func (m *Model) Prefix() int { return m.prefix }

// Logits calls visit with the logits [vocabulary] of the token after each wanted
// position of each sequence, in order: what a server needs that answers about
// any token. The slice is valid during the call. Sequences have 1 to
// ContextLength tokens.
func (m *Model) Logits(ctx context.Context, sequences, wanted [][]int, visit func(sequence, position int, logits []float32)) error {
	n, err := m.weights()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	pass, _ := m.passes.Get().(*Pass)
	if pass == nil {
		pass = new(Pass)
	}
	defer m.passes.Put(pass)
	logits, err := n.Forward(pass, sequences, wanted)
	if err != nil {
		return err
	}
	v := m.config.Vocabulary
	for s, positions := range wanted {
		for _, at := range positions {
			if len(logits) < v {
				return fmt.Errorf("local: the logits of sequence %d end before position %d", s, at)
			}
			visit(s, at, logits[:v])
			logits = logits[v:]
		}
	}
	return nil
}

// LogProbability returns ln softmax(logits)[id] (nats, at most 0) and whether
// id is the first of the largest logits.
func LogProbability(logits []float32, id int) (nats float64, greedy bool) {
	return logProbability(logits, id)
}
