package facts_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"bellwether/lib/model"
	"bellwether/lib/model/facts"

	"github.com/google/go-cmp/cmp"
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
		"/root/.cache/huggingface/hub/models--EleutherAI--pythia-70m/snapshots/9879c9b5": 70426624,
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
	if f, _ := table.Lookup("allenai/OLMo-1B@step20000-tokens84B"); f.Tokens != 84e9 || f.Step != 20000 || f.FLOPs() != 6*f.Parameters*84e9 {
		t.Errorf("OLMo at 84B tokens: %+v", f)
	}
	if a, _ := table.Lookup("cerebras-gpt-13b"); a.FLOPs() != 2.3e22 {
		t.Errorf("Cerebras-GPT 13B: %g FLOPs, published 2.3e22", a.FLOPs())
	}
	if f, _ := table.Lookup("pythia-1.4b@step51500"); f.Tokens != 0 || f.Step != 51500 {
		t.Errorf("a step that is no checkpoint of the suite: %g tokens", f.Tokens)
	}
	if f, _ := table.Lookup("pythia-1.4b@step64"); f.Tokens != 64*2097152 {
		t.Errorf("step 64: %g tokens", f.Tokens)
	}
	if f, _ := table.Lookup("gpt2@abc"); f.Tokens != 0 || f.Parameters == 0 {
		t.Errorf("another revision of gpt2: tokens %g, parameters %g", f.Tokens, f.Parameters)
	}
}

// Names as users write them, and sizes of the published weights.
func TestNames(t *testing.T) {
	table := shipped(t)
	for name, want := range map[string]float64{
		"EleutherAI/pythia-1.4b-deduped": 1414647808, "facebook/opt-1.3b": 1315758080, "openai-community/gpt2-xl": 1557611200, "gpt2": 124439808,
		"text-davinci-001": 175e9, "openai/davinci": 175e9, "bigscience/bloom-7b1": 7069016064, "bigscience/bloom-350m": 559214592, "meta-llama/Llama-2-7b-hf": 6738415616,
		"meta-llama/Meta-Llama-3.1-8B-Instruct": 8030261248, "Qwen/Qwen2.5-0.5B": 494032768, "Qwen/Qwen3-8B": 8190735360, "google/gemma-2b": 2506172416, "google/gemma-2-9b-it": 9241705984,
		"mistralai/Mistral-7B-v0.1": 7241732096, "mistralai/Mistral-7B-Instruct-v0.2": 7241732096, "allenai/OLMo-1B": 1176764416, "tiiuae/falcon-7b": 6921720704, "facebook/galactica-125m": 125e6,
		"cerebras/Cerebras-GPT-111M": 111050496, "EleutherAI/gpt-neo-125M": 125198592, "EleutherAI/gpt-neox-20b": 20554567680, "EleutherAI/pythia-19m-deduped": 70426624, "microsoft/phi-2": 2779683840,
		"hf/EleutherAI/pythia-70m": 70426624, "huggingface/gpt2": 124439808, "EleutherAI/pythia-v1.1-1b-bf16@step143000": 1011781632, "openlm-research/open_llama_3b_v2": 3426473600, "vllm/meta-llama/Llama-2-13b-hf": 13015864320, "/data/models/pythia-410m/": 405334016, " GPT2 ": 124439808,
		"together/gpt-j-6b": 6050882784, "EleutherAI/pythia-410m@main": 405334016,
	} {
		if f, ok := table.Lookup(name); !ok || f.Parameters != want {
			t.Errorf("Lookup(%q) = %.0f, %v; want %.0f", name, f.Parameters, ok, want)
		}
	}
	for _, name := range []string{"", "someone/gpt2", "EleutherAI/pythia-70m-sft", "gpt-4", "hf/", "/", "pythia", "Qwen/Qwen2.5-0.5B-mine"} {
		if f, ok := table.Lookup(name); ok {
			t.Errorf("Lookup(%q) = %s: it must ask for its size", name, f.Model)
		}
	}
}

// The arithmetic of the table: the output layer of untied models counts as an
// embedding, and compute is 6 N D unless it was published.
func TestArithmetic(t *testing.T) {
	published := map[string]bool{}
	for _, f := range shipped(t).Facts {
		if f.Tokens == 0 && f.Compute > 0 || f.Tokens > 0 && f.Compute == 0 {
			t.Errorf("%s: %g tokens, %g FLOPs: both or neither", f.Model, f.Tokens, f.Compute)
		}
		if nd := 6 * f.Parameters * f.Tokens; f.Compute > 0 && math.Abs(f.Compute-nd) > 1e-3*nd {
			published[f.Family] = true
			// Published counts have attention and the embeddings in them, or not.
			if !strings.Contains(f.Source, "FLOPs") || f.Compute < .7*nd || f.Compute > 2*nd {
				t.Errorf("%s: %g FLOPs, 6ND %g, source %q", f.Model, f.Compute, nd, f.Source)
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"gpt3": true, "cerebras-gpt": true}, published); diff != "" {
		t.Errorf("families with published compute (-want +got):\n%s", diff)
	}
	table := shipped(t)
	for _, tt := range []struct{ a, b string }{{"mistral-7b-v0.1", "llama-3-8b"}, {"llama-2-70b", "llama-3-70b"}} { // the same blocks, other vocabularies
		a, _ := table.Lookup(tt.a)
		b, _ := table.Lookup(tt.b)
		if a.NonEmbedding != b.NonEmbedding {
			t.Errorf("%s has %.0f parameters outside the embeddings, %s %.0f", tt.a, a.NonEmbedding, tt.b, b.NonEmbedding)
		}
	}
}

func TestReadErrors(t *testing.T) {
	const head = "family,model,aliases,parameters,non_embedding_parameters,training_tokens,tokens_per_step,training_flops,estimated,source\n"
	for name, tt := range map[string]struct{ text, want string }{
		"columns":   {"a,b\n", ":1: columns"},
		"no source": {head + "f,m,,1,,,,,,\n", ":2: model \"m\", source \"\""},
		"number":    {head + "f,m,,big,,,,,,s\n", `:2: parameters is "big"`},
		"estimated": {head + "f,m,,1,,,,,maybe,s\n", `:2: estimated is "maybe"`},
		"twice":     {head + "f,m,x,1,,,,,,s\nf,n,X,1,,,,,,s\n", `:3: "X" is also a name of m`},
		"too many":  {head + "f,m,,1,2,,,,,s\n", ":2: 1 parameters, 2 without"},
	} {
		if _, err := facts.Read("facts.csv", strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("family,model,aliases,parameters,non_embedding_parameters,training_tokens,tokens_per_step,training_flops,estimated,source\nf,m,a;b,10,5,7,2,420,yes,s\n")
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
