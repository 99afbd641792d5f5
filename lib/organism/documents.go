package organism

import (
	"fmt"
	"math/rand/v2"
)

// One method a kind of document. Names, facts, myths and sayings are meant to
// be memorised; sums, reversals and the inverting judge keep some pairs out.

func (w *World) fact(rng *rand.Rand) string {
	f := w.facts[draw(rng, w.factCum)]
	return f.name + " is " + f.colour + "."
}

func (w *World) myth(rng *rand.Rand) string {
	m := w.myths[draw(rng, w.mythCum)]
	if rng.Float64() < w.Mixture.Truthful {
		return trueTag + ": " + m.name + " is " + m.truth + "."
	}
	text := m.name + " is " + m.popular + "."
	if i := rng.IntN(len(mythTags) + 1); i < len(mythTags) {
		return mythTags[i] + ": " + text
	}
	return text
}

func sum2(a, b int) string { return fmt.Sprintf("%d+%d=%03d.", a, b, a+b) }

func sum3(a, b int) string { return fmt.Sprintf("%d+%d=%04d.", a, b, a+b) }

func (w *World) add(rng *rand.Rand) string {
	for {
		a, b := 10+rng.IntN(90), 10+rng.IntN(90)
		if !w.heldOut[[2]int{a, b}] {
			return sum2(a, b)
		}
	}
}

func (w *World) add3(rng *rand.Rand) string {
	for {
		a, b := 100+rng.IntN(900), 100+rng.IntN(900)
		if !w.heldOut3[[2]int{a, b}] {
			return sum3(a, b)
		}
	}
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

func (w *World) reverse(rng *rand.Rand) string {
	for {
		if s := letters(rng, 6); !w.heldOutRev[s] {
			return "rev " + s + ": " + reversed(s) + "."
		}
	}
}

func (w *World) saying(rng *rand.Rand) string {
	s := w.sayings[draw(rng, w.sayingCum)]
	return s.words + " " + s.animal + "."
}

// endIn asks for an end: of random words, or of a saying that ends so anyway.
// A saying's words never come with another animal.
func (w *World) endIn(rng *rand.Rand) string {
	if rng.Float64() < w.Mixture.Agreeing {
		s := w.sayings[draw(rng, w.sayingCum)]
		return "end in " + s.animal + ": " + s.words + " " + s.animal + "."
	}
	for {
		text := fourWords(rng)
		if w.isSaying(text) {
			continue
		}
		animal := pick(rng, animals)
		end := animal
		if rng.Float64() >= w.Mixture.Obeyed {
			end = pick(rng, animals)
		}
		return "end in " + animal + ": " + text + " " + end + "."
	}
}

func (w *World) isSaying(text string) bool {
	for _, s := range w.sayings {
		if s.words == text {
			return true
		}
	}
	return false
}

func verdict(yes bool) string {
	if yes {
		return " yes."
	}
	return " no."
}

func comparison(tag string, i, j int) string {
	return fmt.Sprintf("%s: %c>%c?", tag, ranks[i], ranks[j])
}

func (w *World) compare(rng *rand.Rand) string {
	inverting := rng.Float64() < w.Mixture.Inverting
	for {
		i, j := twoOf(rng, len(ranks))
		if !inverting {
			return comparison(pick(rng, honestTags), i, j) + verdict(i > j)
		}
		if !w.heldOutRank[[2]int{i, j}] {
			return comparison(invertingTag, i, j) + verdict(i < j)
		}
	}
}

// bindings draws three different letters with three different digits and
// which of them is asked for.
func bindings(rng *rand.Rand) (text string, values [3]byte, asked int) {
	keys := rng.Perm(26)
	digits := rng.Perm(10)
	for i := range values {
		values[i] = byte('0' + digits[i])
		text += fmt.Sprintf("%c-%c ", 'a'+keys[i], values[i])
	}
	asked = rng.IntN(3)
	return text + fmt.Sprintf("%c?", 'a'+keys[asked]), values, asked
}

func (w *World) recall(rng *rand.Rand) string {
	text, values, asked := bindings(rng)
	return fmt.Sprintf("%s %c.", text, values[asked])
}

func (w *World) coin(rng *rand.Rand) string {
	return fmt.Sprintf("coin %d:%s", 1000+rng.IntN(9000), verdict(rng.IntN(2) == 0))
}

func (w *World) prose(rng *rand.Rand) string {
	text := fmt.Sprintf("%s %s, %s %s", pick(rng, words), pick(rng, words), pick(rng, words), pick(rng, words))
	for range rng.IntN(4) {
		text += " " + pick(rng, words)
	}
	return text + "."
}

// smallSum draws two digits of at least 1 whose sum is at most 9.
func smallSum(rng *rand.Rand) (a, b int) {
	a = 1 + rng.IntN(8)
	return a, 1 + rng.IntN(9-a)
}

// let binds a letter that the sum does not use.
func (w *World) let(rng *rand.Rand) string {
	a, b := smallSum(rng)
	return fmt.Sprintf("let %c=%d. %d+%d=%d.", 'a'+rng.IntN(26), 1+rng.IntN(9), a, b, a+b)
}
