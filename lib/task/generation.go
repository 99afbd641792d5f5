package task

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Answer cuts generated text as the task says. Of a BIG-bench task, everything
// behind the stop string is dropped (the stop string itself stays, as in its own
// code), then the first match of OutputRegex is taken, "" when there is none. Of
// other tasks the stop string is dropped too. OutputRegex is in the syntax of
// package regexp; what only Python's has is an error.
func (t *Task) Answer(output string) (string, error) {
	if t.Stop != "" {
		if i := strings.Index(output, t.Stop); t.Format == BigBench && i > 0 {
			output = output[:i+len(t.Stop)]
		} else if t.Format != BigBench && i >= 0 {
			output = output[:i]
		}
	}
	if t.OutputRegex == "" {
		return output, nil
	}
	re, err := regexp.Compile(t.OutputRegex)
	if err != nil {
		return "", fmt.Errorf("task: %s: output_regex: %w", t.Name, err)
	}
	switch m := re.FindStringSubmatch(output); {
	case m == nil:
		return "", nil
	case len(m) == 1:
		return m[0], nil
	case len(m) == 2: // as Python's findall: the one group
		return m[1], nil
	}
	return "", fmt.Errorf("task: %s: output_regex %q has more than one group", t.Name, t.OutputRegex)
}

// Exact reports whether generated text is one of the item's Targets after Answer
// (BIG-bench's exact_str_match); an item with choices and no Targets has the right
// choices for targets. Of other formats than BIG-bench, white space
// around both does not count.
func (t *Task) Exact(it *Item, output string) (bool, error) {
	answer, err := t.Answer(output)
	if err != nil {
		return false, err
	}
	targets := it.Targets
	if targets == nil {
		for _, g := range it.Gold {
			targets = append(targets, it.Choices[g])
		}
	}
	if t.Format == BigBench {
		return slices.Contains(targets, answer), nil
	}
	return slices.ContainsFunc(targets, func(target string) bool {
		return strings.TrimSpace(target) == strings.TrimSpace(answer)
	}), nil
}
