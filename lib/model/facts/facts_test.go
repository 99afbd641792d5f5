package facts_test

import (
	"fmt"
	"strings"
	"testing"

	"bellwether/lib/model"
	"bellwether/lib/model/facts"
)

func shipped(t testing.TB) *facts.Table {
	t.Helper()
	table, err := facts.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestShipped(t *testing.T) {
	table := shipped(t)
	for name, want := range map[string]float64{
		"gpt2": 124439808, "facebook/opt-350m": 331196416, "bigscience/bloom-560m": 559214592, // counts of the published weights
		"EleutherAI/pythia-70m": 70426624, "davinci": 175e9, "EleutherAI/gpt-j-6B": 6050882784,
	} {
		f, ok := table.Lookup(name)
		if !ok || f.Parameters != want {
			t.Errorf("Lookup(%q) = %g, %v; want %g", name, f.Parameters, ok, want)
		}
	}
	if f, _ := table.Lookup("ada"); !f.Estimated {
		t.Error("the size of ada is an outside estimate and must be marked")
	}
	for _, f := range table.Facts {
		if f.NonEmbedding > 0 && f.NonEmbedding < f.Parameters/20 {
			t.Errorf("%s: %g of %g parameters outside the embeddings", f.Model, f.NonEmbedding, f.Parameters)
		}
	}
	if _, ok := table.Lookup("gpt-17"); ok {
		t.Error("an unknown model must not be guessed at")
	}
}

func TestCheckpoints(t *testing.T) {
	table := shipped(t)
	f, ok := table.Lookup("EleutherAI/pythia-410m@step1000")
	if !ok || f.Tokens != 1000*2097152 || f.Step != 1000 {
		t.Errorf("step 1000: %g tokens, step %d", f.Tokens, f.Step)
	}
	final, _ := table.Lookup("pythia-410m")
	last, _ := table.Lookup("pythia-410m@step143000")
	if final.Tokens != last.Tokens {
		t.Errorf("the final model saw %g tokens, its last step %g", final.Tokens, last.Tokens)
	}
	if f, _ := table.Lookup("gpt2@abc"); f.Tokens != 0 || f.Parameters == 0 {
		t.Errorf("another revision of gpt2: tokens %g, parameters %g", f.Tokens, f.Parameters)
	}
}

func TestReadErrors(t *testing.T) {
	const head = "family,model,aliases,parameters,non_embedding_parameters,training_tokens,tokens_per_step,estimated,source\n"
	for name, tt := range map[string]struct{ text, want string }{
		"columns":   {"a,b\n", ":1: columns"},
		"no source": {head + "f,m,,1,,,,,\n", ":2: model \"m\", source \"\""},
		"number":    {head + "f,m,,big,,,,,s\n", `:2: parameters is "big"`},
		"estimated": {head + "f,m,,1,,,,maybe,s\n", `:2: estimated is "maybe"`},
		"twice":     {head + "f,m,x,1,,,,,s\nf,n,X,1,,,,,s\n", `:3: "X" is also a name of m`},
		"too many":  {head + "f,m,,1,2,,,,s\n", ":2: 1 parameters, 2 without"},
	} {
		if _, err := facts.Read("facts.csv", strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("family,model,aliases,parameters,non_embedding_parameters,training_tokens,tokens_per_step,estimated,source\nf,m,a;b,10,5,7,2,yes,s\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := facts.Read("x", strings.NewReader(text))
		if err != nil {
			return
		}
		for _, f := range table.Facts {
			if _, ok := table.Lookup(f.Model); !ok && !strings.Contains(f.Model, "@") {
				t.Errorf("%q is in the table and not found", f.Model)
			}
		}
	})
}

func Example() {
	table, err := facts.Shipped()
	if err != nil {
		fmt.Println(err)
		return
	}
	id := model.Identity{Name: "EleutherAI/pythia-70m"}
	if f, ok := table.Lookup(id.Name); ok {
		f.Fill(&id)
	}
	fmt.Printf("%s %.0f parameters, %.0f tokens\n", id.Family, id.Parameters, id.TrainingTokens)
	// Output: pythia 70426624 parameters, 299892736000 tokens
}
