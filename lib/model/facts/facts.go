// Package facts knows the public models: how many parameters, trained on how
// many tokens, and where the number comes from. The table is
// data/models/facts.csv; a family that is not in it is added there, a line a
// model with its source.
//
// Parameters count everything, embeddings included; non-embedding parameters
// are what Kaplan et al. 2020 count. Sizes that are only estimated from outside
// (the GPT-3 API) are marked.
package facts

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"bellwether/lib/data"
	"bellwether/lib/model"
)

// Fact is what is known of one model. Zero means unknown.
type Fact struct {
	Family       string
	Model        string
	Aliases      []string
	Parameters   float64
	NonEmbedding float64
	Tokens       float64 // training tokens seen
	PerStep      float64 // tokens an optimiser step, for checkpoints named "@stepN"
	Compute      float64 // FLOPs of the whole training, as published or 6 x parameters x tokens
	Estimated    bool    // Parameters is an outside estimate
	Step         int     // of a checkpoint; 0: the final model
	Source       string
}

// FLOPs returns the training compute: the published number where there is one,
// else the usual approximation, 6 x parameters x tokens (Kaplan et al. 2020,
// section 2.1; total parameters, as Hoffmann et al. 2022 count). 0 when the
// tokens are not known. That of a checkpoint is always the approximation.
func (f Fact) FLOPs() float64 {
	if f.Compute > 0 {
		return f.Compute
	}
	return 6 * f.Parameters * f.Tokens
}

// Fill puts the fact into an identity that lacks it. What the identity already
// says is kept.
func (f Fact) Fill(id *model.Identity) {
	if id.Parameters == 0 {
		id.Parameters, id.Estimated = f.Parameters, f.Estimated
	}
	if id.NonEmbeddingParameters == 0 {
		id.NonEmbeddingParameters = f.NonEmbedding
	}
	if id.TrainingTokens == 0 {
		id.TrainingTokens = f.Tokens
	}
	if id.Family == "" {
		id.Family = f.Family
	}
}

// Table is a set of facts.
type Table struct {
	Facts []Fact // in file order
	index map[string]int
}

// Shipped returns the table of the project's data folder, read once.
var Shipped = sync.OnceValues(func() (*Table, error) {
	path, err := data.Path("models", "facts.csv")
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	defer f.Close()
	return Read(path, f)
})

var columns = []string{"family", "model", "aliases", "parameters", "non_embedding_parameters", "training_tokens", "tokens_per_step", "training_flops", "estimated", "source"}

// Read reads a table in the layout of data/models/facts.csv. Errors name the
// line. A name that two models share is an error, as is a line without a source.
func Read(name string, r io.Reader) (*Table, error) {
	in := csv.NewReader(r)
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("facts: %s: %w", name, err)
	}
	if !slices.Equal(head, columns) {
		return nil, fmt.Errorf("facts: %s:1: columns %q; they must be %q", name, head, columns)
	}
	t := &Table{index: map[string]int{}}
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, fmt.Errorf("facts: %s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		bad := func(format string, args ...any) error {
			return fmt.Errorf("facts: %s:%d: %s", name, line, fmt.Sprintf(format, args...))
		}
		f := Fact{Family: rec[0], Model: strings.TrimSpace(rec[1]), Source: rec[9]}
		if f.Model == "" || f.Source == "" {
			return nil, bad("model %q, source %q: both are needed", f.Model, f.Source)
		}
		if rec[2] != "" {
			f.Aliases = strings.Split(rec[2], ";")
		}
		for _, c := range []struct {
			to *float64
			at int
		}{{&f.Parameters, 3}, {&f.NonEmbedding, 4}, {&f.Tokens, 5}, {&f.PerStep, 6}, {&f.Compute, 7}} {
			if rec[c.at] == "" {
				continue
			}
			if *c.to, err = strconv.ParseFloat(rec[c.at], 64); err != nil || !(*c.to > 0) {
				return nil, bad("%s is %q, not a number above 0", columns[c.at], rec[c.at])
			}
		}
		switch rec[8] {
		case "yes":
			f.Estimated = true
		case "":
		default:
			return nil, bad("estimated is %q; it is yes or empty", rec[8])
		}
		if f.Parameters == 0 || f.NonEmbedding > f.Parameters {
			return nil, bad("%g parameters, %g without embeddings", f.Parameters, f.NonEmbedding)
		}
		for _, n := range append([]string{f.Model}, f.Aliases...) {
			key := strings.ToLower(strings.TrimSpace(n))
			if key == "" {
				return nil, bad("aliases %q: one is empty", rec[2])
			}
			if other, ok := t.index[key]; ok && other != len(t.Facts) {
				return nil, bad("%q is also a name of %s", n, t.Facts[other].Model)
			}
			t.index[key] = len(t.Facts)
		}
		t.Facts = append(t.Facts, f)
	}
}

// providers are what Inspect and HELM put in front of a model's own name to say
// who runs it.
var providers = []string{"hf/", "vllm/", "sglang/", "transformer_lens/", "openai-api/", "huggingface/", "openrouter/", "together/", "local/"}

// Lookup finds a model by its name or an alias, in any case. Who runs it
// ("hf/EleutherAI/pythia-70m"), and the folders of a local copy
// ("/models/pythia-70m/", or Hugging Face's cache,
// ".../models--EleutherAI--pythia-70m/snapshots/...") are no part of the name. A checkpoint
// "pythia-410m@step1000" has the tokens of its step, as has a revision that
// names them ("OLMo-1B@step20000-tokens84B"); "@main" is the final model. An
// unknown model is not guessed at: its size must be stated.
func (t *Table) Lookup(name string) (Fact, bool) {
	base, revision, checkpoint := strings.Cut(name, "@")
	i, ok := t.find(base)
	if !ok {
		return Fact{}, false
	}
	f := t.Facts[i]
	if !checkpoint || revision == "main" {
		return f, true
	}
	f.Compute = 0 // of the final model
	if m := atTokens.FindStringSubmatch(revision); m != nil {
		step, _ := strconv.Atoi(m[1]) // at most 12 digits
		billions, _ := strconv.ParseFloat(m[2], 64)
		f.Step, f.Tokens = step, billions*1e9
		return f, true
	}
	n, err := strconv.Atoi(strings.TrimPrefix(revision, "step"))
	if err != nil || n < 0 || f.PerStep == 0 {
		f.Tokens = 0 // another revision: the training tokens are not known
		return f, true
	}
	f.Step, f.Tokens = n, float64(n)*f.PerStep
	if n%1000 != 0 && (n > 512 || n&(n-1) != 0) {
		f.Tokens = 0 // no checkpoint of the suite: runs of 2022 count steps of 4M tokens for some sizes
	}
	return f, true
}

var atTokens = regexp.MustCompile(`^step(\d{1,12})-tokens(\d{1,6}(?:\.\d{1,3})?)B$`)

// cached is a folder of Hugging Face's cache of models.
var cached = regexp.MustCompile(`(?:^|[/\\])models--([^/\\]+)`)

func (t *Table) find(name string) (int, bool) {
	key := strings.ToLower(strings.TrimSpace(name))
	if i, ok := t.index[key]; ok {
		return i, true
	}
	for _, p := range providers {
		if rest, ok := strings.CutPrefix(key, p); ok {
			if i, ok := t.index[rest]; ok {
				return i, true
			}
		}
	}
	if m := cached.FindStringSubmatch(key); m != nil {
		i, ok := t.index[strings.ReplaceAll(m[1], "--", "/")]
		return i, ok
	}
	if strings.HasPrefix(key, "/") || strings.HasPrefix(key, "./") || strings.HasPrefix(key, "../") || strings.HasPrefix(key, "~/") {
		i, ok := t.index[path.Base(key)]
		return i, ok
	}
	return 0, false
}

// Sizes returns the total parameters of a model by name, for package results.
func (t *Table) Sizes(name string) (float64, bool) {
	f, ok := t.Lookup(name)
	return f.Parameters, ok
}
