package local

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// newTokenizer reads tokenizer.json. The vocabulary must fit the network's.
func newTokenizer(b []byte, vocabulary int) (tokenizer, error) {
	var t struct {
		Normalizer   json.RawMessage `json:"normalizer"`
		PreTokenizer json.RawMessage `json:"pre_tokenizer"`
		Added        []any           `json:"added_tokens"`
		Model        struct {
			Type         string         `json:"type"`
			Vocabulary   map[string]int `json:"vocab"`
			Merges       []any          `json:"merges"`
			ByteFallback bool           `json:"byte_fallback"`
		} `json:"model"`
	}
	if err := json.Unmarshal(b, &t); err != nil {
		return nil, err
	}
	null := func(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }
	if t.Model.Type != "BPE" || len(t.Model.Merges) > 0 || t.Model.ByteFallback || !null(t.Normalizer) || !null(t.PreTokenizer) || len(t.Added) > 0 {
		return nil, fmt.Errorf("a tokenizer of type %q with %d merges, normalizer %s and pre-tokenizer %s is not read; one of single characters is",
			t.Model.Type, len(t.Model.Merges), t.Normalizer, t.PreTokenizer)
	}
	c := characters{ids: map[rune]int{}, texts: make([]string, vocabulary)}
	for text, id := range t.Model.Vocabulary {
		r, n := utf8.DecodeRuneInString(text)
		if n != len(text) || n == 0 || r == utf8.RuneError {
			return nil, fmt.Errorf("token %d is %q, not a single character, and there are no merges", id, text)
		}
		if id < 0 || id >= vocabulary || c.texts[id] != "" {
			return nil, fmt.Errorf("token %q has number %d, which is taken or not one of %d", text, id, vocabulary)
		}
		c.ids[r], c.texts[id] = id, text
	}
	return c, nil
}

// characters is the tokenizer of models that read characters.
type characters struct {
	ids   map[rune]int
	texts []string
}

func (c characters) encode(text string) ([]int, error) {
	out := make([]int, 0, len(text))
	for i, r := range text {
		id, ok := c.ids[r]
		if !ok {
			return nil, fmt.Errorf("byte %d: the model has no character %q", i, r)
		}
		out = append(out, id)
	}
	return out, nil
}

func (c characters) text(id int) string { return c.texts[id] }
