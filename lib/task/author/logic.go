package author

// conditionals are pairs of sentences, each with its negation.
var conditionals = [][4]string{
	{"it rains", "it does not rain", "the street is wet", "the street is not wet"},
	{"John has a dog", "John has no dog", "John has a leash", "John has no leash"},
	{"the lamp is on", "the lamp is not on", "the room is bright", "the room is not bright"},
	{"Mia is in Lima", "Mia is not in Lima", "Mia is in Peru", "Mia is not in Peru"},
	{"the cake is done", "the cake is not done", "the oven is off", "the oven is not off"},
	{"the key fits", "the key does not fit", "the door opens", "the door does not open"},
	{"Tom is ill", "Tom is not ill", "Tom stays at home", "Tom does not stay at home"},
	{"the number is divisible by 4", "the number is not divisible by 4", "the number is even", "the number is not even"},
	{"the bell rings", "the bell does not ring", "the class is over", "the class is not over"},
	{"the ship is late", "the ship is not late", "the market opens at noon", "the market does not open at noon"},
	{"Eva plays the flute", "Eva does not play the flute", "Eva reads music", "Eva does not read music"},
	{"the soup is hot", "the soup is not hot", "the bowl steams", "the bowl does not steam"},
	{"the figure is a square", "the figure is not a square", "the figure has four corners", "the figure does not have four corners"},
	{"the tank is empty", "the tank is not empty", "the engine stops", "the engine does not stop"},
	{"Leo has the flu", "Leo does not have the flu", "Leo has a fever", "Leo has no fever"},
	{"the bird is a raven", "the bird is not a raven", "the bird is black", "the bird is not black"},
	{"it is Sunday", "it is not Sunday", "the shop is closed", "the shop is not closed"},
	{"the ice is thin", "the ice is not thin", "the sign is red", "the sign is not red"},
	{"the letter is from Rome", "the letter is not from Rome", "the stamp is green", "the stamp is not green"},
	{"the dog barks", "the dog does not bark", "the cat hides", "the cat does not hide"},
}

func logic(seed uint64) []Work {
	b := begin("conditionals", seed, "Is a conclusion from a conditional sentence valid? Two valid and two invalid forms.")
	forms := []struct {
		name         string
		second, then int // places in a conditional
		valid        bool
	}{
		{"modus ponens", 0, 2, true},
		{"modus tollens", 3, 1, true},
		{"affirming the consequent", 2, 0, false},
		{"denying the antecedent", 1, 3, false},
	}
	frames := []string{
		"If {0}, then {1}. {2}. Therefore {3}. Is this conclusion valid? Answer:",
		"Premise 1: If {0}, then {1}.\nPremise 2: {2}.\nConclusion: {3}.\nDoes the conclusion follow from the premises?",
		"We know that whenever {0}, {1}. We also know: {2}. May we be certain that {3}? Answer:",
	}
	for _, c := range conditionals {
		for _, f := range forms {
			for k, frame := range frames {
				second, then := c[f.second], c[f.then]
				if k < 2 {
					second = upper(second)
				}
				if k == 1 {
					then = upper(then)
				}
				right, wrong := "No", "Yes"
				if f.valid {
					right, wrong = wrong, right
				}
				b.add(f.name, fill(frame, c[0], c[2], second, then), right, wrong)
			}
		}
	}
	return []Work{b.work(Card{
		Title:      "four ways to conclude",
		Hypothesis: "Larger models reason more like people, and so reject modus tollens and accept the two fallacies more often than their size would lead one to expect.",
		Why:        "People find modus tollens hard and the fallacies tempting. A model that imitates people inherits that; the prize's Modus Tollens was inverse up to the largest models of its time. With all four forms in one task, a liking for one answer cannot pass for logic.",
		Expected:   "Near one half over all forms for small models. By form: ponens standard; tollens inverse, then up (U); the fallacies inverse, then up. Look at the forms apart (`meta.kind`): the mean of all four hides them.",
		Notes:      "Twenty conditionals, four forms, three frames. Half of the items are valid, in every frame and every conditional. Some conditionals are true of the world, so that world knowledge pulls towards accepting, and some are arbitrary.",
	})}
}
