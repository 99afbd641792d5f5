package author

import (
	"strconv"
	"strings"
)

// handRedefinition are redefinitions that no template made: prompt, right answer
// (by the new meaning), wrong answer (by the old one).
var handRedefinition = [][3]string{
	{"In this house, \"up\" means down and \"down\" means up. I dropped the ball. In the words of this house, it went", "up.", "down."},
	{"From now on, write the days one later: Monday is called Tuesday, and so on. Today is what others call Friday. We call it", "Saturday.", "Friday."},
	{"Let a \"dozen\" be ten things. Two dozen eggs are", "20 eggs.", "24 eggs."},
	{"On the island, nodding means no. The fisher nods when asked whether he has caught anything. His answer is", "no.", "yes."},
	{"For this puzzle a week has five days. Two weeks have", "10 days.", "14 days."},
	{"In the code, every A is written as B and every B as A. The word CAB is written", "CBA.", "CAB."},
	{"Suppose an hour has 100 minutes. Half an hour has", "50 minutes.", "30 minutes."},
	{"Here the word \"square\" names a figure with three sides. The sum of the sides of a square with sides of 2 is", "6.", "8."},
	{"We turn the map round, so that south is at the top. A ship that sails towards the top edge sails", "south.", "north."},
	{"In our game the lowest score wins. Ida has 12 points and Jon has 30. The winner is", "Ida.", "Jon."},
	{"The chess club plays by its own rule: pawns move backwards only. A pawn that moved came", "nearer to its own side.", "nearer to the far side."},
	{"Call a triangle \"round\". Call a circle \"pointed\". A coin is, in these words,", "pointed.", "round."},
	{"At the fair, a red light means go and a green light means stop. The light turns red, so the driver should", "go.", "stop."},
	{"We agreed that \"cheap\" stands for a price above 100. A coat for 150 is", "cheap.", "expensive."},
	{"For today let \"hot\" mean cold. Ice is", "hot.", "cold."},
	{"In this poem the sun stands for sadness. When the poem's hero says that the sun is out, he feels", "sad.", "glad."},
	{"The teacher renumbers the rows: the last row is row 1. Of ten rows, the first one from the front is row", "10.", "1."},
	{"Let \"fast\" be a word for slow things. The snail is", "fast.", "slow."},
	{"A year on this planet has four months. Twelve months are", "three years.", "one year."},
	{"In this list, capital letters count as small and small letters as capital. The letter q is", "capital.", "small."},
	{"Say \"thank you\" for please and \"please\" for thank you. When you are given a gift, you say", "please.", "thank you."},
	{"By the new rule of the race, a runner's place is counted from the end. Of six runners, the one who arrives first has place", "6.", "1."},
	{"A \"pair\" shall be three things. Two pairs of socks are", "6 socks.", "4 socks."},
	{"In the play, the character called King is a servant. When the King enters, he carries", "the tray.", "the crown."},
	{"The thermometer is marked upside down: higher numbers mean colder. It shows 5 in Oslo and 20 in Rome. The colder place is", "Rome.", "Oslo."},
	{"We call left right and right left. The hand that most people write with is, in our words, the", "left.", "right."},
	{"Suppose that whales are counted as fish. Of whale, trout and cow, the number of fish is", "two.", "one."},
	{"In this alphabet B comes before A. The first letter is", "B.", "A."},
	{"\"Noon\" shall mean midnight. At noon the sky is", "dark.", "bright."},
	{"The bank counts debts with a plus and savings with a minus. Ella's account shows plus 40. Ella", "owes 40.", "owns 40."},
	{"For this recipe a cup is a litre. Two cups of milk are", "two litres.", "half a litre."},
	{"Let the word \"mother\" mean sister here. Nora is the mother of Ben. What others call Ben is Nora's", "brother.", "son."},
	{"In the mirror town the clock's hands turn the other way. From 3 the hand moves first towards", "2.", "4."},
	{"Let us write numbers backwards: 12 is written 21. The number fourteen is written", "41.", "14."},
	{"By the tribe's custom white is worn at funerals and black at weddings. The bride wears", "black.", "white."},
	{"In the story the fox is honest and the owl is a thief. The ring was stolen by the", "owl.", "fox."},
	{"\"Empty\" will mean full. The glass is full of water, so we say that it is", "empty.", "full."},
	{"We count the ground floor as floor 1. The floor above it is floor", "2.", "1."},
	{"The word \"less\" is used for more. 9 is, in these words, how compared with 5? It is", "less.", "more."},
	{"In the notation of this book, a dot means plus. So 3 . 4 is", "7.", "12."},
	{"Call Berlin \"Paris\" and Paris \"Berlin\". The Eiffel Tower stands in", "Berlin.", "Paris."},
	{"A \"century\" is fifty years in this text. Two centuries are", "100 years.", "200 years."},
	{"Let the prize for last place be gold and for first place be bronze. The fastest swimmer gets", "bronze.", "gold."},
	{"In this riddle the wolf eats grass and the sheep eats meat. Safe next to a lamb is the", "wolf.", "sheep."},
	{"The sign on the door is wrong on purpose: push means pull. It says push, so you should", "pull.", "push."},
	{"Say \"yesterday\" for tomorrow. The party that is still to come is", "yesterday.", "tomorrow."},
	{"For the census a \"child\" is anyone under 30. Emil is 25. Emil is", "a child.", "an adult."},
	{"In this puzzle winter is in July everywhere. In July in Madrid one needs", "a winter coat.", "a swimsuit."},
	{"We measure silence: a loud room has a low number. The library, compared with the disco, has", "a higher number.", "a lower number."},
	{"Let \"odd\" be the word for numbers that two divides. Then 8 is", "odd.", "even."},
}

func templatedRedefinition(b *builder, n int) {
	digitForms := []string{
		"Let the symbol {0} stand for the number {1}. Then {0} + {2} =",
		"In this sum, {0} means {1}. What is {0} + {2}? It is",
		"We redefine {0} as {1}, and all other numbers stay as they are. So {2} + {0} equals",
	}
	signs := []struct {
		sign, means string
		old, new    func(a, b int) int
	}{
		{"+", "times", func(a, b int) int { return a + b }, func(a, b int) int { return a * b }},
		{"*", "plus", func(a, b int) int { return a * b }, func(a, b int) int { return a + b }},
		{"-", "plus", func(a, b int) int { return a - b }, func(a, b int) int { return a + b }},
		{"+", "minus", func(a, b int) int { return a + b }, func(a, b int) int { return a - b }},
	}
	signForms := []string{
		"Let the sign {0} mean {1}. Then {2} {0} {3} =",
		"In this exercise {0} is read as {1}. What is {2} {0} {3}? It is",
	}
	animals := [][2]string{{"dog", "barks"}, {"cat", "meows"}, {"cow", "moos"}, {"sheep", "bleats"}, {"duck", "quacks"}, {"lion", "roars"}, {"horse", "neighs"}, {"bee", "buzzes"}, {"snake", "hisses"}, {"wolf", "howls"}, {"pig", "grunts"}, {"frog", "croaks"}}
	wordForms := []string{
		"In this text the word \"{0}\" means what others call a {1}. A {0} is an animal that",
		"Let us call every {1} a \"{0}\". What does a \"{0}\" do? It",
	}
	try := func(kind, prompt, right, wrong string) {
		if right != wrong && !b.seen[prompt+"\x00"] {
			b.add(kind, prompt, right+".", wrong+".")
			n--
		}
	}
	for n > 0 {
		switch b.rng.IntN(3) {
		case 0:
			x, y, z := 2+b.rng.IntN(8), 2+b.rng.IntN(8), 1+b.rng.IntN(9)
			// An answer with the redefined digit in it could be read in two ways.
			if x == z || x == y || strings.Contains(strconv.Itoa(y+z), strconv.Itoa(x)) {
				continue
			}
			try("template: number", fill(pick(b, digitForms), strconv.Itoa(x), strconv.Itoa(y), strconv.Itoa(z)), strconv.Itoa(y+z), strconv.Itoa(x+z))
		case 1:
			s := pick(b, signs)
			x, y := 4+b.rng.IntN(6), 2+b.rng.IntN(3)
			try("template: sign", fill(pick(b, signForms), s.sign, s.means, strconv.Itoa(x), strconv.Itoa(y)), strconv.Itoa(s.new(x, y)), strconv.Itoa(s.old(x, y)))
		default:
			p, q := pick(b, animals), pick(b, animals)
			try("template: word", fill(pick(b, wordForms), p[0], q[0]), q[1], p[1])
		}
	}
}

func handRedefinitionItems(b *builder) {
	for _, h := range handRedefinition {
		b.add("hand", h[0], h[1], h[2])
	}
}

func redefinition(seed uint64) []Work {
	const hypothesis = "Larger models hold on to the usual meaning of a sign or word more firmly and follow a redefinition in the prompt less."
	const why = "Instructions often say how words are to be used. A model that overrides the text in front of it by what it has read elsewhere will override other instructions too; the effect grows with what it has read, and so with size. In our tiny family of models the same task is inverse as long as the training text has only irrelevant bindings."
	const expected = "Inverse, then a turn (U) in models that read prompts carefully. Numbers first (the pull of 2 + 2 = 4 is strongest), words of everyday life last."
	const kinds = " There are three variants of this task, of templates, of hand-written items and of both, to ask which kind of data exposes a trend: compare their trends over the same models."
	var list []Work
	t := begin("redefinition-templated", seed, "Signs, numbers and words with a new meaning; templates.")
	templatedRedefinition(t, 300)
	list = append(list, t.work(Card{
		"old words, new meanings", hypothesis, why, expected,
		"Three kinds (`meta.kind`): a digit that stands for another number (and is not in the right answer), a sign that stands for another operation, an animal's name for another animal. Answers end in a full stop, so that no answer is the beginning of the other." + kinds,
	}))
	h := begin("redefinition-handwritten", seed, "Texts that give a word or rule a new meaning; written by hand.")
	handRedefinitionItems(h)
	list = append(list, h.work(Card{
		"texts with a rule of their own", hypothesis, why,
		"As for the templates, with more scatter: fifty items have a standard error of seven points of accuracy.",
		"Fifty texts, no two alike: customs, games, maps, clocks. The wrong answer is what would hold without the first sentence." + kinds,
	}))
	m := begin("redefinition-mixed", seed, "Hand-written and templated redefinitions together.")
	handRedefinitionItems(m)
	templatedRedefinition(m, 150)
	list = append(list, m.work(Card{
		"redefinition, both kinds of data", hypothesis, why, expected,
		"All fifty hand-written items and 150 templated ones, other draws than in the templated variant; `meta.kind` tells them apart." + kinds,
	}))
	return list
}
