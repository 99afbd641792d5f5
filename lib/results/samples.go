package results

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"bellwether/lib/metric"
	"bellwether/lib/record"
	"bellwether/lib/task"
)

// WriteSamples writes a log as samples of lm-evaluation-harness v0.4, a line an
// item, so that tools that read those can read our runs. The task gives the
// texts; every row of the log must be one of its items. Failed items are left
// out, and their number is returned.
func WriteSamples(w io.Writer, t *task.Task, l *record.Log) (failed int, err error) {
	if t.Hash() != l.Header.Task.Hash {
		return 0, fmt.Errorf("results: the log is of task %s (%.8s), not of %s (%.8s)", l.Header.Task.Name, l.Header.Task.Hash, t.Name, t.Hash())
	}
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	sum := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }
	for n, r := range l.Rows {
		if r.Error != "" || len(r.Choices) == 0 || len(r.Gold) == 0 {
			failed++
			continue
		}
		it, ok := t.Item(r.Item)
		if !ok {
			return failed, fmt.Errorf("results: item %q of the log is not in task %s", r.Item, t.Name)
		}
		texts := it.Choices
		if len(texts) == 0 {
			texts = it.Targets
		}
		prompt := t.Prompt(it, l.Header.Prompt.Shots, l.Header.Prompt.Seed)
		args := map[string]any{}
		var resps, filtered []any
		o := metric.Outcome{Gold: r.Gold}
		for i, c := range r.Choices {
			args["gen_args_"+strconv.Itoa(i)] = map[string]string{"arg_0": prompt, "arg_1": texts[i]}
			pair := []string{strconv.FormatFloat(c.Nats, 'g', -1, 64), map[bool]string{true: "True", false: "False"}[c.Greedy]}
			resps = append(resps, []any{pair})
			filtered = append(filtered, pair)
			o.Nats, o.Chars = append(o.Nats, c.Nats), append(o.Chars, c.Chars)
		}
		acc, err := metric.Accuracy.Value(o)
		if err != nil {
			return failed, fmt.Errorf("results: item %q: %w", r.Item, err)
		}
		norm, err := metric.AccuracyPerChar.Value(o)
		if err != nil {
			return failed, fmt.Errorf("results: item %q: %w", r.Item, err)
		}
		target := strconv.Itoa(r.Gold[0])
		line := map[string]any{
			"doc_id": n, "doc": map[string]any{"id": it.ID, "prompt": it.Prompt, "choices": texts, "gold": r.Gold}, "target": target,
			"arguments": args, "resps": resps, "filtered_resps": filtered, "filter": "none", "metrics": []string{"acc", "acc_norm"}, "acc": acc, "acc_norm": norm,
			"doc_hash": sum(it.ID + "\x00" + it.Prompt), "prompt_hash": sum(prompt), "target_hash": sum(target),
		}
		if err := enc.Encode(line); err != nil {
			return failed, err
		}
	}
	return failed, out.Flush()
}
