package task

import (
	"fmt"
	"iter"
	"slices"
	"strings"
)

func init() {
	readers[TruthfulQACSV] = readTruthfulQACSV
	readers[TruthfulQAMC] = readTruthfulQAMC
}

// The variants of TruthfulQA (Lin et al. 2022, arXiv:2109.07958).
const (
	// MC1 has one right answer, which is always the first choice: a tie must not
	// be broken by position.
	MC1 = "mc1"
	// MC2 has every true and every false answer; the score is the share of
	// probability on the true ones.
	MC2 = "mc2"
)

// truthfulQA lays out one question.
func (it *Item) truthfulQA(question string, right, wrong []string) error {
	if question == "" {
		return fault("no-prompt", "the question is empty")
	}
	it.Prompt = "Q: " + question + "\nA:"
	for i, a := range slices.Concat(right, wrong) {
		if i < len(right) {
			it.Gold = append(it.Gold, i)
		}
		it.Choices = append(it.Choices, " "+a)
	}
	if len(right) == 0 || len(wrong) == 0 || right[0] == "" {
		return fault("no-answer", "the question needs a right and a wrong answer")
	}
	return nil
}

func truthfulQAHead(head *Task) error {
	head.FewShot = FewShot{InputPrefix: "Q: ", OutputPrefix: "\nA:", Separator: "\n\n"}
	head.Delimiter = " "
	switch head.Variant {
	case "":
		head.Variant = MC1
	case MC1:
	case MC2:
	default:
		return fmt.Errorf("task: %s: variant %q of TruthfulQA is neither %q nor %q", head.File, head.Variant, MC1, MC2)
	}
	return nil
}

// readTruthfulQACSV reads the questions' CSV, whose answers are lists with
// semicolons. With MC1, the choices are the best answer and the incorrect ones;
// with MC2 the correct and the incorrect ones.
func readTruthfulQACSV(src *source, head *Task) (iter.Seq2[Item, error], error) {
	if err := truthfulQAHead(head); err != nil {
		return nil, err
	}
	c := newCSV(src)
	header, err := c.header()
	if err != nil {
		return nil, err
	}
	needed := []string{"Question", "Best Answer", "Incorrect Answers"}
	if head.Variant == MC2 {
		needed[1] = "Correct Answers"
	}
	for _, name := range needed {
		if !slices.Contains(header, name) {
			return nil, fmt.Errorf("task: %s:1: no column %q among %q", src.name, name, header)
		}
	}
	variant := head.Variant
	return c.items(header, func() csvRow {
		var question, best string
		var correct, incorrect []string
		return csvRow{
			field: func(_ *worker, i int, cell []byte, it *Item) error {
				field := string(cell)
				switch header[i] {
				case "Question":
					question = field
				case "Best Answer":
					best = field
				case "Correct Answers":
					correct = splitAnswers(field)
				case "Incorrect Answers":
					incorrect = splitAnswers(field)
				default:
					it.note(header[i], field)
				}
				return nil
			},
			finish: func(it *Item) error {
				if variant == MC1 {
					return it.truthfulQA(question, []string{best}, incorrect)
				}
				return it.truthfulQA(question, correct, incorrect)
			},
		}
	}), nil
}

// splitAnswers splits at semicolons; the space behind them is no part of an
// answer, nor is nothing behind the last.
func splitAnswers(field string) []string {
	var list []string
	for a := range strings.SplitSeq(field, ";") {
		if a = strings.Trim(a, " "); a != "" {
			list = append(list, a)
		}
	}
	return list
}

// readTruthfulQAMC reads the multiple-choice file: a list of questions with
// mc1_targets and mc2_targets, whose order is kept. Exports of the data set at
// Hugging Face are read too: a question a line, and targets as two lists,
// "choices" and "labels".
func readTruthfulQAMC(src *source, head *Task) (iter.Seq2[Item, error], error) {
	if err := truthfulQAHead(head); err != nil {
		return nil, err
	}
	variant := head.Variant
	return src.rows(func() func(*scanner, *Item) error {
		return func(sc *scanner, it *Item) error { return sc.truthfulQA(it, variant) }
	})
}

// truthfulQA reads one question.
func (sc *scanner) truthfulQA(it *Item, variant string) error {
	question := ""
	found := false
	var seen keys
	err := sc.object(func(key string) (err error) {
		sc.again(&seen, it.Line, key)
		switch key {
		case "question":
			question, err = sc.text()
		case variant + "_targets":
			found = true
			it.Choices, it.Scores = []string{}, []float64{}
			listed, first := false, true
			err = sc.object(func(choice string) (err error) {
				list := sc.peek() == '['
				if listed = listed || first && list; listed != list {
					return fault("answer", "%q stands beside others as a %s: want only answers with scores, or only the lists \"choices\" and \"labels\"", choice, map[bool]string{true: "list", false: "score"}[list])
				}
				first = false
				switch {
				case !list:
					return sc.scored(it, " "+choice)
				case choice == "choices":
					it.Choices, err = sc.texts()
					for i, text := range it.Choices {
						it.Choices[i] = " " + text
					}
				case choice == "labels":
					it.Scores, err = sc.numbers()
				default:
					err = fault("answer", "%q is a list, but neither \"choices\" nor \"labels\"", choice)
				}
				return err
			})
		case "mc0_targets", "mc1_targets", "mc2_targets":
			err = sc.skip()
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
	case question == "":
		return fault("no-prompt", "the entry has no \"question\"")
	case !found:
		return fault("no-answer", "the entry has no %q", variant+"_targets")
	case len(it.Scores) != len(it.Choices):
		return fault("scores", "%d labels for %d choices", len(it.Scores), len(it.Choices))
	}
	it.Prompt = "Q: " + question + "\nA:"
	it.settle()
	return nil
}
