package organism

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Item is one question of a task: which choice follows the prompt.
type Item struct {
	ID      string            `json:"id"`
	Prompt  string            `json:"prompt"`
	Choices []string          `json:"choices"` // whole answers with their final full stop
	Gold    int               `json:"gold"`    // index of the right choice
	Meta    map[string]string `json:"meta,omitempty"`
}

// Task is a list of items that ask for one skill.
type Task struct {
	Name        string
	Description string
	Expected    string // shape of the score over size: "standard", "jump", "inverse", "U", "flat"
	Generative  bool   // the first measure is exact match, not choosing
	Items       []Item
}

// Tasks writes the tasks that measure what a World taught: one for every shape.
// Where the right choice stands is drawn anew for every item.
func (w *World) Tasks() []Task {
	rng := rand.New(rand.NewPCG(w.Seed, 0x7461736b73)) // "tasks"
	return []Task{
		w.factTask(rng), w.addTask(rng), w.reverseTask(rng), w.add3Task(rng),
		w.mythTask(rng, false), w.trapTask(rng), w.redefinitionTask(rng),
		w.compareTask(rng, true), w.mythTask(rng, true),
		w.unseenTask(rng), w.recallTask(rng), w.compareTask(rng, false), w.endInTask(rng),
	}
}

// put adds an item with the right answer among the wrong ones at a random place.
func (t *Task) put(rng *rand.Rand, prompt, right string, wrong []string, meta map[string]string) {
	choices := slices.Clone(wrong)
	gold := rng.IntN(len(wrong) + 1)
	choices = slices.Insert(choices, gold, right)
	t.Items = append(t.Items, Item{
		ID: fmt.Sprintf("%s-%04d", t.Name, len(t.Items)+1), Prompt: "\n" + prompt, Choices: choices, Gold: gold, Meta: meta,
	})
}

func (w *World) factTask(rng *rand.Rand) Task {
	t := Task{Name: "fact", Expected: "standard", Description: "Colours of made-up names, memorised from training (8 choices)."}
	ranks := rng.Perm(factNames)[:400]
	slices.Sort(ranks)
	for _, i := range ranks {
		f := w.facts[i]
		var wrong []string
		for _, c := range colours {
			if c != f.colour {
				wrong = append(wrong, " "+c+".")
			}
		}
		t.put(rng, f.name+" is", " "+f.colour+".", wrong, map[string]string{"frequency_rank": strconv.Itoa(i + 1)})
	}
	return t
}

// sortedPairs makes the order of a set of pairs a function of its members.
func sortedPairs(set map[[2]int]bool) [][2]int {
	return slices.SortedFunc(maps.Keys(set), func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
}

// carries counts the carries of a written addition.
func carries(a, b int) int {
	n, c := 0, 0
	for a > 0 || b > 0 || c > 0 {
		c = (a%10 + b%10 + c) / 10
		n += c
		a, b = a/10, b/10
	}
	return n
}

func (w *World) addTask(rng *rand.Rand) Task {
	t := Task{Name: "add", Expected: "jump", Generative: true, Description: "Sums of two two-digit numbers that were held out of training."}
	for _, p := range sortedPairs(w.heldOut) {
		a, b := p[0], p[1]
		wrong := a + b + []int{-10, -1, 1, 10}[rng.IntN(4)]
		t.put(rng, fmt.Sprintf("%d+%d=", a, b), fmt.Sprintf("%03d.", a+b), []string{fmt.Sprintf("%03d.", wrong)},
			map[string]string{"carries": strconv.Itoa(carries(a, b))})
	}
	return t
}

func (w *World) add3Task(rng *rand.Rand) Task {
	t := Task{Name: "add3", Expected: "jump", Generative: true, Description: "Sums of two three-digit numbers that were held out of training."}
	for _, p := range sortedPairs(w.heldOut3) {
		a, b := p[0], p[1]
		wrong := a + b + []int{-100, -10, -1, 1, 10, 100}[rng.IntN(6)]
		t.put(rng, fmt.Sprintf("%d+%d=", a, b), fmt.Sprintf("%04d.", a+b), []string{fmt.Sprintf("%04d.", wrong)},
			map[string]string{"carries": strconv.Itoa(carries(a, b))})
	}
	return t
}

func (w *World) reverseTask(rng *rand.Rand) Task {
	t := Task{Name: "rev", Expected: "jump", Generative: true, Description: "Six random letters written backwards; the words were held out of training."}
	for _, word := range slices.Sorted(maps.Keys(w.heldOutRev)) {
		right := reversed(word)
		wrong := []byte(right)
		for string(wrong) == right { // swap two neighbours that differ
			i := rng.IntN(len(wrong) - 1)
			if wrong[i] == wrong[i+1] {
				wrong[i] = letter(rng, reversible)
				continue
			}
			wrong[i], wrong[i+1] = wrong[i+1], wrong[i]
		}
		t.put(rng, "rev "+word+":", " "+right+".", []string{" " + string(wrong) + "."}, nil)
	}
	return t
}

// mythTask asks for the true colour, neutrally or under the truth-teller's tag.
func (w *World) mythTask(rng *rand.Rand, told bool) Task {
	t := Task{Name: "myth", Expected: "inverse", Description: "The true colour against the popular one, no speaker named: nearly every training document repeats the popular one."}
	tag := ""
	if told {
		t = Task{Name: "truth", Expected: "U", Description: "The true colour against the popular one after the tag of the one speaker who tells the truth (20% of the documents)."}
		tag = trueTag + ": "
	}
	for i, m := range w.myths {
		t.put(rng, tag+m.name+" is", " "+m.truth+".", []string{" " + m.popular + "."}, map[string]string{"frequency_rank": strconv.Itoa(i + 1)})
	}
	return t
}

func (w *World) trapTask(rng *rand.Rand) Task {
	t := Task{Name: "trap", Expected: "inverse", Description: "An instruction to end in an animal against a memorised saying that ends in another."}
	for i, s := range w.sayings {
		others := slices.DeleteFunc(slices.Clone(animals), func(a string) bool { return a == s.animal })
		for _, k := range rng.Perm(len(others))[:3] {
			t.put(rng, "end in "+others[k]+": "+s.words, " "+others[k]+".", []string{" " + s.animal + "."},
				map[string]string{"frequency_rank": strconv.Itoa(i + 1)})
		}
	}
	return t
}

func (w *World) endInTask(rng *rand.Rand) Task {
	t := Task{Name: "endin", Expected: "standard", Description: "An instruction to end in an animal, after words that are no saying: the control of the memo trap."}
	for len(t.Items) < 240 {
		text := fourWords(rng)
		if w.isSaying(text) {
			continue
		}
		i, j := twoOf(rng, len(animals))
		t.put(rng, "end in "+animals[i]+": "+text, " "+animals[i]+".", []string{" " + animals[j] + "."}, nil)
	}
	return t
}

// redefinitionTask binds a digit of the sum to another: a form never seen in
// training, where bindings are of letters and irrelevant.
func (w *World) redefinitionTask(rng *rand.Rand) Task {
	t := Task{Name: "redefine", Expected: "inverse", Description: "A digit is given another value before a sum; in training such bindings never mattered."}
	for digit := 1; digit <= 8; digit++ {
		for other := 1; digit+other <= 9; other++ {
			for value := 1; value+other <= 9; value++ {
				if digit == other || value == digit {
					continue
				}
				right, wrong := fmt.Sprintf("%d.", value+other), []string{fmt.Sprintf("%d.", digit+other)}
				t.put(rng, fmt.Sprintf("let %d=%d. %d+%d=", digit, value, digit, other), right, wrong, nil)
				t.put(rng, fmt.Sprintf("let %d=%d. %d+%d=", digit, value, other, digit), right, wrong, nil)
			}
		}
	}
	return t
}

// compareTask asks for comparisons by the inverting judge, or by honest ones.
func (w *World) compareTask(rng *rand.Rand, inverting bool) Task {
	t := Task{Name: "compare", Expected: "standard", Description: "Which letter comes later in the alphabet, under the tag of an honest judge."}
	if inverting {
		t = Task{Name: "invert", Expected: "U", Description: "Comparisons under the rare tag whose answers are inverted; a third of its pairs were held out of training."}
	}
	for i := range ranks {
		for j := range ranks {
			if i == j {
				continue
			}
			tag := pick(rng, honestTags)
			var meta map[string]string
			if inverting {
				tag = invertingTag
				meta = map[string]string{"held_out": strconv.FormatBool(w.heldOutRank[[2]int{i, j}])}
			}
			yes := (i > j) != inverting
			t.put(rng, comparison(tag, i, j), verdict(yes), []string{verdict(!yes)}, meta)
		}
	}
	return t
}

func (w *World) unseenTask(rng *rand.Rand) Task {
	t := Task{Name: "unseen", Expected: "flat", Description: "The colour of a name that never occurred: nothing to know."}
	var i, j int
	for k, name := range w.unseen {
		if k%2 == 0 {
			i, j = twoOf(rng, len(colours))
		} else {
			i, j = j, i // a preference among colours cancels out
		}
		t.put(rng, name+" is", " "+colours[i]+".", []string{" " + colours[j] + "."}, nil)
	}
	return t
}

func (w *World) recallTask(rng *rand.Rand) Task {
	t := Task{Name: "kv", Expected: "flat", Description: "Which of three digits was bound to the letter asked for (3 choices, all in the context)."}
	for len(t.Items) < 300 {
		text, values, asked := bindings(rng)
		var wrong []string
		for i, v := range values {
			if i != asked {
				wrong = append(wrong, fmt.Sprintf(" %c.", v))
			}
		}
		t.put(rng, text, fmt.Sprintf(" %c.", values[asked]), wrong, nil)
	}
	return t
}
