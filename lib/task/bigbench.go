package task

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
)

func init() {
	readers[BigBench] = readBigBench
	readers[BigBenchHard] = readBigBenchHard
}

// document is a file that is one JSON value, read as a whole.
type document struct {
	src *source
	sc  *scanner
	// notes are the problems in front of the items.
	notes []Problem
}

func newDocument(src *source) (*document, error) {
	first := src.line + 1
	b, err := src.all()
	if err != nil {
		return nil, err
	}
	d := &document{src: src, sc: newScanner(b)}
	if at := checkUTF8(b); at >= 0 {
		return nil, src.skip(d.sc.line(at, first), "utf8", "byte %#x is not UTF-8", b[at])
	}
	return d, nil
}

// fail makes an error of what went wrong where the scanner stands.
func (d *document) fail(err error) error {
	var bad *SyntaxError
	if err == nil || errors.As(err, &bad) {
		return err
	}
	return d.at(d.sc.pos, err)
}

func (d *document) at(pos int, err error) *SyntaxError {
	line := d.sc.line(pos, 1)
	var why reason
	if errors.As(err, &why) {
		return d.src.skip(line, why.code, "%s", why.message)
	}
	return d.src.skip(line, "json", "%v", err)
}

// members reads the object's keys with member, and notes where the value of
// list stands; it checks the whole document first, so that a fault anywhere in
// it is found before the first item.
func (d *document) members(list string, member func(key string) error) (pos int, err error) {
	pos = -1
	var seen keys
	err = d.sc.object(func(key string) error {
		d.sc.again(&seen, d.sc.line(d.sc.pos, 1), key)
		if key == list {
			pos = d.sc.pos
			err := d.sc.skip()
			return err
		}
		return member(key)
	})
	if err == nil {
		err = d.sc.end()
	}
	switch {
	case err != nil || pos >= 0:
	case seen.has("subtasks"):
		err = fault("no-examples", "no key %q: they are in the files of its \"subtasks\" (subtask/task.json), to be loaded one by one", list)
	default:
		err = fault("no-examples", "no key %q among %q", list, []string(seen))
	}
	d.notes = slices.Clone(d.sc.notes)
	return pos, d.fail(err)
}

// items yields the objects of the list at pos.
func (d *document) items(pos int, row func(it *Item) error) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		d.sc.pos = pos
		d.sc.notes = slices.Clone(d.notes)
		n, line, counted := 0, 1, 0
		err := d.sc.array(func() error {
			d.sc.space()
			start := d.sc.pos
			line += bytes.Count(d.sc.b[counted:start], []byte("\n"))
			counted = start
			it := Item{Line: line}
			err := row(&it)
			if err == nil && it.ID == "" {
				it.ID = strconv.Itoa(n)
			}
			n++
			if err != nil {
				// The document is sound JSON, as members has found: go on behind this item.
				err = d.src.located(line, err)
				it = Item{}
				d.sc.pos = start
				d.sc.depth = 1
				if err := d.sc.skip(); err != nil {
					return err
				}
			}
			if !yield(it, err) {
				return errStop
			}
			return nil
		})
		switch {
		case errors.Is(err, errStop):
		case err != nil:
			yield(Item{}, d.fail(err))
		default:
			d.src.notes = append(d.src.notes, d.sc.notes...)
		}
	}
}

var errStop = errors.New("the caller has had enough")

// readBigBench reads BIG-bench's task.json (Srivastava et al. 2022,
// arXiv:2206.04615; its documentation names the fields and defaults).
func readBigBench(src *source, head *Task) (iter.Seq2[Item, error], error) {
	few := &head.FewShot
	few.InputPrefix, few.OutputPrefix, few.Separator = "\nQ: ", "\nA: ", "\n"
	if keys, bare := src.bareExamples(); bare {
		few.ChoicePrefix = "\n  choice: "
		if head.Type == "" && !keys.has("target_scores") {
			head.Type = Generation
		}
		return src.rows(func() func(*scanner, *Item) error {
			return func(sc *scanner, it *Item) error { return sc.bigBench(it, few, few.ChoicePrefix, true) }
		})
	}
	d, err := newDocument(src)
	if err != nil {
		return nil, err
	}
	sc := d.sc
	choicePrefix, appendChoices, preferred := "\n  choice: ", true, ""
	text := func(to *string) error {
		if sc.peek() == 'n' { // null: the default
			_, err := sc.literal()
			return err
		}
		s, err := sc.text()
		if err == nil {
			*to = s
		}
		return err
	}
	words := func(to *string) (err error) { // what only people read may be of any kind
		*to, err = sc.word()
		return err
	}
	pos, err := d.members("examples", func(key string) (err error) {
		switch key {
		case "name":
			err = text(&head.Name)
		case "description":
			err = words(&head.Description)
		case "canary":
			err = words(&head.Canary)
		case "task_prefix":
			err = text(&few.Prefix)
		case "example_input_prefix":
			err = text(&few.InputPrefix)
		case "example_output_prefix":
			err = text(&few.OutputPrefix)
		case "few_shot_example_separator":
			err = text(&few.Separator)
		case "choice_prefix":
			err = text(&choicePrefix)
		case "stop_string":
			err = text(&head.Stop)
		case "output_regex":
			err = text(&head.OutputRegex)
		case "preferred_score":
			err = words(&preferred)
		case "metrics":
			if c := sc.peek(); c == '[' || c == '"' {
				head.Metrics, err = sc.textOrTexts()
			} else {
				err = sc.skip()
			}
		case "append_choices_to_input":
			var word string
			word, err = sc.raw()
			appendChoices = !slices.Contains(falsy, word)
		default:
			err = sc.skip()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if appendChoices {
		few.ChoicePrefix = choicePrefix
	}
	scored := false // whether any example has target_scores
	for it, err := range d.items(pos, sc.example) {
		if err == nil && it.Choices != nil {
			scored = true
			break
		}
	}
	if head.Type == "" {
		head.Type = Classification
		if !scored || preferred == "exact_str_match" {
			head.Type = Generation
		}
	}
	if head.Stop == "" && head.OutputRegex == "" && slices.Contains(head.Metrics, "exact_str_match") {
		head.OutputRegex = `[^\.\?\!\;\n]+` // BIG-bench's default when neither is given
	}
	return d.items(pos, func(it *Item) error { return sc.bigBench(it, few, choicePrefix, appendChoices) }), nil
}

// falsy are the values that BIG-bench's program, in Python, takes for false.
var falsy = []string{"false", "0", "0.0", "null", `""`, "[]", "{}"}

// bigBench reads one example and lays it out.
func (sc *scanner) bigBench(it *Item, few *FewShot, choicePrefix string, appendChoices bool) error {
	if err := sc.example(it); err != nil {
		return err
	}
	prompt := few.Prefix + few.InputPrefix + it.Prompt
	if appendChoices {
		for _, c := range it.Choices {
			prompt += choicePrefix + c
		}
	}
	it.Prompt = prompt + few.OutputPrefix
	return nil
}

// bareExamples reports whether the file is nothing but examples, one a line or
// in a list, and which keys the first has.
func (s *source) bareExamples() (keys, bool) {
	shape, ok := s.shape()
	return shape.keys, ok && shape.keys.has("input") && !shape.keys.has("examples")
}

// example reads one example; the item's prompt is its bare input.
func (sc *scanner) example(it *Item) error {
	var seen keys
	err := sc.object(func(key string) (err error) {
		sc.again(&seen, it.Line, key)
		switch key {
		case "input":
			if c := sc.peek(); c == '-' || c >= '0' && c <= '9' {
				it.Prompt, err = sc.word()
			} else {
				it.Prompt, err = sc.text()
			}
		case "target":
			it.Targets = nil
			if sc.peek() == '[' {
				err = sc.array(func() error {
					word, err := sc.word()
					it.Targets = append(it.Targets, word)
					return err
				})
			} else {
				var word string
				word, err = sc.word()
				it.Targets = []string{word}
			}
		case "target_scores":
			it.Choices, it.Scores = []string{}, []float64{}
			err = sc.object(func(choice string) error {
				return sc.scored(it, choice)
			})
		default:
			var word string
			if word, err = sc.word(); err == nil {
				it.note(key, word)
			}
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !seen.has("input"):
		return fault("no-prompt", "the example has no \"input\"")
	case it.Choices == nil && it.Targets == nil:
		return fault("no-answer", "the example has neither \"target\" nor \"target_scores\"")
	}
	it.settle()
	return nil
}

// scored reads the score of a choice. Of a choice that occurs twice the last
// score counts, as in other tools, in the place of the first.
func (s *scanner) scored(it *Item, choice string) error {
	score, err := s.score()
	if i := slices.Index(it.Choices, choice); i >= 0 {
		s.notes = append(s.notes, Problem{"duplicate-choice", it.Line, fmt.Sprintf("the choice %q occurs twice among the scores; the last score counts, as in other tools", choice)})
		it.Scores[i] = score
		return err
	}
	it.Choices = append(it.Choices, choice)
	it.Scores = append(it.Scores, score)
	return err
}

// score reads a number, or true and false as 1 and 0.
func (s *scanner) score() (float64, error) {
	if c := s.peek(); c == 't' || c == 'f' {
		word, err := s.literal()
		return float64(b2i(word == "true")), err
	}
	return s.number()
}

// settle finds Gold from Scores, and drops scores that only repeat it. Where no
// score is above 0 and all are equal, nothing is right.
func (it *Item) settle() {
	if it.Scores == nil {
		return
	}
	if it.Gold = best(it.Scores); len(it.Gold) == len(it.Scores) && len(it.Gold) > 0 && it.Scores[0] <= 0 {
		it.Gold = nil
		return
	}
	for i, s := range it.Scores {
		if right := it.Right(i); s != float64(b2i(right)) {
			return
		}
	}
	it.Scores = nil
}
