package task

import (
	"fmt"
	"slices"
)

// shape is what the start of a JSON file shows of its first object.
type shape struct {
	list    bool // the object stands in a list
	keys    keys // of the object
	example keys // of the first of its "examples"
	targets bool // that example's "target" is a list
	cut     bool // the object goes on behind what was looked at
}

func (s shape) any(list ...string) bool { return slices.ContainsFunc(list, s.keys.has) }

// shapeOf looks at the first object of a JSON file that starts with { or [. The
// value may be cut off.
func shapeOf(b []byte) shape {
	sc := newScanner(b)
	s := shape{list: b[0] == '['}
	example := func() error {
		err := sc.object(func(key string) error {
			s.example = append(s.example, key)
			s.targets = s.targets || key == "target" && sc.peek() == '['
			return sc.skip()
		})
		if err == nil {
			err = errHead // one is enough
		}
		return err
	}
	first := func() error {
		return sc.object(func(key string) error {
			s.keys = append(s.keys, key)
			if key == "examples" && sc.peek() == '[' {
				at := sc.pos
				sc.array(example)
				sc.pos, sc.depth = at, 1
			}
			return sc.skip()
		})
	}
	var err error
	if s.list {
		err = sc.array(func() error {
			if err := first(); err != nil {
				return err
			}
			return errHead
		})
	} else {
		err = first()
	}
	s.cut = err != nil && err != errHead && sc.pos >= len(b)
	return s
}

// maxStart bounds how much of a file is looked at to see its first object, whose
// prompt may be long.
const maxStart = 64 << 20

// shape looks at the first object of a JSON file; ok is false where there is none.
func (s *source) shape() (sh shape, ok bool) {
	for size := window; ; size = min(8*size, maxStart) {
		b := trimSpace(s.peek(size))
		if len(b) == 0 || b[0] != '{' && b[0] != '[' {
			return sh, false
		}
		sh = shapeOf(b)
		whole := len(s.peek(size)) < size
		known := sh.example.has("target_scores") || sh.targets // no more is needed
		if !sh.cut || whole || known || size >= maxStart {
			return sh, true
		}
	}
}

// detectJSON finds the format of a file by its first object. Objects that are
// rows may stand on lines or in a list.
func detectJSON(name string, s shape) (Format, error) {
	if whose := s.keys.results(); whose != "" {
		return "", resultsError(name, whose, "keys", s.keys)
	}
	switch {
	case !s.list && s.any("examples"):
		// BIG-bench-hard has a canary and examples, each with one target.
		if s.any("name", "description", "keywords", "metrics", "preferred_score", "task_prefix") || s.example.has("target_scores") || s.targets {
			return BigBench, nil
		}
		return BigBenchHard, nil
	case s.any("mc1_targets", "mc2_targets"):
		return TruthfulQAMC, nil
	case s.any("ans0") && s.any("label"):
		return BBQ, nil
	case s.any("answer_matching_behavior", "answer_not_matching_behavior", "BLS_original_occupation") || s.any("corrects") && s.any("incorrects"):
		return ModelWritten, nil
	case s.any("classes") || !s.any("choices", "gold") && s.any("answer_index", "completion", "true_answer", "filled_template", "biased_prompt"):
		return PrizeJSONL, nil
	case s.any("prompt"), !s.list && s.any("task"):
		return JSONL, nil
	case !s.list && s.any("metrics", "preferred_score", "keywords"):
		return BigBench, nil
	case s.any("input") && s.any("target_scores"):
		return BigBench, nil // nothing but examples
	case s.any("input") && s.any("target"):
		return BigBenchHard, nil
	}
	return "", fmt.Errorf("task: %s: JSON with the keys %q is none of the formats %v; our own has \"prompt\", \"choices\" and \"gold\" (see lib/task), and Options.Format or --format says which it is", name, []string(s.keys), Formats)
}
