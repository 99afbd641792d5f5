package local_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"bellwether/lib/data"
	"bellwether/lib/model"
	"bellwether/lib/model/local"
)

// The scores of shipped models are PyTorch's on the same float16 weights
// (testdata/tiny_reference.py) within 1e-4 nats a token.
func TestTinyPyTorch(t *testing.T) {
	b, err := os.ReadFile("testdata/tiny_reference.json")
	check(t, err)
	var reference struct {
		Models []struct {
			Name, SHA256 string
			Requests     []struct {
				Context, Continuation string
				Nats                  []float64
			}
		}
	}
	check(t, json.Unmarshal(b, &reference))
	root, err := data.Dir()
	check(t, err)
	worst, count := 0.0, 0
	for _, want := range reference.Models {
		m, err := local.Open(filepath.Join(root, "models", "tiny", want.Name))
		check(t, err)
		if got := m.Identity().Weights; got != "sha256:"+want.SHA256 {
			t.Errorf("%s: weights %s, the reference was made from sha256:%s: run testdata/tiny_reference.py again", want.Name, got, want.SHA256)
			continue
		}
		var requests []model.Request
		for _, r := range want.Requests {
			requests = append(requests, model.Request{Context: r.Context, Continuation: r.Continuation})
		}
		replies, err := m.Score(context.Background(), requests)
		check(t, err)
		for i, r := range want.Requests {
			if len(replies[i].Tokens) != len(r.Nats) {
				t.Fatalf("%s, %q after %q: %d tokens, want %d", want.Name, r.Continuation, r.Context, len(replies[i].Tokens), len(r.Nats))
			}
			for k, nats := range r.Nats {
				difference := math.Abs(replies[i].Tokens[k].Nats - nats)
				worst = max(worst, difference)
				count++
				if difference > 1e-4 {
					t.Errorf("%s, %q after %q, token %d: %v nats, want %v", want.Name, r.Continuation, r.Context, k, replies[i].Tokens[k].Nats, nats)
				}
			}
		}
	}
	if count < 200 {
		t.Errorf("%d tokens compared, want at least 200", count)
	}
	t.Logf("%d tokens, largest difference %.2g nats", count, worst)
}
