package local_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/model"
	"bellwether/lib/model/local"
	"bellwether/lib/model/modeltest"
	"bellwether/lib/organism"
)

// saved writes a random network in Hugging Face layout and opens it.
func saved(t testing.TB) (*local.Network, *local.Model) {
	t.Helper()
	c := local.Config{
		ModelType: "gpt_neox", Vocabulary: len(organism.Alphabet), Width: 24, Layers: 2, Heads: 2, Inner: 96, Context: 16,
		Activation: "gelu", RotaryFraction: 1, RotaryBase: 10000, Epsilon: 1e-5, ParallelResidual: true,
	}
	n, err := local.NewNetwork(c)
	check(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range n.Weights {
		n.Weights[i] = float32(r.NormFloat64()) * .3
	}
	organism.Round(n)
	dir := filepath.Join(t.TempDir(), "random")
	check(t, organism.Save(dir, n, organism.Member{Parameters: n.Parameters(), Seed: 3}))
	m, err := local.Open(dir)
	check(t, err)
	return n, m
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// plain is the log-probability of each next token from a forward pass over one
// sequence and a softmax in float64.
func plain(t *testing.T, n *local.Network, text string) []float64 {
	t.Helper()
	ids, err := organism.Encode(text)
	check(t, err)
	var p local.Pass
	logits, err := n.Forward(&p, [][]int{ids[:len(ids)-1]}, nil)
	check(t, err)
	v := n.Config.Vocabulary
	var out []float64
	for i, id := range ids[1:] {
		row, sum := logits[i*v:(i+1)*v], 0.0
		for _, x := range row {
			sum += math.Exp(float64(x))
		}
		out = append(out, float64(row[id])-math.Log(sum))
	}
	return out
}

func sum(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

func TestScore(t *testing.T) {
	n, m := saved(t)
	requests := []model.Request{
		{Context: "\n57+18=", Continuation: "075."},
		{Context: "", Continuation: "abc"},                      // after the prefix token, a newline
		{Context: "\nabcdefgh", Continuation: "ijklmnop."},      // 18 characters: one is cut
		{Context: "\na", Continuation: strings.Repeat("z", 17)}, // cannot be read
		{Context: "\na", Continuation: "ü"},
		{Context: "\na", Continuation: ""},
		{Context: "\n", Continuation: "x"},
	}
	replies, err := m.Score(context.Background(), requests)
	check(t, err)
	for i, want := range map[int]float64{
		0: sum(plain(t, n, "\n57+18=075.")[6:]),
		1: sum(plain(t, n, "\nabc")),
		2: sum(plain(t, n, "abcdefghijklmnop.")[7:]), // the last 17 of 18 characters, 16 of them read
		6: plain(t, n, "\nx")[0],
	} {
		if got := replies[i].Nats(); math.Abs(got-want) > 1e-4 {
			t.Errorf("request %d: %g nats, want %g", i, got, want)
		}
	}
	if w := replies[2].Warnings; len(w) != 1 || !strings.HasPrefix(w[0], "truncated-left: 1 of 18") {
		t.Errorf("a request of 18 characters: warnings %q", w)
	}
	if err := replies[3].Err; err == nil || !strings.Contains(err.Error(), "17 tokens; the model reads at most 16") {
		t.Errorf("a continuation that is too long: %v", err)
	}
	if err := replies[4].Err; err == nil || !strings.Contains(err.Error(), `no token for "ü"`) {
		t.Errorf("a character that the model does not have: %v", err)
	}
	if len(replies[5].Tokens) != 0 {
		t.Errorf("an empty continuation has %d tokens", len(replies[5].Tokens))
	}
	text := ""
	for _, tok := range replies[0].Tokens {
		if tok.Offset != len(text) || tok.Nats > 0 {
			t.Errorf("token %+v at %d", tok, len(text))
		}
		text += tok.Text
	}
	if text != "075." {
		t.Errorf("the tokens spell %q", text)
	}
	for i := range requests { // each alone is as in the batch, to the bit
		one, err := m.Score(context.Background(), requests[i:i+1])
		check(t, err)
		if one[0].Nats() != replies[i].Nats() {
			t.Errorf("request %d alone: %v nats, in the batch %v", i, one[0].Nats(), replies[i].Nats())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Score(ctx, requests); err == nil {
		t.Error("a cancelled context: want its error")
	}
}

// Requests that share a context share its computation; their numbers are the
// same bits as alone, and within rounding those of a plain forward pass.
func TestSharedContexts(t *testing.T) {
	n, m := saved(t)
	r := rand.New(rand.NewPCG(5, 5))
	letters := func(most int) string {
		b := make([]byte, 1+r.IntN(most))
		for i := range b {
			b[i] = 'a' + byte(r.IntN(26))
		}
		return string(b)
	}
	var requests []model.Request
	for range 200 {
		start := "\n" + letters(6)
		for range 1 + r.IntN(4) {
			requests = append(requests, model.Request{Context: start, Continuation: letters(9)})
		}
	}
	r.Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] })
	replies, err := m.Score(context.Background(), requests)
	check(t, err)
	for i, q := range requests {
		one, err := m.Score(context.Background(), []model.Request{q})
		check(t, err)
		if one[0].Nats() != replies[i].Nats() {
			t.Fatalf("%+v alone: %v nats, in the batch %v", q, one[0].Nats(), replies[i].Nats())
		}
		ids, err := m.Encode(q.Context + q.Continuation)
		check(t, err)
		at := 0 // undivided
		last := len(ids) - 1
		var positions []int
		for i := len(q.Context) - 1; i < last; i++ {
			positions = append(positions, i)
		}
		check(t, m.Logits(context.Background(), [][]int{ids[:last]}, [][]int{positions}, func(_, position int, logits []float32) {
			if nats, _ := local.LogProbability(logits, ids[position+1]); nats != replies[i].Tokens[at].Nats {
				t.Fatalf("%+v, token %d: %v nats, undivided %v", q, at, replies[i].Tokens[at].Nats, nats)
			}
			at++
		}))
		want := plain(t, n, q.Context+q.Continuation)
		if d := math.Abs(sum(want[len(q.Context)-1:]) - replies[i].Nats()); d > 1e-4 {
			t.Fatalf("%+v: %v nats, off by %g", q, replies[i].Nats(), d)
		}
	}
}

// What greedy decoding writes is greedy, and nothing else is.
func TestGenerate(t *testing.T) {
	_, m := saved(t)
	out, err := m.Generate(context.Background(), []string{"\nabc", ""}, 5, nil)
	check(t, err)
	replies, err := m.Score(context.Background(), []model.Request{{Context: "\nabc", Continuation: out[0]}, {Context: "", Continuation: out[1]}})
	check(t, err)
	for i, r := range replies {
		if len(out[i]) != 5 || !r.Greedy() {
			t.Errorf("prompt %d: %q, greedy %v", i, out[i], r.Greedy())
		}
	}
	cut, err := m.Generate(context.Background(), []string{"\nabc"}, 5, []string{out[0][2:3]})
	check(t, err)
	if want := out[0][:strings.Index(out[0], out[0][2:3])]; cut[0] != want {
		t.Errorf("stopped at %q: %q, want %q", out[0][2:3], cut[0], want)
	}
}

func TestIdentity(t *testing.T) {
	n, m := saved(t)
	id := m.Identity()
	if id.Parameters != float64(n.Parameters()) || id.Seed != 3 || !strings.HasPrefix(id.Weights, "sha256:") || !strings.HasPrefix(id.Tokenizer, "sha256:") || id.ContextLength != 16 {
		t.Errorf("identity %+v", id)
	}
}

func TestOpenErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		file, old, new, want string
	}{
		"architecture": {"config.json", `"gpt_neox"`, `"mamba"`, `model_type "mamba"`},
		"tokenizer":    {"tokenizer.json", `"BPE"`, `"Unigram"`, `"Unigram"`},
		"bos":          {"config.json", `"bos_token_id": 0`, `"bos_token_id": 99`, "bos_token_id 99"},
		"width":        {"config.json", `"hidden_size": 24`, `"hidden_size": 28`, "shape"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "m")
			n, _ := saved(t)
			check(t, organism.Save(dir, n, organism.Member{Parameters: 1}))
			path := filepath.Join(dir, tt.file)
			b, err := os.ReadFile(path)
			check(t, err)
			if !strings.Contains(string(b), tt.old) {
				t.Fatalf("%s has no %s", tt.file, tt.old)
			}
			check(t, os.WriteFile(path, []byte(strings.Replace(string(b), tt.old, tt.new, 1)), 0o666))
			m, err := local.Open(dir)
			if err == nil {
				_, err = m.Score(context.Background(), []model.Request{{Context: "\n", Continuation: "a"}})
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestFamily(t *testing.T) {
	n, _ := saved(t)
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "b-step1"} {
		check(t, organism.Save(filepath.Join(dir, name), n, organism.Member{Parameters: 1}))
	}
	check(t, os.WriteFile(filepath.Join(dir, "family.json"), []byte(`{"name":"f","members":[{"path":"b","parameters":200,"seed":1},{"path":"a","parameters":100,"seed":1},{"path":"b-step1","parameters":200,"seed":1,"training_tokens":9,"checkpoint":true}]}`), 0o666))
	names := func(models []model.Scorer, err error) string {
		check(t, err)
		s := ""
		for _, m := range models {
			s += fmt.Sprintf("%s:%g ", m.Identity().Name, m.Identity().Parameters)
		}
		return s
	}
	if got := names(local.Family(dir)); got != "a:100 b:200 " {
		t.Errorf("Family: %s", got)
	}
	if got := names(local.Checkpoints(dir)); got != "b:200 b-step1:200 " {
		t.Errorf("Checkpoints: %s", got)
	}
	if _, err := local.Family("no-such-family"); err == nil || !strings.Contains(err.Error(), "no-such-family") {
		t.Errorf("error %v, want one that names the family", err)
	}
}

// A model keeps the contract of a scorer, with no tolerance at all.
func TestContract(t *testing.T) {
	_, m := saved(t)
	modeltest.Run(t, m, modeltest.Options{Tolerance: 1e-300, Texts: []modeltest.Text{{Context: "\nabc", Continuations: []string{"de", "xyz", " 5"}}, {Context: "\n", Continuations: []string{"a"}}}})
}
