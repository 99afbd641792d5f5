package local

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"bellwether/lib/gemm"
	"bellwether/lib/model"
	"bellwether/lib/model/local/safetensors"
)

// Model is a model in a Hugging Face folder: config.json, model.safetensors (or
// shards with their index), tokenizer.json. It implements model.Generator.
// Opening reads the small files and hashes the weights; the weights themselves
// are loaded when the first request comes. It is safe for concurrent use.
type Model struct {
	dir      string
	config   Config
	prefix   int // token put before an empty context
	tokens   tokenizer
	identity model.Identity

	load    sync.Once
	network *Network
	failure error
	passes  sync.Pool
}

// tokenizer turns text into the model's tokens.
type tokenizer interface {
	encode(text string) ([]int, error)
	text(id int) string // the token's own bytes
}

// facts are our own additions to config.json.
type facts struct {
	Parameters     float64 `json:"parameters"`
	NonEmbedding   float64 `json:"non_embedding_parameters"`
	Seed           int     `json:"seed"`
	TrainingTokens float64 `json:"training_tokens"`
}

// Open opens the model in a folder. The error names the file and what is wrong
// with it.
func Open(dir string) (*Model, error) {
	var c struct {
		Config
		BOS   *int   `json:"bos_token_id"`
		EOS   *int   `json:"eos_token_id"`
		Facts *facts `json:"bellwether"`
	}
	path := filepath.Join(dir, "config.json")
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("local: %s: %w", path, err)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	m := &Model{dir: dir, config: c.Config}
	path = filepath.Join(dir, "tokenizer.json")
	if b, err = os.ReadFile(path); err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	if m.tokens, err = newTokenizer(b, c.Vocabulary); err != nil {
		return nil, fmt.Errorf("local: %s: %w", path, err)
	}
	switch {
	case c.BOS != nil:
		m.prefix = *c.BOS
	case c.EOS != nil:
		m.prefix = *c.EOS
	default:
		m.prefix = -1
	}
	if m.prefix >= c.Vocabulary {
		return nil, fmt.Errorf("local: %s: bos_token_id %d is not one of %d tokens", filepath.Join(dir, "config.json"), m.prefix, c.Vocabulary)
	}
	weights, err := hashWeights(dir)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	tokens := sha256.Sum256(b)
	m.identity = model.Identity{
		Name: filepath.Base(filepath.Clean(dir)), Weights: weights, Tokenizer: "sha256:" + hex.EncodeToString(tokens[:]),
		Precision: "float32", ContextLength: c.Context, Server: "local", Method: "exact",
	}
	if c.Facts != nil {
		m.identity.Parameters, m.identity.NonEmbeddingParameters = c.Facts.Parameters, c.Facts.NonEmbedding
		m.identity.Seed, m.identity.TrainingTokens = c.Facts.Seed, c.Facts.TrainingTokens
	}
	if m.identity.Parameters == 0 {
		n, err := m.weights()
		if err != nil {
			return nil, err
		}
		m.identity.Parameters, m.identity.NonEmbeddingParameters = float64(n.Parameters()), float64(n.NonEmbeddingParameters())
	}
	return m, nil
}

// hashWeights returns "sha256:..." of a folder's weight files, one after another.
func hashWeights(dir string) (string, error) {
	w, err := safetensors.Open(dir)
	if err != nil {
		return "", err
	}
	files := w.Files
	if err := w.Close(); err != nil {
		return "", err
	}
	h := sha256.New()
	for _, path := range files {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// weights loads the network once.
func (m *Model) weights() (*Network, error) {
	m.load.Do(func() {
		gemm.Use()
		m.network, m.failure = m.read()
	})
	return m.network, m.failure
}

func (m *Model) read() (*Network, error) {
	f, err := safetensors.Open(m.dir)
	if err != nil {
		return nil, fmt.Errorf("local: %w", err)
	}
	defer f.Close() // the weights are copied
	n, err := NewNetwork(m.config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.dir, err)
	}
	known := map[string]bool{}
	for _, t := range n.Tensors() {
		known[t.Name] = true
		have, ok := f.Tensor(t.Name)
		if !ok {
			return nil, fmt.Errorf("local: %s: tensor %q is missing", m.dir, t.Name)
		}
		if !slices.Equal(have.Shape, t.Shape) {
			return nil, fmt.Errorf("local: %s: tensor %q has shape %v; config.json says %v", m.dir, t.Name, have.Shape, t.Shape)
		}
		if err := have.Read(t.Data); err != nil {
			return nil, fmt.Errorf("local: %s: %w", m.dir, err)
		}
	}
	for _, name := range f.Names() {
		if !known[name] && !ignored(name) {
			return nil, fmt.Errorf("local: %s: tensor %q is not one that a %s network has", m.dir, name, m.config.ModelType)
		}
	}
	return n, nil
}

// ignored names buffers that older exports keep beside the weights; they follow
// from the configuration.
func ignored(name string) bool {
	for _, suffix := range []string{".attention.bias", ".attention.masked_bias", ".attention.rotary_emb.inv_freq"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
