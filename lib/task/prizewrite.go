package task

import (
	"bufio"
	"fmt"
	"strconv"
)

// prizeCells returns the prize's columns for the task's type.
func prizeCells(t *Task) ([]column, error) {
	text := func(get func(*Item) string) func(*Item) (string, error) {
		return func(it *Item) (string, error) { return get(it), nil }
	}
	prompt := column{"prompt", text(func(it *Item) string { return it.Prompt })}
	classes := column{"classes", func(it *Item) (string, error) {
		if it.Scores != nil {
			return "", fmt.Errorf("the prize's format has no scores")
		}
		return quoteTexts(it.Choices), nil
	}}
	answer := column{"answer_index", func(it *Item) (string, error) {
		if len(it.Gold) != 1 {
			return "", fmt.Errorf("the prize's format has exactly one right choice, not %d", len(it.Gold))
		}
		return strconv.Itoa(it.Gold[0]), nil
	}}
	switch t.Type {
	case Classification, ClassificationAcc:
		return []column{prompt, classes, answer}, nil
	case LogOdds, AbsoluteLogOdds:
		other := column{"other_prompt", text(func(it *Item) string { return it.OtherPrompt })}
		return []column{prompt, other, classes, answer}, nil
	case SequenceProb:
		return []column{prompt, {"completion", func(it *Item) (string, error) {
			if len(it.Choices) != 1 {
				return "", fmt.Errorf("%d choices, want the one completion", len(it.Choices))
			}
			return it.Choices[0], nil
		}}}, nil
	case Numeric:
		return []column{prompt, {"true_answer", func(it *Item) (string, error) {
			if len(it.Targets) != 1 {
				return "", fmt.Errorf("%d true answers, want one", len(it.Targets))
			}
			return it.Targets[0], nil
		}}, {"anchor", text(func(it *Item) string { return it.Anchor })}}, nil
	}
	return nil, fmt.Errorf("type %s is not one of the prize's", t.Type)
}

func writePrizeCSV(w *bufio.Writer, t *Task) error {
	columns, err := prizeCells(t)
	if err != nil {
		return err
	}
	n := 0
	index := column{"", func(*Item) (string, error) { n++; return strconv.Itoa(n - 1), nil }}
	return rows(w, t, append([]column{index}, columns...))
}

func writePrizeJSONL(w *bufio.Writer, t *Task) error {
	columns, err := prizeCells(t)
	if err != nil {
		return err
	}
	for i := range t.Items {
		o := object{b: []byte{'{'}}
		for _, c := range columns {
			cell, err := c.cell(&t.Items[i])
			if err != nil {
				return fmt.Errorf("item %s: %s: %w", t.Items[i].ID, c.name, err)
			}
			o.key(c.name)
			if c.name == "answer_index" {
				o.b = append(o.b, cell...)
			} else {
				o.text(cell)
			}
		}
		if o.err != nil {
			return fmt.Errorf("item %s: %w", t.Items[i].ID, o.err)
		}
		if _, err := w.Write(append(o.b, "}\n"...)); err != nil {
			return err
		}
	}
	return nil
}
