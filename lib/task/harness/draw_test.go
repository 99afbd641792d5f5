package harness

import (
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The numbers are those of Python 3.11:
// r = random.Random(seed); [r.sample(range(n), k) for _ in range(2)].
func TestSample(t *testing.T) {
	for _, tt := range []struct {
		seed uint64
		n, k int
		want [][]int
	}{
		{1234, 100, 5, [][]int{{99, 56, 14, 0, 11}, {74, 4, 85, 88, 10}}},
		{1234, 10, 3, [][]int{{7, 1, 0}, {1, 0, 9}}},
		{5000000000, 120, 10, [][]int{{11, 77, 110, 1, 61, 97, 39, 59, 54, 73}, {74, 16, 53, 63, 90, 23, 109, 45, 66, 7}}},
		{1234, 7, 7, [][]int{{6, 3, 0, 4, 5, 2, 1}, {0, 2, 1, 6, 3, 5, 4}}},
	} {
		p := newPython(tt.seed)
		for _, want := range tt.want {
			if got := p.sample(tt.n, tt.k); !slices.Equal(got, want) {
				t.Errorf("seed %d: sample(%d, %d) is %v, want %v", tt.seed, tt.n, tt.k, got, want)
			}
		}
	}
}

// Random seeds and sizes draw what Python draws.
func TestSamplePython(t *testing.T) {
	if exec.Command("python3", "-c", "").Run() != nil {
		t.Skip("no python3: the comparison of random draws is left out")
	}
	type draw struct {
		Seed uint64
		N, K int
		Want [][]int
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var list []draw
	for range 300 {
		d := draw{Seed: rng.Uint64() >> rng.IntN(64), N: 1 + rng.IntN(1<<rng.IntN(20))}
		d.K = rng.IntN(min(d.N, 40) + 1)
		list = append(list, d)
	}
	in, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("python3", "-c", `
import json, random, sys
l = json.load(sys.stdin)
for d in l:
    r = random.Random(d["Seed"])
    d["Want"] = [r.sample(range(d["N"]), d["K"]) for _ in range(30)]
json.dump(l, sys.stdout)`)
	command.Stdin = strings.NewReader(string(in))
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		p := newPython(d.Seed)
		for i, want := range d.Want {
			if got := p.sample(d.N, d.K); !slices.Equal(got, want) {
				t.Fatalf("seed %d, draw %d: sample(%d, %d) is %v, Python's %v", d.Seed, i, d.N, d.K, got, want)
			}
		}
	}
}
