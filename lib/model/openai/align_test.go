package openai

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestAlign(t *testing.T) {
	for _, tt := range []struct {
		name      string
		prompt    string
		texts     []string
		offsets   []int
		generated int
		want      []int
		bos       string
		err       string
	}{
		{"plain", "a bc", []string{"a", " bc", " x"}, nil, -1, []int{0, 1}, "", ""},
		{"GPT-2 alphabet", "a b\nc", []string{"a", "Ġb", "Ċ", "c"}, nil, -1, []int{0, 1, 3, 4}, "", ""},
		{"SentencePiece", "a b", []string{"<s>", "▁a", "▁b"}, nil, -1, []int{0, 0, 1}, "<s>", ""},
		{"byte fallback", "a é", []string{"▁a", "▁", "<0xC3>", "<0xA9>"}, nil, -1, []int{0, 1, 2, 3}, "", ""},
		{"OpenAI bytes", "é!", []string{`bytes:\xc3`, `bytes:\xa9`, "!"}, nil, -1, []int{0, 1, 2}, "", ""},
		{"half characters, known from both ends", "x 🙂 y", []string{"x", " ", "�", "�", " y", " z"}, nil, 1, []int{0, 1, -1, -1, 6}, "", ""},
		{"half characters twice, offsets drift", "🙂 y 🙂", []string{"�", "�", " y", " ", "�", "�", "z"}, []int{0, 1, 2, 4, 5, 6, 7}, 1, []int{-1, -1, -1, -1, -1, -1}, "", ""},
		{"half characters twice, offsets right", "🙂 y 🙂", []string{"�", "�", " y", " ", "�", "�", "z"}, []int{0, 0, 1, 3, 4, 4, 5}, 1, []int{0, 0, 4, 6, 7, 7}, "", ""},
		{"dropped last token", "a b c", []string{"a", " b", " x"}, []int{0, 1, 3}, 1, nil, "", "last token"},
		{"another text", "a b c", []string{"b", " b", " c", "d"}, nil, 1, nil, "", "missing"},
		{"nothing", "a", nil, nil, 0, nil, "", "no token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := answer{generated: tt.generated, prompt: -1}
			for i, text := range tt.texts {
				e := entry{text: text, id: -1, offset: -1}
				if tt.offsets != nil {
					e.offset = tt.offsets[i]
				}
				a.entries = append(a.entries, e)
			}
			got, err := align(tt.prompt, a, codePoints)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got.start); diff != "" || got.bos != tt.bos {
				t.Errorf("bos %q, starts (-want +got):\n%s", got.bos, diff)
			}
		})
	}
}

// Whatever a server says, known starts are in the prompt and in order, and the
// text of a token stands where it is said to begin.
func FuzzAlign(f *testing.F) {
	f.Add("a b é 🙂", "a| b| |�|�| �", 2, 0, 3)
	f.Add("x", "x", 0, 1, 1)
	f.Fuzz(func(t *testing.T, prompt, tokens string, generated, step, count int) {
		a := answer{generated: generated, prompt: count}
		for i, text := range strings.Split(tokens, "|") {
			a.entries = append(a.entries, entry{text: text, id: -1, offset: i * step})
		}
		for _, u := range []unit{codePoints, inBytes, noOffsets} {
			al, err := align(prompt, a, u)
			if err != nil {
				continue
			}
			last := 0
			for i, at := range al.start {
				if at < 0 {
					continue
				}
				if at < last || at > len(prompt) {
					t.Fatalf("token %d begins at %d, after %d, in %d bytes", i, at, last, len(prompt))
				}
				last = at
			}
			if al.length > len(a.entries) || len(al.start) != al.length {
				t.Fatalf("%d of %d entries, %d starts", al.length, len(a.entries), len(al.start))
			}
		}
	})
}

func TestByteLevel(t *testing.T) {
	seen := map[byte]bool{}
	for r, b := range alphabet() {
		if utf8.RuneLen(r) < 1 || seen[b] {
			t.Fatalf("%q stands for %d, which is taken", r, b)
		}
		seen[b] = true
	}
	if len(seen) != 256 {
		t.Errorf("%d bytes, want 256", len(seen))
	}
	// GPT-2's vocab.json: token 220 is "Ġ", 198 "Ċ", and "é" is "Ã©".
	if got := byteLevel("ĠCafÃ©Ċ"); got != " Café\n" {
		t.Errorf("%q", got)
	}
}
