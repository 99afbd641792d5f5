package task

import (
	"errors"
	"fmt"
	"iter"
)

func init() { readers[JSONL] = readJSONL }

// lines yields every line that is a JSON object through a row function, which
// reads the object's values with the scanner; newRow makes one for each
// goroutine. Blank lines are counted as one problem; bytes that are no UTF-8 and
// whatever the row function refuses are skipped.
func (s *source) lines(newRow func() func(sc *scanner, it *Item) error) iter.Seq2[Item, error] {
	return s.pipeline(s.byLine, func() *worker {
		row := newRow()
		return &worker{src: s, split: splitLines, make: func(w *worker, line []byte, _ []span, it *Item) error {
			w.sc.reset(line)
			if err := row(&w.sc, it); err != nil {
				return err
			}
			return w.sc.end()
		}}
	})
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// keys notices keys that occur twice in an object: of two values, one would be
// lost in silence.
type keys []string

func (k *keys) add(key string) error {
	for _, have := range *k {
		if have == key {
			return fault("duplicate-key", "key %q occurs twice", key)
		}
	}
	*k = append(*k, key)
	return nil
}

// rowKeys is keys for rows that mostly have the same ones in the same order: what
// the row before had is known to be different.
type rowKeys struct {
	keys
	n int // how many this row has had
}

func (k *rowKeys) next() { k.n = 0 }

func (k *rowKeys) add(key string) error {
	if k.n < len(k.keys) && k.keys[k.n] == key {
		k.n++
		return nil
	}
	k.keys = k.keys[:k.n]
	k.n++
	return k.keys.add(key)
}

func (it *Item) note(key, value string) {
	if it.Meta == nil {
		it.Meta = make(map[string]string, 4)
	}
	it.Meta[key] = value
}

// readJSONL reads our own JSON Lines: see the package comment.
func readJSONL(src *source, head *Task) (iter.Seq2[Item, error], error) {
	head.FewShot.Separator = "\n\n"
	listed := src.listed()
	var row []byte // the first item
	if line := src.headLine(listed); line != nil {
		row = trimSpace(line)
		sc := newScanner(line)
		h := *head
		found, err := readHead(sc, &h, src)
		if err == nil {
			err = sc.end()
		}
		switch {
		case found && err != nil:
			return nil, src.skip(1, "head", "the head of the file: %v", err)
		case found:
			*head, row = h, nil
		}
	}
	if head.Type == "" {
		first, ok := src.shape() // behind a head, or in a list
		if len(row) > 0 && row[0] == '{' {
			first, ok = shapeOf(row), true
		}
		if ok {
			head.Type = ownType(first.keys.has)
		}
	}
	return src.rows(func() func(*scanner, *Item) error {
		return func(sc *scanner, it *Item) error {
			return sc.item(it, it.Line == 1 && !listed)
		}
	})
}

// item reads an item of ours. Where a head may stand, errHead says that it does.
func (s *scanner) item(it *Item, mayHead bool) error {
	s.seen.next()
	hasTask, hasPrompt, hasGold, task := false, false, false, ""
	err := s.object(func(key string) (err error) {
		if err := s.seen.add(key); err != nil {
			return err
		}
		switch key {
		case "task": // of a head, or a column of a row's
			hasTask = true
			task, err = s.word()
		case "id":
			it.ID, err = s.text()
			if err == nil && it.ID == "" {
				return fault("id", "the id is empty")
			}
		case "prompt":
			hasPrompt = true
			it.Prompt, err = s.text()
		case "other_prompt":
			it.OtherPrompt, err = s.text()
		case "choices":
			it.Choices, err = s.texts()
		case "gold":
			hasGold = true
			it.Gold, err = s.gold()
		case "scores":
			it.Scores, err = s.numbers()
		case "targets":
			it.Targets, err = s.textOrTexts()
		case "anchor":
			it.Anchor, err = s.word()
		case "meta":
			err = s.meta(it)
		default:
			var value string
			if value, err = s.word(); err == nil {
				err = it.noteOnce(key, value)
			}
		}
		if err != nil && !errors.As(err, new(reason)) {
			return fmt.Errorf("%s: %w", key, err)
		}
		return err
	})
	switch {
	case hasTask && !hasPrompt && mayHead:
		return errHead
	case err != nil:
		return err
	case hasTask && !hasPrompt:
		return fault("head", "a second head: only the first line may have the key \"task\"")
	case hasTask:
		if err := it.noteOnce("task", task); err != nil {
			return err
		}
	}
	switch {
	case !hasPrompt:
		return fault("no-prompt", "the item has no \"prompt\"")
	case !hasGold && it.Scores != nil:
		it.Gold = best(it.Scores)
	}
	return it.check()
}

// meta reads the object of an item's other fields.
func (s *scanner) meta(it *Item) error {
	return s.object(func(key string) error {
		value, err := s.word()
		if err != nil {
			return err
		}
		return it.noteOnce(key, value)
	})
}

func (it *Item) noteOnce(key, value string) error {
	if _, twice := it.Meta[key]; twice {
		return fault("duplicate-key", "key %q occurs twice in meta", key)
	}
	it.note(key, value)
	return nil
}

// again is as add for files that other tools have read: they take the last of the
// values, and so do we, but say so.
func (s *scanner) again(k *keys, line int, key string) {
	if k.add(key) != nil {
		s.notes = append(s.notes, Problem{"duplicate-key", line, fmt.Sprintf("key %q occurs twice; the last value counts, as in other tools", key)})
	}
}

func (k keys) has(key string) bool {
	for _, have := range k {
		if have == key {
			return true
		}
	}
	return false
}

// check refuses items whose parts do not fit together, and sorts Gold.
func (it *Item) check() error {
	for i, g := range it.Gold {
		if g < 0 || g >= len(it.Choices) {
			return fault("gold", "gold %d is not one of %d choices", g, len(it.Choices))
		}
		if i > 0 && g == it.Gold[i-1] {
			return fault("gold", "gold %d is named twice", g)
		}
	}
	if it.Scores != nil && len(it.Scores) != len(it.Choices) {
		return fault("scores", "%d scores for %d choices", len(it.Scores), len(it.Choices))
	}
	return nil
}

// best returns the places of the highest score, ascending.
func best(scores []float64) []int {
	var list []int
	for i, s := range scores {
		switch {
		case len(list) == 0 || s > scores[list[0]]:
			list = append(list[:0], i)
		case s == scores[list[0]]:
			list = append(list, i)
		}
	}
	return list
}

// readHead reads the head of a file of ours, and reports whether it is one: an
// object with the key "task" and no prompt.
func readHead(sc *scanner, head *Task, src *source) (found bool, err error) {
	var unknown, seen keys
	err = sc.object(func(key string) (err error) {
		if err := seen.add(key); err != nil {
			return err
		}
		switch key {
		case "task":
			found = true
			head.Name, err = sc.text()
		case "type":
			var t string
			t, err = sc.text()
			if head.Type == "" {
				head.Type = Type(t)
			}
		case "description":
			head.Description, err = sc.text()
		case "licence", "license":
			head.Licence, err = sc.text()
		case "canary":
			head.Canary, err = sc.text()
		case "source":
			head.Source, err = sc.text()
		case "author":
			head.Author, err = sc.text()
		case "delimiter":
			head.Delimiter, err = sc.text()
		case "stop":
			head.Stop, err = sc.text()
		case "output_regex":
			head.OutputRegex, err = sc.text()
		case "metrics":
			head.Metrics, err = sc.texts()
		case "few_shot":
			err = sc.object(func(key string) (err error) {
				f := &head.FewShot
				switch key {
				case "prefix":
					f.Prefix, err = sc.text()
				case "input_prefix":
					f.InputPrefix, err = sc.text()
				case "output_prefix":
					f.OutputPrefix, err = sc.text()
				case "choice_prefix":
					f.ChoicePrefix, err = sc.text()
				case "separator":
					f.Separator, err = sc.text()
				case "fixed":
					var word string
					word, err = sc.literal()
					f.Fixed = word == "true"
				case "pool":
					f.Pool = []Item{}
					err = sc.array(func() error {
						var it Item
						err := sc.item(&it, false)
						f.Pool = append(f.Pool, it)
						return err
					})
				default:
					unknown = append(unknown, "few_shot."+key)
					err = sc.skip()
				}
				return err
			})
		default:
			unknown = append(unknown, key)
			err = sc.skip()
		}
		return err
	})
	found = found && !unknown.has("prompt")
	if found && len(unknown) > 0 {
		src.note("head", "keys of the head that have no meaning: %q", []string(unknown))
	}
	return found, err
}
