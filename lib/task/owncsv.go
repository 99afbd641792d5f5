package task

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
)

func init() { readers[CSV] = readCSV }

// detectCSV finds the format of a comma-separated file by its header.
func detectCSV(s *source) (Format, error) {
	// The header is read from a copy of the file's start.
	c := newCSV(newSource(s.name, strings.NewReader(string(s.start()))))
	header, err := c.header()
	if err != nil {
		return "", err
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if slices.Contains(header, n) {
				return true
			}
		}
		return false
	}
	switch {
	case has("Question") && has("Best Answer", "Correct Answers"):
		return TruthfulQACSV, nil
	case has("classes") && has("answer_index", "answer_ix", "answer_idx"):
		return PrizeCSV, nil
	case has("choices", "choice_0", "gold", "targets"):
		return CSV, nil
	case has("prompt", "filled_template"):
		return PrizeCSV, nil
	}
	if isHarness(s.start()) {
		return HarnessYAML, nil
	}
	if len(header) == 1 && strings.Contains(header[0], "prompt") {
		for sep, name := range map[string]string{";": "semicolons", "\t": "tabs", "|": "vertical bars"} {
			if strings.Contains(header[0], sep) {
				return "", fmt.Errorf("task: %s: the first row is %.200q: its columns seem to be separated by %s; save the file with commas", s.name, header[0], name)
			}
		}
	}
	if strings.HasPrefix(header[0], "sep=") {
		return "", fmt.Errorf("task: %s: the first row is %q, which only Excel reads: leave it out", s.name, strings.Join(header, ","))
	}
	if has(resultColumns...) && !has("prompt") {
		return "", resultsError(s.name, "the prize", "columns", header)
	}
	for _, h := range header {
		if name := strings.ToLower(strings.TrimSpace(h)); h != name && slices.Contains([]string{"prompt", "classes", "choices", "gold"}, name) {
			return "", fmt.Errorf("task: %s: the columns are %.200q: write %q as %q", s.name, header, h, name)
		}
	}
	return "", fmt.Errorf("task: %s: neither JSON nor CSV with known columns: the first row is %.200q; a task needs a column \"prompt\", and for choices the columns \"choice_0\", \"choice_1\", ... and \"gold\" (the right one, from 0), or the prize's \"classes\" and \"answer_index\"", s.name, header)
}

// ownType finds the type of a task of ours that does not name it, from which
// keys or columns its items have.
func ownType(have func(string) bool) Type {
	switch {
	case have("other_prompt"):
		return LogOdds
	case have("anchor"):
		return Numeric
	case have("targets") && !have("choices"):
		return Generation
	}
	return Classification
}

// readCSV reads our own CSV; see the package comment.
func readCSV(src *source, head *Task) (iter.Seq2[Item, error], error) {
	c := newCSV(src)
	header, err := c.header()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(header, "prompt") {
		return nil, fmt.Errorf("task: %s:1: no column \"prompt\" among %q", src.name, header)
	}
	numbered := make([]int, len(header)) // which choice a column holds, else -1
	for i, name := range header {
		if slices.Contains(header[:i], name) {
			return nil, fmt.Errorf("task: %s:1: two columns are called %q", src.name, name)
		}
		numbered[i] = -1
		if n, ok := strings.CutPrefix(name, "choice_"); ok {
			k, err := strconv.Atoi(n)
			if err != nil || k < 0 || strconv.Itoa(k) != n {
				return nil, fmt.Errorf("task: %s:1: column %q is not choice_ and a whole number", src.name, name)
			}
			numbered[i] = k
		}
	}
	if head.Type == "" {
		head.Type = ownType(func(key string) bool {
			return slices.Contains(header, key) || key == "choices" && slices.Contains(header, "choice_0")
		})
	}
	head.FewShot.Separator = "\n\n"
	return c.items(header, func() csvRow { return ownRow(header, numbered) }), nil
}

// ownRow makes items of rows of ours. Numbered says which choice a column holds,
// or -1.
func ownRow(header []string, numbered []int) csvRow {
	hasGold := false // whether the row says which choices are right
	choices := map[int]string{}
	var last []byte // the last choices cell: most rows of a file have the same
	var lastList []string
	return csvRow{field: func(w *worker, i int, field []byte, it *Item) (err error) {
		if i == 0 {
			clear(choices) // a row may have been left in the middle
			hasGold = false
		}
		if len(field) == 0 && header[i] != "id" {
			// An item with fewer choices leaves the last columns empty.
			return nil
		}
		sc := &w.sc
		list := func(read func() error) error {
			sc.reset(field)
			if err := read(); err != nil {
				return err
			}
			return sc.end()
		}
		if numbered[i] >= 0 {
			choices[numbered[i]] = sc.mem.text(field)
			return nil
		}
		switch header[i] {
		case "id":
			if it.ID = sc.mem.text(field); len(field) == 0 {
				return fault("id", "the id is empty")
			}
		case "prompt":
			it.Prompt = sc.mem.text(field)
		case "other_prompt":
			it.OtherPrompt = sc.mem.text(field)
		case "anchor":
			it.Anchor = sc.mem.text(field)
		case "choices":
			if lastList == nil || !bytes.Equal(field, last) {
				err = list(func() error { lastList, err = sc.texts(); return err })
				last = append(last[:0], field...)
			}
			it.Choices = sc.mem.list(lastList)
		case "targets":
			if it.Targets = []string{string(field)}; field[0] == '[' {
				err = list(func() error { it.Targets, err = sc.texts(); return err })
			}
		case "scores":
			err = list(func() error { it.Scores, err = sc.numbers(); return err })
		case "gold":
			hasGold = true
			it.Gold, err = sc.golds(field)
		case "meta":
			err = list(func() error { return sc.meta(it) })
		default:
			err = it.noteOnce(header[i], sc.mem.text(field))
		}
		if err != nil {
			lastList = nil
			return fault(header[i], "%s: %v", header[i], err)
		}
		return nil
	}, finish: func(it *Item) error {
		if len(choices) > 0 {
			if it.Choices != nil {
				return fault("choices", "the row has both \"choices\" and numbered columns")
			}
			it.Choices = make([]string, len(choices))
			for k := range it.Choices {
				text, ok := choices[k]
				if !ok {
					return fault("choices", "choice_%d is empty, but a later one is not", k)
				}
				it.Choices[k] = text
			}
		}
		if !hasGold && it.Scores != nil {
			it.Gold = best(it.Scores)
		}
		return it.check()
	}}
}

// golds reads "0", "0 2" or "[0, 2]".
func (s *scanner) golds(field []byte) ([]int, error) {
	if c := field[0]; len(field) == 1 && c >= '0' && c <= '9' {
		return s.mem.one(int(c - '0')), nil
	}
	if s.reset(field); s.peek() == '[' {
		list, err := s.gold()
		if err == nil {
			err = s.end()
		}
		return list, err
	}
	var list []int
	for _, word := range bytes.Fields(field) {
		n, err := strconv.Atoi(string(word))
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", word)
		}
		list = append(list, n)
	}
	if list == nil {
		return nil, fmt.Errorf("%q is not a whole number", field)
	}
	slices.Sort(list)
	return list, nil
}
