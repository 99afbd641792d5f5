package task

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

func init() {
	readers[PrizeCSV] = readPrizeCSV
	readers[PrizeJSONL] = readPrizeJSONL
}

// prizeNames maps the prize's names of columns, old ones included, to the
// present names.
var prizeNames = map[string]string{
	"filled_template": "prompt",
	"biased_prompt":   "other_prompt",
	"answer_ix":       "answer_index",
}

// prizeColumns are the columns with a meaning.
var prizeColumns = []string{"prompt", "other_prompt", "classes", "answer_index", "completion", "true_answer", "anchor"}

// prizeColumn returns the place of a column in prizeColumns, -1 for others.
func prizeColumn(name string) int {
	if n, ok := prizeNames[name]; ok {
		name = n
	}
	return slices.Index(prizeColumns, name)
}

// prizeType finds the type from which columns there are.
func prizeType(have func(string) bool) Type {
	switch {
	case have("other_prompt"):
		return LogOdds
	case have("true_answer") || have("anchor"):
		return Numeric
	case have("completion"):
		return SequenceProb
	case have("classes"):
		return Classification
	case have("prompt"):
		return SequenceProb
	}
	return ""
}

// prizeRow fills an item from the columns' texts, in the order of prizeColumns.
type prizeRow struct {
	typ     Type
	cell    [7]string
	present [7]bool
	list    []string // classes that came as a list
	// Most rows of a file have the same classes.
	lastClasses string
	lastList    []string
}

func (p *prizeRow) item(it *Item) error {
	get := func(name string) (string, bool) {
		i := slices.Index(prizeColumns, name)
		return p.cell[i], p.present[i]
	}
	var ok bool
	if it.Prompt, ok = get("prompt"); !ok {
		return fault("no-prompt", "the row has no prompt")
	}
	it.OtherPrompt, _ = get("other_prompt")
	switch p.typ {
	case Numeric:
		answer, ok := get("true_answer")
		if ok {
			it.Targets = []string{answer}
		}
		it.Anchor, _ = get("anchor")
		return nil
	case SequenceProb:
		completion, ok := get("completion")
		if !ok { // the old "single word" tasks: the last word is to be completed
			at := strings.LastIndexByte(it.Prompt, ' ')
			if at <= 0 {
				return fault("no-completion", "the row has no completion, and its prompt has no last word to take for it")
			}
			it.Prompt, completion = it.Prompt[:at], it.Prompt[at:]
		}
		if completion == "" {
			return fault("no-completion", "the completion is empty")
		}
		it.Choices, it.Gold = []string{completion}, []int{0}
		return nil
	}
	if p.list != nil {
		it.Choices = p.list
	} else {
		classes, ok := get("classes")
		if !ok || classes == "" {
			return fault("no-classes", "the row has no classes")
		}
		if classes != p.lastClasses || p.lastList == nil {
			list, err := parseTexts(classes)
			if err != nil {
				return fault("classes", "%v", err)
			}
			p.lastClasses, p.lastList = classes, list
		}
		it.Choices = slices.Clone(p.lastList)
	}
	answer, ok := get("answer_index")
	if !ok || answer == "" {
		return fault("no-answer", "the row has no answer_index")
	}
	// pandas writes 1.0 for a whole number beside an empty cell.
	gold, err := strconv.Atoi(strings.TrimSuffix(answer, ".0"))
	if err != nil {
		return fault("answer", "answer_index %q is not a whole number", answer)
	}
	it.Gold = []int{gold}
	return it.check()
}

// readPrizeCSV reads the prize's task CSV; see the package comment.
func readPrizeCSV(src *source, head *Task) (iter.Seq2[Item, error], error) {
	c := newCSV(src)
	header, err := c.header()
	if err != nil {
		return nil, err
	}
	places := make([]int, len(header))
	var have [7]bool
	for i, name := range header {
		places[i] = prizeColumn(name)
		if places[i] < 0 {
			continue
		}
		if have[places[i]] {
			return nil, fmt.Errorf("task: %s:1: two columns mean %q", src.name, prizeColumns[places[i]])
		}
		have[places[i]] = true
	}
	if !have[0] {
		return nil, fmt.Errorf("task: %s:1: no column \"prompt\" (or \"filled_template\") among %q", src.name, header)
	}
	if head.Type == "" {
		head.Type = prizeType(func(name string) bool { return have[prizeColumn(name)] })
	}
	head.FewShot.Separator = "\n\n"
	if head.Type == SequenceProb && !have[prizeColumn("completion")] {
		src.note("single-word", "no column \"completion\": the last word of each prompt is the completion, as in the prize's old single-word tasks")
	}
	row := prizeRow{typ: head.Type, present: have}
	var mem memory
	return c.items(header, func(i int, field []byte, it *Item) error {
		if p := places[i]; p >= 0 {
			row.cell[p] = mem.text(field)
			return nil
		}
		if header[i] == "" {
			it.note("index", mem.text(field))
		} else {
			it.note(header[i], mem.text(field))
		}
		return nil
	}, func(it *Item) error { return row.item(it) }), nil
}

// header reads the first row.
func (c *csvScanner) header() ([]string, error) {
	row, _, err := c.next()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("task: %s: the file is empty", c.src.name)
	}
	names := make([]string, len(row))
	for i, f := range row {
		names[i] = string(f)
	}
	return names, err
}

// items yields the rows below the header: field is called with every field of
// a row, finish behind the last.
func (c *csvScanner) items(header []string, field func(int, []byte, *Item) error, finish func(*Item) error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for n := 0; ; n++ {
			row, line, err := c.next()
			if errors.Is(err, io.EOF) {
				return
			}
			it := Item{Line: line}
			if err == nil && len(row) != len(header) {
				err = fault("columns", "%d fields where the header has %d", len(row), len(header))
			}
			for i := 0; err == nil && i < len(row); i++ {
				err = field(i, row[i], &it)
			}
			if err == nil {
				err = finish(&it)
			}
			if err != nil {
				var why reason
				var bad *SyntaxError
				if errors.As(err, &why) {
					err = c.src.skip(line, why.code, "%s", why.message)
				} else if !errors.As(err, &bad) {
					yield(Item{}, err)
					return
				}
				it = Item{}
			} else if it.ID == "" {
				it.ID = strconv.Itoa(n)
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// readPrizeJSONL reads the prize's data release, whose classes are a Python list
// inside a JSON text.
func readPrizeJSONL(src *source, head *Task) (iter.Seq2[Item, error], error) {
	var first keys
	if line := src.first(); line != nil {
		sc := newScanner(line)
		sc.object(func(key string) error {
			if n, ok := prizeNames[key]; ok {
				key = n
			}
			first = append(first, key)
			err := sc.skip()
			return err
		})
	}
	if head.Type == "" {
		head.Type = prizeType(first.has)
	}
	head.FewShot.Separator = "\n\n"
	row := prizeRow{typ: head.Type}
	var seen keys
	return src.lines(func(sc *scanner, it *Item) error {
		seen = seen[:0]
		row.present, row.list = [7]bool{}, nil
		err := sc.object(func(key string) error {
			if err := seen.add(key); err != nil {
				return err
			}
			i := prizeColumn(key)
			if i < 0 {
				word, err := sc.word()
				if err == nil {
					it.note(key, word)
				}
				return err
			}
			if row.present[i] {
				return fault("duplicate-key", "two keys mean %q", prizeColumns[i])
			}
			row.present[i] = true
			var err error
			switch {
			case prizeColumns[i] == "classes" && sc.peek() == '[':
				row.list, err = sc.texts()
			case slices.Contains([]string{"answer_index", "true_answer", "anchor"}, prizeColumns[i]):
				row.cell[i], err = sc.word()
			default:
				row.cell[i], err = sc.text()
			}
			return err
		})
		if err != nil {
			return err
		}
		return row.item(it)
	}), nil
}
