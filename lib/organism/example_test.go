package organism_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"bellwether/lib/model/local"
	"bellwether/lib/organism"
)

// A world writes training documents and the questions that measure what was
// learned from them.
func ExampleWorld() {
	w := organism.NewWorld(1, organism.DefaultMixture)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 4 {
		fmt.Println(w.Document(rng))
	}
	item := w.Tasks()[1].Items[0]
	fmt.Printf("%q %q, right: %d\n", item.Prompt, item.Choices, item.Gold)
	// Output:
	// 19+87=106.
	// nol: g>n? no.
	// 366+441=0807.
	// 41+49=090.
	// "\n10+54=" ["064." "054."], right: 0
}

// A few steps of the smallest size.
func ExampleTrain() {
	w := organism.NewWorld(1, organism.DefaultMixture)
	size := organism.Sizes[0]
	s := size.Settings(1)
	s.Steps = 10
	_, err := organism.Train(context.Background(), w, s, nil, func(p organism.Progress, n *local.Network) {
		fmt.Printf("%s: %d parameters, loss %.1f nats after %d steps\n", size.Label(), n.Parameters(), p.Loss, p.Step)
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: 3k: 3368 parameters, loss 4.1 nats after 10 steps
}
