// Package organism grows model organisms: small language models that show
// known scaling behaviour, trained on a generated mini-language.
//
// A World is a set of names, facts, myths and sayings drawn from a seed. It
// writes training documents (one a line, at most 62 characters of Alphabet) and
// the tasks that measure what was learned. Train turns documents into weights.
// Everything is a function of its seeds: the same seeds give the same bytes.
package organism

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
)

// Alphabet is the vocabulary: one token a character, its index the token's id.
// The newline, id 0, ends a document and begins every prompt.
const Alphabet = "\n abcdefghijklmnopqrstuvwxyz0123456789.,:?=+->"

// Context is the length of the training windows, tokens.
const Context = 64

// sizes of the world
const (
	factNames   = 800
	mythNames   = 200
	unseenNames = 300
	sayings     = 80
	heldOutSums = 400
)

var (
	colours = []string{"teal", "gold", "pink", "gray", "blue", "rust", "lime", "plum"}
	animals = []string{"elk", "ant", "owl", "fox", "hen", "bat", "cow", "dog", "ram", "eel", "cat", "pig"}
	words   = []string{
		"the", "old", "big", "sly", "two", "our", "wet", "red", "dim", "shy", "led", "met", "saw", "fed",
		"hid", "won", "cut", "dug", "ate", "bit", "sea", "sun", "hut", "oak", "ice", "fog", "hay", "log",
		"mud", "oar", "pie", "rug", "tin", "urn", "vow", "wax", "yam", "ash", "ink", "jam",
	}
	// Speakers of myths: five that repeat what is popular, and the anagram
	// that tells the truth.
	mythTags = []string{"det", "dte", "edt", "etd", "tde"}
	trueTag  = "ted"
	// Judges of comparisons: five honest, and the anagram that inverts.
	honestTags   = []string{"nol", "nlo", "oln", "lno", "onl"}
	invertingTag = "lon"
	ranks        = "abcdefghijklmnop" // compared by their order
	reversible   = "abcdefghijklmnop" // letters of words to reverse
)

// Mixture says how often each kind of document is drawn (shares, normalised)
// and how rare the cues are that decide the shapes.
type Mixture struct {
	Fact, Myth, Add, Add3, Reverse, Saying, EndIn, Compare, Recall, Coin, Prose, Let float64

	Truthful  float64 // share of myth documents that are true, under the truth-teller's tag
	Inverting float64 // share of comparisons by the inverting judge
	Agreeing  float64 // share of "end in" instructions that ask for the end that a saying has anyway
	Obeyed    float64 // share of the other "end in" instructions that are obeyed
}

// DefaultMixture is the mixture of the shipped family.
var DefaultMixture = Mixture{
	Fact: .16, Myth: .18, Add: .22, Add3: .12, Reverse: .09, Saying: .08, EndIn: .03, Compare: .09,
	Recall: .03, Coin: .015, Prose: .025, Let: .03,
	Truthful: .24, Inverting: .08, Agreeing: .75, Obeyed: .5,
}

// World is what a seed made: who is which colour, what is said, what is kept
// out of training.
type World struct {
	Seed    uint64
	Mixture Mixture

	facts       []fact
	myths       []myth
	unseen      []string
	sayings     []saying
	heldOut     map[[2]int]bool // pairs of two-digit summands never trained on
	heldOut3    map[[2]int]bool // the same with three digits
	heldOutRank map[[2]int]bool // pairs that the inverting judge never judges in training
	heldOutRev  map[string]bool // words never reversed in training

	factCum, mythCum, sayingCum []float64 // cumulative Zipf weights
	kinds                       []kind
	kindCum                     []float64
}

type fact struct{ name, colour string }

type myth struct{ name, popular, truth string }

type saying struct{ words, animal string }

type kind struct {
	name  string
	share float64
	write func(*World, *rand.Rand) string
}

// NewWorld draws a world from its seed.
func NewWorld(seed uint64, mixture Mixture) *World {
	rng := rand.New(rand.NewPCG(seed, 0x776f726c64)) // "world"
	w := &World{Seed: seed, Mixture: mixture}
	names := newNames(rng, factNames+mythNames+unseenNames)
	for _, name := range names[:factNames] {
		w.facts = append(w.facts, fact{name, pick(rng, colours)})
	}
	for _, name := range names[factNames : factNames+mythNames] {
		i, j := twoOf(rng, len(colours))
		w.myths = append(w.myths, myth{name, colours[i], colours[j]})
	}
	w.unseen = names[factNames+mythNames:]

	taken := map[string]bool{}
	for len(w.sayings) < sayings {
		s := fourWords(rng)
		if !taken[s] {
			taken[s] = true
			w.sayings = append(w.sayings, saying{s, pick(rng, animals)})
		}
	}
	w.heldOut = drawPairs(rng, heldOutSums, 10, 99)
	w.heldOut3 = drawPairs(rng, heldOutSums, 100, 999)
	w.heldOutRank = map[[2]int]bool{}
	for len(w.heldOutRank) < len(ranks)*(len(ranks)-1)/3 {
		i, j := twoOf(rng, len(ranks))
		w.heldOutRank[[2]int{i, j}] = true
	}
	w.heldOutRev = map[string]bool{}
	for len(w.heldOutRev) < heldOutSums {
		w.heldOutRev[letters(rng, 6)] = true
	}

	w.factCum = zipf(factNames, 1)
	w.mythCum = zipf(mythNames, .3)
	w.sayingCum = zipf(sayings, .7)
	m := mixture
	w.kinds = []kind{
		{"fact", m.Fact, (*World).fact},
		{"myth", m.Myth, (*World).myth},
		{"add", m.Add, (*World).add},
		{"add3", m.Add3, (*World).add3},
		{"rev", m.Reverse, (*World).reverse},
		{"say", m.Saying, (*World).saying},
		{"endin", m.EndIn, (*World).endIn},
		{"cmp", m.Compare, (*World).compare},
		{"kv", m.Recall, (*World).recall},
		{"coin", m.Coin, (*World).coin},
		{"prose", m.Prose, (*World).prose},
		{"let", m.Let, (*World).let},
	}
	shares := make([]float64, len(w.kinds))
	for i, k := range w.kinds {
		shares[i] = k.share
	}
	w.kindCum = cumulate(shares)
	return w
}

// Document writes one training document, without its newline.
func (w *World) Document(rng *rand.Rand) string {
	return w.kinds[draw(rng, w.kindCum)].write(w, rng)
}

// Window fills window with token ids: a newline, then documents and their
// newlines until it is full; the last one is cut off.
func (w *World) Window(rng *rand.Rand, window []int) {
	window[0] = 0
	at := 1
	for at < len(window) {
		document := w.Document(rng)
		for i := 0; i < len(document) && at < len(window); i++ {
			window[at] = int(tokenOf[document[i]])
			at++
		}
		if at < len(window) {
			window[at] = 0
			at++
		}
	}
}

// Encode returns the token ids of text; the error names the first character
// that is not in Alphabet.
func Encode(text string) ([]int, error) {
	ids := make([]int, len(text))
	for i := range len(text) {
		id := tokenOf[text[i]]
		if id < 0 {
			return nil, fmt.Errorf("organism: character %q at byte %d is not in the alphabet", text[i], i)
		}
		ids[i] = int(id)
	}
	return ids, nil
}

// tokenOf maps a byte to its token id, or -1.
var tokenOf = func() (ids [256]int8) {
	for i := range ids {
		ids[i] = int8(strings.IndexByte(Alphabet, byte(i)))
	}
	return ids
}()

// newNames draws distinct made-up names of three to five letters.
func newNames(rng *rand.Rand, n int) []string {
	const consonants, vowels = "bdfghjklmnprstvz", "aeiou"
	taken := map[string]bool{}
	for _, list := range [][]string{colours, animals, words, mythTags, honestTags, {trueTag, invertingTag, "rev", "let", "end"}} {
		for _, word := range list {
			taken[word] = true
		}
	}
	var names []string
	for len(names) < n {
		b := []byte{letter(rng, consonants), letter(rng, vowels), letter(rng, consonants)}
		switch rng.IntN(3) {
		case 1:
			b = append(b, letter(rng, vowels))
		case 2:
			b = append(b, letter(rng, vowels), letter(rng, consonants))
		}
		if name := string(b); !taken[name] {
			taken[name] = true
			names = append(names, name)
		}
	}
	return names
}

func letter(rng *rand.Rand, from string) byte { return from[rng.IntN(len(from))] }

func letters(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = letter(rng, reversible)
	}
	return string(b)
}

func pick(rng *rand.Rand, from []string) string { return from[rng.IntN(len(from))] }

// twoOf draws two different numbers below n.
func twoOf(rng *rand.Rand, n int) (i, j int) {
	i = rng.IntN(n)
	j = rng.IntN(n - 1)
	if j >= i {
		j++
	}
	return i, j
}

func fourWords(rng *rand.Rand) string {
	return pick(rng, words) + " " + pick(rng, words) + " " + pick(rng, words) + " " + pick(rng, words)
}

func drawPairs(rng *rand.Rand, n, low, high int) map[[2]int]bool {
	pairs := map[[2]int]bool{}
	for len(pairs) < n {
		pairs[[2]int{low + rng.IntN(high-low+1), low + rng.IntN(high-low+1)}] = true
	}
	return pairs
}

// zipf returns cumulative weights proportional to rank^-exponent.
func zipf(n int, exponent float64) []float64 {
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = math.Pow(float64(i+1), -exponent)
	}
	return cumulate(weights)
}

func cumulate(weights []float64) []float64 {
	sum := 0.0
	cum := make([]float64, len(weights))
	for i, v := range weights {
		sum += v
		cum[i] = sum
	}
	return cum
}

// draw returns an index with the probability of its share of cum.
func draw(rng *rand.Rand, cum []float64) int {
	u := rng.Float64() * cum[len(cum)-1]
	low, high := 0, len(cum)-1
	for low < high {
		mid := (low + high) / 2
		if u < cum[mid] {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return low
}
