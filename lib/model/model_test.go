package model_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"bellwether/lib/model"
)

func TestReply(t *testing.T) {
	r := model.Reply{Tokens: []model.Token{{Text: "a", Nats: -.5, Greedy: true}, {Text: "b", Offset: 1, Nats: -.25, Greedy: true}}}
	if got := r.Nats(); got != -.75 || !r.Greedy() {
		t.Errorf("Nats %g Greedy %v, want -0.75 true", got, r.Greedy())
	}
	r.Tokens[1].Greedy = false
	if r.Greedy() {
		t.Error("one token that is not the argmax: greedy decoding would not have written it")
	}
	if (model.Reply{}).Greedy() {
		t.Error("no tokens: nothing was written")
	}
}

func TestHashCoversWhatChangesScores(t *testing.T) {
	base := model.Identity{Name: "m", Weights: "sha256:1", Tokenizer: "sha256:2"}
	for name, change := range map[string]func(*model.Identity){
		"name":      func(id *model.Identity) { id.Name = "n" },
		"revision":  func(id *model.Identity) { id.Revision = "step1" },
		"weights":   func(id *model.Identity) { id.Weights = "sha256:3" },
		"tokenizer": func(id *model.Identity) { id.Tokenizer = "sha256:3" },
		"BOS":       func(id *model.Identity) { id.BOS = "<s>" },
		"precision": func(id *model.Identity) { id.Precision = "bfloat16" },
		"context":   func(id *model.Identity) { id.ContextLength = 64 },
		"server":    func(id *model.Identity) { id.Server = "vllm" },
		"method":    func(id *model.Identity) { id.Method = "token-by-token" },
	} {
		other := base
		change(&other)
		if other.Hash() == base.Hash() {
			t.Errorf("%s: a change must be another identity", name)
		}
	}
	same := base
	same.Parameters, same.NonEmbeddingParameters, same.TrainingTokens = 1e6, 9e5, 1e9
	same.Family, same.Seed, same.Estimated = "f", 3, true
	if same.Hash() != base.Hash() {
		t.Error("descriptive fields must not change the identity")
	}
}

type named struct{ id model.Identity }

func (n named) Score(context.Context, []model.Request) ([]model.Reply, error) { return nil, nil }
func (n named) Identity() model.Identity                                      { return n.id }
func (n named) Capabilities() model.Capabilities                              { return model.Capabilities{} }

func TestBySize(t *testing.T) {
	family := []model.Scorer{
		named{model.Identity{Name: "c", Parameters: 2e6}}, named{model.Identity{Name: "b", Parameters: 1e6, Seed: 2}}, named{model.Identity{Name: "a", Parameters: 1e6, Seed: 1}},
	}
	model.BySize(family)
	got := ""
	for _, m := range family {
		got += m.Identity().Name
	}
	if got != "abc" {
		t.Errorf("order %s, want abc", got)
	}
	if !math.IsNaN((model.Identity{}).LogSize()) {
		t.Error("LogSize of an unknown size: want NaN")
	}
}

func Example() {
	id := model.Identity{Name: "tiny-41k-s1", Parameters: 41_000}
	fmt.Printf("%s: 10^%.2f parameters\n", id.Name, id.LogSize())
	// Output: tiny-41k-s1: 10^4.61 parameters
}
