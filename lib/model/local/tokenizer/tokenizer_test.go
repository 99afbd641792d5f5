package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parse(t testing.TB, f fixture, style string) *Tokenizer {
	t.Helper()
	tok, err := Parse(f.Tokenizers[style])
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// characters is a tokenizer.json of single characters, as the tiny family has.
const characters = `{"model":{"type":"BPE","vocab":{"\n":0,"a":1,"b":2},"merges":[]},"decoder":{"type":"Fuse"}}`

func TestDecode(t *testing.T) {
	f := readFixture(t)
	for _, style := range []string{"gpt2", "llama3", "llama2", "metaspace"} {
		tok := parse(t, f, style)
		for _, s := range f.Strings {
			pieces, err := tok.Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			want := s
			if tok.stripSpace { // SentencePiece's mark is a space
				want = strings.ReplaceAll(s, "▁", " ")
				if tok.addedRaw.first['<'] && strings.Contains(s, "<") {
					continue // the prefix space of every part between added tokens stays
				}
				if tok.metaspace != nil && strings.HasPrefix(want, " ") {
					continue // a text that begins with a space gets no second
				}
			}
			if got := tok.Decode(ids(pieces)); got != want {
				t.Errorf("%s: %q comes back as %q", style, want, got)
			}
		}
	}
}

func TestAround(t *testing.T) {
	f := readFixture(t)
	for style, want := range map[string]string{"gpt2": "", "opt": "</s>", "llama2": "<s>", "llama3": "<|begin_of_text|>"} {
		tok := parse(t, f, style)
		got := ""
		for _, id := range tok.Before {
			got += tok.Content(id)
		}
		if got != want || len(tok.After) != 0 {
			t.Errorf("%s: %q before, %v after; want %q and nothing", style, got, tok.After, want)
		}
	}
}

func TestUnknown(t *testing.T) {
	tok, err := Parse([]byte(characters))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]UnknownError{"abÉa": {"É", 2}, "a\xffb": {"\xff", 1}} {
		_, err := tok.Encode(text)
		var got *UnknownError
		if !errors.As(err, &got) || *got != want {
			t.Errorf("%q: error %v, want %v", text, err, &want)
		}
	}
	pieces, err := tok.Encode("\nab")
	if diff := cmp.Diff([]Piece{{0, 0, 1}, {1, 1, 2}, {2, 2, 3}}, pieces); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if s := tok.Decode([]int{0, 1, 99, -1}); s != "\na" {
		t.Errorf("decoded %q", s)
	}
}

// TestInvalidUTF8 holds the policy of the package comment.
func TestInvalidUTF8(t *testing.T) {
	f := readFixture(t)
	for _, style := range []string{"gpt2", "llama3", "llama2"} {
		tok := parse(t, f, style)
		for _, s := range []string{"\xff", "a\xffb", "caf\xc3", "\xe2\x82", " \xf0\x9f\x91 x", "\xed\xa0\x80"} {
			pieces, err := tok.Encode(s)
			if got := tok.Decode(ids(pieces)); err != nil || got != s {
				t.Errorf("%s: %q comes back as %q, %v", style, s, got, err)
			}
			checkOffsets(t, tok, s, pieces)
		}
	}
}

func TestOffsets(t *testing.T) {
	f := readFixture(t)
	tok := parse(t, f, "neox")
	// "é" in two characters is composed to one, which this vocabulary has as a
	// token; the blanks are two tokens, for "y" alone is none with a space.
	pieces, err := tok.Encode("xe\u0301 y")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pieces {
		got = append(got, fmt.Sprintf("%q %d-%d", tok.Content(p.ID), p.Start, p.End))
	}
	want := []string{`"x" 0-1`, `"é" 1-4`, `" " 4-5`, `"y" 5-6`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRejects(t *testing.T) {
	for _, tt := range []struct{ name, json, want string }{
		{"not JSON", `{`, "unexpected end"},
		{"WordPiece", `{"model":{"type":"WordPiece","vocab":{"a":0}}}`, `type "WordPiece"`},
		{"Unigram", `{"model":{"type":"Unigram","vocab":{"a":0}}}`, `type "Unigram"`},
		{"dropout", `{"model":{"type":"BPE","dropout":0.1,"vocab":{"a":0}}}`, "dropout 0.1"},
		{"suffix", `{"model":{"type":"BPE","end_of_word_suffix":"</w>","vocab":{"a":0}}}`, "</w>"},
		{"no vocabulary", `{"model":{"type":"BPE"}}`, "vocab is empty"},
		{"same id", `{"model":{"type":"BPE","vocab":{"a":0,"b":0}}}`, "same id 0"},
		{"two ids", `{"decoder":{"type":"Fuse"},"added_tokens":[{"id":1,"content":"a"}],"model":{"vocab":{"a":0}}}`, "two ids"},
		{"negative id", `{"model":{"type":"BPE","vocab":{"a":-1}}}`, "id -1"},
		{"huge id", `{"model":{"type":"BPE","vocab":{"a":99999999999}}}`, "id 99999999999"},
		{"merge of nothing", `{"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}`, "not in the vocabulary"},
		{"merge of one", `{"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]}}`, "a space between"},
		{"merge twice", `{"model":{"type":"BPE","vocab":{"a":0,"aa":1},"merges":["a a","a a"]}}`, "occurs twice"},
		{"unknown token", `{"model":{"type":"BPE","unk_token":"<unk>","vocab":{"a":0}}}`, `"<unk>" is not in vocab`},
		{"normalizer", `{"normalizer":{"type":"Lowercase"},"model":{"vocab":{"a":0}}}`, `normalizer: "Lowercase"`},
		{"pre-tokenizer", `{"pre_tokenizer":{"type":"Digits"},"model":{"vocab":{"a":0}}}`, `pre_tokenizer: "Digits"`},
		{"expression", `{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"\\d"},"behavior":"Isolated"},"model":{"vocab":{"a":0}}}`, `\\d`},
		{"decoder", `{"decoder":{"type":"WordPiece"},"model":{"vocab":{"a":0}}}`, `decoder: "WordPiece"`},
		{"no decoder", `{"model":{"vocab":{"a":0}}}`, "decoder: null"},
		{"post-processor", `{"decoder":{"type":"Fuse"},"post_processor":{"type":"BertProcessing"},"model":{"vocab":{"a":0}}}`, "BertProcessing"},
		{"added token", `{"added_tokens":[{"id":1,"content":"<m>","lstrip":true}],"model":{"vocab":{"a":0}}}`, `"<m>" with`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.json))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestConcurrent(t *testing.T) {
	f := readFixture(t)
	tok := parse(t, f, "llama3")
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i, s := range f.Strings {
				pieces, err := tok.Encode(s)
				if err != nil || fmt.Sprint(ids(pieces)) != fmt.Sprint(f.IDs["llama3"][i]) && len(pieces) > 0 {
					t.Errorf("%q: %v, %v", s, ids(pieces), err)
				}
			}
		})
	}
	wait.Wait()
}

// TestLongWords compares the two ways of merging.
func TestLongWords(t *testing.T) {
	f := readFixture(t)
	tok := parse(t, f, "gpt2")
	for _, s := range []string{strings.Repeat("a", 39), strings.Repeat("the", 13), "thequickbrownfoxjumpsoverthelazydogsand", strings.Repeat("er", 20)} {
		var short, long work
		tok.model.start(&short, s)
		tok.model.start(&long, s)
		tok.model.mergeShort(&short)
		tok.model.mergeLong(&long)
		if fmt.Sprint(short.symbols) != fmt.Sprint(long.symbols) {
			t.Errorf("%q: %v, %v", s, short.symbols, long.symbols)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	fix := readFixture(f)
	gpt2, llama3 := parse(f, fix, "gpt2"), parse(f, fix, "llama3")
	for _, s := range samples {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, tok := range []*Tokenizer{gpt2, llama3} {
			pieces, err := tok.Encode(s)
			if err != nil {
				t.Fatal(err)
			}
			if got := tok.Decode(ids(pieces)); got != s {
				t.Fatalf("%q comes back as %q", s, got)
			}
			checkOffsets(t, tok, s, pieces)
			for _, p := range pieces {
				if s[p.Start:p.End] != tok.Content(p.ID) {
					t.Fatalf("%q: piece %+v is %q", s, p, tok.Content(p.ID))
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	fix := readFixture(f)
	for _, style := range styles {
		var short map[string]any
		if err := json.Unmarshal(fix.Tokenizers[style], &short); err != nil {
			f.Fatal(err)
		}
		short["model"] = map[string]any{"type": "BPE", "vocab": map[string]int{"a": 0, "▁": 1, "Ġ": 2, "<0x41>": 3}, "byte_fallback": true}
		text, err := json.Marshal(short)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, "a b")
	}
	f.Add([]byte(characters), "ab\n")
	f.Fuzz(func(t *testing.T, content []byte, text string) {
		tok, err := Parse(content)
		if err != nil {
			return
		}
		pieces, err := tok.Encode(text)
		if err != nil {
			return
		}
		tok.Decode(ids(pieces))
	})
}

func BenchmarkEncode(b *testing.B) {
	text := strings.Repeat(strings.Join(samples, " "), 40)
	if path := os.Getenv("BELLWETHER_BENCH_TEXT"); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		text = string(content)
	}
	f := readFixture(b)
	if dir := os.Getenv("BELLWETHER_BENCH_TOKENIZERS"); dir != "" { // the oracle's output
		for _, style := range styles {
			content, err := os.ReadFile(dir + "/" + style + ".tokenizer.json")
			if err != nil {
				b.Fatal(err)
			}
			f.Tokenizers[style] = content
		}
	}
	for _, style := range styles {
		b.Run(style, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				b.StopTimer()
				tok := parse(b, f, style) // with an empty cache
				b.StartTimer()
				if _, err := tok.Encode(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func Example() {
	tok, err := Parse([]byte(`{
		"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
		"decoder": {"type": "ByteLevel"},
		"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġab": 4}, "merges": ["a b", "Ġ ab"]}}`))
	if err != nil {
		panic(err)
	}
	pieces, err := tok.Encode("ab ab")
	for _, p := range pieces {
		fmt.Printf("%d %q bytes %d to %d\n", p.ID, tok.Content(p.ID), p.Start, p.End)
	}
	fmt.Println(err)
	// Output:
	// 3 "ab" bytes 0 to 2
	// 4 " ab" bytes 2 to 5
	// <nil>
}

// TestParseVocabulary reads the same tokenizer from its older files.
func TestParseVocabulary(t *testing.T) {
	f := readFixture(t)
	var file struct {
		Model struct {
			Vocabulary json.RawMessage `json:"vocab"`
			Merges     []string        `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(f.Tokenizers["gpt2"], &file); err != nil {
		t.Fatal(err)
	}
	merges := []byte("#version: 0.2\n" + strings.Join(file.Model.Merges, "\n") + "\n")
	tok, err := ParseVocabulary(file.Model.Vocabulary, merges)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range f.Strings {
		if strings.Contains(s, "<|endoftext|>") { // not in vocab.json here
			continue
		}
		pieces, err := tok.Encode(s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(f.IDs["gpt2"][i], ids(pieces)); diff != "" && len(pieces) > 0 {
			t.Errorf("%q: %s", s, diff)
		}
	}
	tok, err = ParseVocabulary([]byte(`{"<s>":0,"</s>":1,"a":2,"<":3,"/":4,"s":5,">":6}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	pieces, err := tok.Encode("a</s>a")
	if diff := cmp.Diff([]int{2, 1, 2}, ids(pieces)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, bad := range [][2]string{{"{", ""}, {`{"a":0}`, "ab"}, {`{"a":0}`, "a b c"}, {`{"a":0}`, "a b"}} {
		if _, err := ParseVocabulary([]byte(bad[0]), []byte(bad[1])); err == nil {
			t.Errorf("%q: want an error", bad)
		}
	}
}
