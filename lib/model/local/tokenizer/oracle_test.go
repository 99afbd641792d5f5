package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// npmEnv names a folder with the npm packages that testdata/oracle.mjs lists.
const npmEnv = "BELLWETHER_NPM_TOKENIZERS"

var update = flag.Bool("update", false, "make testdata/small.json.gz anew; needs "+npmEnv)

var styles = []string{"gpt2", "neox", "opt", "llama2", "metaspace", "llama3", "qwen2"}

// fixture is testdata/small.json.gz: what the Rust library made of texts with
// vocabularies small enough to be kept here.
type fixture struct {
	Strings    []string                   `json:"strings"`
	Tokenizers map[string]json.RawMessage `json:"tokenizers"`
	IDs        map[string][][]int         `json:"ids"`
}

// ask runs the oracle over strings.
func ask(t *testing.T, strings []string, more ...string) fixture {
	t.Helper()
	npm := os.Getenv(npmEnv)
	if npm == "" {
		t.Skipf("%s is not set: the comparison with the Rust library on its public vocabularies is left out", npmEnv)
	}
	out := t.TempDir()
	text, err := json.Marshal(strings)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(out, "strings.json")
	if err := os.WriteFile(list, text, 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", append([]string{"testdata/oracle.mjs", npm, out, list}, more...)...)
	command.Stderr = os.Stderr
	log, err := command.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, log)
	}
	t.Logf("%s", log)
	f := fixture{strings, map[string]json.RawMessage{}, map[string][][]int{}}
	for _, style := range styles {
		content, err := os.ReadFile(filepath.Join(out, style+".tokenizer.json"))
		if err != nil {
			t.Fatal(err)
		}
		f.Tokenizers[style] = content
		text, err := os.ReadFile(filepath.Join(out, style+".ids.json"))
		if err != nil {
			t.Fatal(err)
		}
		var pieces [][][3]int
		if err := json.Unmarshal(text, &pieces); err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			ids := make([]int, len(p))
			for i := range p {
				ids[i] = p[i][0]
			}
			f.IDs[style] = append(f.IDs[style], ids)
		}
	}
	return f
}

func (f fixture) compare(t *testing.T) {
	for _, style := range styles {
		t.Run(style, func(t *testing.T) {
			tok, err := Parse(f.Tokenizers[style])
			if err != nil {
				t.Fatal(err)
			}
			wrong, size := 0, 0
			start := time.Now()
			got := make([][]Piece, len(f.Strings))
			for i, s := range f.Strings {
				if got[i], err = tok.Encode(s); err != nil {
					t.Fatalf("%q: %v", s, err)
				}
				size += len(s)
			}
			took := time.Since(start)
			for i, s := range f.Strings {
				if fmt.Sprint(ids(got[i])) != fmt.Sprint(f.IDs[style][i]) && !(len(got[i]) == 0 && len(f.IDs[style][i]) == 0) {
					if wrong++; wrong <= 5 {
						t.Errorf("%q:\n got %v\nwant %v", s, show(tok, ids(got[i])), show(tok, f.IDs[style][i]))
					}
				}
				checkOffsets(t, tok, s, got[i])
			}
			t.Logf("%s: %d of %d strings differ; %.1f MB/s", style, wrong, len(f.Strings), float64(size)/1e6/took.Seconds())
		})
	}
}

// checkOffsets holds that the pieces cover the text in order.
func checkOffsets(t *testing.T, tok *Tokenizer, s string, pieces []Piece) {
	t.Helper()
	at := 0
	for _, p := range pieces {
		if p.Start < 0 || p.End < p.Start || p.End > len(s) || p.Start > at || p.End < at && len(tok.normalizers) == 0 {
			t.Fatalf("%q: piece %+v after byte %d", s, p, at)
		}
		at = p.End
	}
	if at != len(s) && len(tok.normalizers) == 0 {
		t.Fatalf("%q: the pieces end at byte %d", s, at)
	}
}

func ids(pieces []Piece) []int {
	out := make([]int, len(pieces))
	for i, p := range pieces {
		out[i] = p.ID
	}
	return out
}

func show(tok *Tokenizer, ids []int) string {
	s := ""
	for _, id := range ids {
		s += fmt.Sprintf("%d%q ", id, tok.Content(id))
	}
	return s
}

// TestRustLibrary compares 10,341 strings under the public vocabularies of
// GPT-2 (also with the settings of GPT-NeoX and OPT), Llama 2 and Llama 3 (also
// with those of Qwen 2).
func TestRustLibrary(t *testing.T) { ask(t, randomStrings(10_341)).compare(t) }

// TestSmall does the same with small vocabularies and without npm.
func TestSmall(t *testing.T) {
	const path = "testdata/small.json.gz"
	if *update {
		f := ask(t, randomStrings(400), "small")
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		z, _ := gzip.NewWriterLevel(file, gzip.BestCompression)
		if err := json.NewEncoder(z).Encode(f); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	readFixture(t).compare(t)
}

func readFixture(t testing.TB) fixture {
	file, err := os.Open("testdata/small.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.NewDecoder(z).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return f
}
