package serve_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"bellwether/kernel/serve"
	"bellwether/lib/model/local"
)

// begun is a model that reads every text after a token, as Llama does after "<s>".
type begun struct{ *local.Model }

func (begun) Before() []int { return []int{0} }

// As in vLLM, the tokens that stand before every text are there unless the
// request declines them or brings them, and token ids are taken as they are.
func TestSpecialTokens(t *testing.T) {
	dir := folders(t, 1)[0]
	h := start(t, serve.Options{Folders: []string{dir}, Open: func(dir string) (serve.Model, error) {
		m, err := local.Open(dir)
		return begun{m}, err
	}})
	for _, tt := range []struct {
		name, prompt, more string
		tokens             float64
	}{
		{"text", `"abc"`, "", 4},
		{"text that begins with it", `"\nabc"`, "", 4},
		{"declined", `"abc"`, `,"add_special_tokens":false`, 3},
		{"empty text", `""`, "", 1},
		{"token ids", `[5,6,7]`, "", 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"model":%q,"prompt":%s,"max_tokens":1,"logprobs":1,"echo":true%s}`, filepath.Base(dir), tt.prompt, tt.more)
			status, out := post(t, h.URL+"/v1/completions", "", body)
			usage, _ := out["usage"].(map[string]any)
			if status != 200 || usage["prompt_tokens"] != tt.tokens {
				t.Errorf("status %d, prompt_tokens %v, want %v: %v", status, usage["prompt_tokens"], tt.tokens, out)
			}
		})
	}
}
