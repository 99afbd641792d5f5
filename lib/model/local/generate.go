package local

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bellwether/lib/model/local/simd"
)

// Generate implements model.Generator: greedy decoding, cut before the first of
// stop. A prompt longer than the model's context is cut on the left; decoding
// ends where the context is full.
func (m *Model) Generate(ctx context.Context, prompts []string, maxTokens int, stop []string) ([]string, error) {
	d, done, err := m.use()
	if err != nil {
		return nil, err
	}
	defer done()
	out := make([]string, len(prompts))
	err = m.parallel(len(prompts), func(i int) error {
		ids, err := m.encode(prompts[i])
		if err != nil {
			return fmt.Errorf("local: prompt %d: %w", i, err)
		}
		out[i], err = m.generate(ctx, d, ids, maxTokens, stop)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// encode returns the tokens of a text with what comes before every text; at
// least one.
func (m *Model) encode(text string) ([]int, error) {
	pieces, err := m.tokens.Encode(text)
	if err != nil {
		return nil, err
	}
	var ids []int
	if len(pieces) == 0 || len(m.before) > 0 && pieces[0].ID != m.before[0] {
		ids = slices.Clone(m.before)
	}
	for _, p := range pieces {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		if m.prefix < 0 {
			return nil, fmt.Errorf("the text is empty and the model has no prefix token")
		}
		ids = []int{m.prefix}
	}
	return ids, nil
}

// generate goes on from tokens, one at a time. The room for what is to come is
// taken from the prompt, as far as half the context.
func (m *Model) generate(ctx context.Context, d *decoder, ids []int, maxTokens int, stop []string) (string, error) {
	room := max(d.context-maxTokens, (d.context+1)/2)
	ids = ids[max(0, len(ids)-room):]
	past := &history{layers: make([][]float32, d.layers)}
	memory := m.memory()
	defer m.pool.Put(memory)
	var text strings.Builder
	for range maxTokens {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if past.length+len(ids) > d.context {
			break
		}
		best := 0
		err := d.run(memory, []stretch{{tokens: ids, parent: -1, wanted: []int{len(ids) - 1}}}, past, func(logits []float32) {
			best = max(0, slices.Index(logits, simd.Max(logits)))
		})
		if err != nil {
			return "", err
		}
		if best == m.eos {
			break
		}
		text.WriteString(m.tokens.Content(best))
		if cut := stopped(text.String(), stop); cut >= 0 {
			return text.String()[:cut], nil
		}
		ids = []int{best}
	}
	return text.String(), nil
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
