package task

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
)

// Shots returns k solved examples for an item as one text, with the separator
// after each and without FewShot.Prefix: the prompt of each example and one of
// its right answers. The item itself is never among them. Which examples they
// are depends on the seed and the item's ID alone (with FewShot.Draw as that says),
// so that a perturbed task asks each item after the same examples. With
// FewShot.Fixed they are the first k of the pool. Fewer than k are given when the
// pool has no more.
func (t *Task) Shots(it *Item, k int, seed uint64) string {
	if k <= 0 {
		return ""
	}
	var b strings.Builder
	for _, shot := range t.Examples(it, k, seed) {
		b.WriteString(strings.TrimPrefix(shot.Prompt, t.FewShot.Prefix))
		b.WriteString(shot.answer(it.ID, seed))
		b.WriteString(t.FewShot.Separator)
	}
	return b.String()
}

// Examples returns the items that Shots shows in front of an item, in order:
// fewer than k where there are no more. They are the pool's own, not copies.
func (t *Task) Examples(it *Item, k int, seed uint64) []*Item {
	if k <= 0 {
		return nil
	}
	var list []*Item
	for _, i := range t.draw(it, k, seed) {
		list = append(list, &t.pool()[i])
	}
	return list
}

// Prompt returns the exact context that is shown to a model for an item after k
// solved examples: FewShot.Prefix, the examples with the separator after each,
// and the item's own prompt. With k = 0 it is Item.Prompt, byte for byte.
func (t *Task) Prompt(it *Item, k int, seed uint64) string {
	return t.shown(it.Prompt, it, k, seed)
}

// OtherPrompt is as Prompt for the second context of log-odds tasks, after the
// same examples.
func (t *Task) OtherPrompt(it *Item, k int, seed uint64) string {
	return t.shown(it.OtherPrompt, it, k, seed)
}

func (t *Task) shown(prompt string, it *Item, k int, seed uint64) string {
	if k <= 0 {
		return prompt
	}
	body, ok := strings.CutPrefix(prompt, t.FewShot.Prefix)
	if !ok {
		return t.Shots(it, k, seed) + prompt
	}
	return t.FewShot.Prefix + t.Shots(it, k, seed) + body
}

func (t *Task) pool() []Item {
	if t.FewShot.Pool != nil {
		return t.FewShot.Pool
	}
	return t.Items
}

// draw returns the places in the pool of k examples for an item.
func (t *Task) draw(it *Item, k int, seed uint64) []int {
	pool := t.pool()
	usable := func(i int) bool { return pool[i].ID != it.ID && pool[i].answer("", 0) != "" }
	var list []int
	if t.FewShot.Fixed {
		for i := range pool {
			if len(list) < k && usable(i) {
				list = append(list, i)
			}
		}
		return list
	}
	if t.FewShot.Draw != nil {
		if drawn := t.FewShot.Draw(it.ID, k, seed); drawn != nil {
			for _, i := range drawn {
				if usable(i) {
					list = append(list, i)
				}
			}
			return list
		}
	}
	h := fnv.New64a()
	h.Write([]byte(it.ID))
	rng := rand.New(rand.NewPCG(seed, h.Sum64()))
	drawn := map[int]bool{}
	for len(list) < k && len(drawn) < len(pool) {
		i := rng.IntN(len(pool))
		if drawn[i] {
			continue
		}
		drawn[i] = true
		if usable(i) {
			list = append(list, i)
		}
	}
	return list
}

// answer returns the text that solves an item shown in front of another: its
// right choice (one of them, by luck, where there are several, as BIG-bench
// does), else its first target, else its only choice, else "".
func (it *Item) answer(shownTo string, seed uint64) string {
	switch {
	case len(it.Gold) > 1:
		h := fnv.New64a()
		h.Write([]byte(it.ID + "\x00" + shownTo))
		return it.Choices[it.Gold[rand.New(rand.NewPCG(seed, h.Sum64())).IntN(len(it.Gold))]]
	case len(it.Gold) == 1:
		return it.Choices[it.Gold[0]]
	case len(it.Targets) > 0:
		return it.Targets[0]
	case len(it.Choices) == 1:
		return it.Choices[0]
	}
	return ""
}
