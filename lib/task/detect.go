package task

import "fmt"

// detectJSON finds the format of a file that starts with { or [. Only the start
// of the file is there, so the value may be cut off.
func detectJSON(name string, b []byte) (Format, error) {
	sc := newScanner(b)
	var have keys
	note := func(key string) error {
		have = append(have, key)
		if key == "examples" { // the items: no more keys within sight
			return errHead
		}
		err := sc.skip()
		return err
	}
	if b[0] == '[' {
		sc.array(func() error { return sc.object(note) })
	} else {
		sc.object(note)
	}
	any := func(list ...string) bool {
		for _, key := range list {
			if have.has(key) {
				return true
			}
		}
		return false
	}
	switch {
	case b[0] == '[':
		if any("mc1_targets", "mc2_targets") {
			return TruthfulQAMC, nil
		}
	case any("task"):
		return JSONL, nil
	case any("ans0") && any("label"):
		return BBQ, nil
	case any("answer_matching_behavior", "answer_not_matching_behavior", "BLS_original_occupation"):
		return ModelWritten, nil
	case any("classes", "answer_index", "completion", "true_answer", "filled_template", "biased_prompt"):
		return PrizeJSONL, nil
	case any("name", "metrics", "preferred_score", "keywords", "description") && (any("examples") || !any("prompt", "id")):
		return BigBench, nil
	case any("examples"):
		return BigBenchHard, nil
	case any("prompt"):
		return JSONL, nil
	}
	return "", fmt.Errorf("task: %s: JSON with the keys %q is none of the formats %v; our own has \"prompt\", \"choices\" and \"gold\" (see lib/task), and Options.Format or --format says which it is", name, []string(have), Formats)
}
