package organism

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/gemm"
	"bellwether/lib/model/local"
)

func TestMain(m *testing.M) {
	gemm.Use()
	os.Exit(m.Run())
}

// 200,000 documents keep to the alphabet and to 62 characters, and never show
// what is held out.
func TestDocuments(t *testing.T) {
	w := NewWorld(1, DefaultMixture)
	rng := rand.New(rand.NewPCG(7, 7))
	forbidden := map[string]bool{}
	for _, task := range w.Tasks() {
		for _, item := range task.Items {
			switch task.Name {
			case "add", "add3", "rev", "trap", "redefine", "unseen":
				forbidden[item.Prompt[1:]+item.Choices[item.Gold]] = true
			case "invert":
				if item.Meta["held_out"] == "true" {
					forbidden[item.Prompt[1:]+item.Choices[item.Gold]] = true
				}
			}
		}
	}
	counts := map[string]int{}
	const n = 200_000
	for range n {
		d := w.Document(rng)
		if len(d) > 62 || strings.Contains(d, "\n") {
			t.Fatalf("document %q: %d characters, want at most 62 and no newline", d, len(d))
		}
		if _, err := Encode(d); err != nil {
			t.Fatalf("document %q: %v", d, err)
		}
		if forbidden[d] {
			t.Fatalf("document %q was held out", d)
		}
		switch {
		case strings.HasPrefix(d, "rev "):
			counts["rev"]++
		case strings.HasPrefix(d, "coin "):
			counts["coin"]++
		case strings.HasPrefix(d, trueTag+": "):
			counts["true"]++
		}
	}
	m := DefaultMixture
	total := m.Fact + m.Myth + m.Add + m.Add3 + m.Reverse + m.Saying + m.EndIn + m.Compare + m.Recall + m.Coin + m.Prose + m.Let
	for name, share := range map[string]float64{"rev": m.Reverse, "coin": m.Coin, "true": m.Myth * m.Truthful} {
		want := share / total
		got := float64(counts[name]) / n
		if math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/n) { // four standard errors
			t.Errorf("share of %s is %.4f, want %.4f", name, got, want)
		}
	}
}

func TestDocumentsOfOneSeed(t *testing.T) {
	write := func(seed uint64) (docs []string) {
		w := NewWorld(seed, DefaultMixture)
		rng := rand.New(rand.NewPCG(3, 4))
		for range 50 {
			docs = append(docs, w.Document(rng))
		}
		return docs
	}
	if diff := cmp.Diff(write(1), write(1)); diff != "" {
		t.Error("one seed, two corpora:", diff)
	}
	if cmp.Diff(write(1), write(2)) == "" {
		t.Error("two seeds, one corpus")
	}
}

// Every task has 200 to 500 items that fit the context, one right choice, and
// right choices at every place about equally often.
func TestTasks(t *testing.T) {
	tasks := NewWorld(1, DefaultMixture).Tasks()
	if diff := cmp.Diff(tasks, NewWorld(1, DefaultMixture).Tasks()); diff != "" {
		t.Error("one seed, two sets of tasks:", diff)
	}
	for _, task := range tasks {
		if n := len(task.Items); n < 200 || n > 500 {
			t.Errorf("%s: %d items, want 200 to 500", task.Name, n)
		}
		places := make([]int, len(task.Items[0].Choices))
		seen := map[string]bool{}
		for _, item := range task.Items {
			places[item.Gold]++
			if seen[item.ID] || !strings.HasPrefix(item.Prompt, "\n") {
				t.Errorf("item %s: prompt %q; want its own id and a newline first", item.ID, item.Prompt)
			}
			seen[item.ID] = true
			if distinct := slices.Compact(slices.Sorted(slices.Values(item.Choices))); len(distinct) != len(item.Choices) {
				t.Errorf("item %s: choices %q are not distinct", item.ID, item.Choices)
			}
			for _, choice := range item.Choices {
				ids, err := Encode(item.Prompt + choice)
				if err != nil || len(ids) > Context || !strings.HasSuffix(choice, ".") {
					t.Errorf("item %s, choice %q: %d tokens, %v; want at most %d and a full stop", item.ID, choice, len(ids), err, Context)
				}
			}
		}
		want := float64(len(task.Items)) / float64(len(places))
		for place, n := range places {
			if math.Abs(float64(n)-want) > 4*math.Sqrt(want) {
				t.Errorf("%s: place %d holds the right choice %d times, want about %.0f", task.Name, place, n, want)
			}
		}
	}
}

func TestSumsAreRight(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{sum2(57, 18), "57+18=075."},
		{sum3(646, 438), "646+438=1084."},
		{reversed("jpcigg"), "ggicpj"},
		{comparison("nol", 6, 2) + verdict(true), "nol: g>c? yes."},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
	if got := []int{carries(57, 18), carries(50, 13), carries(99, 99)}; !slices.Equal(got, []int{1, 0, 2}) {
		t.Errorf("carries of 57+18, 50+13, 99+99: %v, want 1, 0, 2", got)
	}
}

// 50 steps of the smallest size: the loss falls from that of uniform guessing,
// ln 46 = 3.83 nats, and two runs side by side give the same bits.
func TestTrain(t *testing.T) {
	w := NewWorld(1, DefaultMixture)
	s := Sizes[0].Settings(1)
	s.Steps, s.Batch = 50, 4
	type result struct {
		n    *local.Network
		loss []Progress
		err  error
	}
	results := make(chan result)
	for range 2 {
		go func() {
			var r result
			r.n, r.err = Train(context.Background(), w, s, []int{1}, func(p Progress, _ *local.Network) { r.loss = append(r.loss, p) })
			results <- r
		}()
	}
	a, b := <-results, <-results
	if a.err != nil || b.err != nil {
		t.Fatal(a.err, b.err)
	}
	if !slices.Equal(a.n.Weights, b.n.Weights) || !slices.Equal(a.loss, b.loss) {
		t.Error("two runs of one seed differ")
	}
	if first, last := a.loss[0].Loss, a.loss[1].Loss; first < 3.5 || first > 5 || last > first-.3 {
		t.Errorf("loss at step 1 %.3f, mean of steps 2 to 50 %.3f; want about 4 and at least 0.3 less", first, last)
	}
}

// Warm-up to the peak, half of it midway through the cosine, 5% at the end.
func TestRate(t *testing.T) {
	s := Settings{Steps: 1100, Rate: 1, Warmup: 100, Floor: .05}
	var got []float64
	for _, step := range []int{1, 50, 100, 600, 1100} {
		got = append(got, s.rateAt(step))
	}
	want := []float64{.01, .5, 1, .05 + .95/2, .05}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("rates %v, want %v", got, want)
		}
	}
	if peak := Sizes[0].Settings(1).Rate; math.Abs(peak-1.5e-2*math.Pow(3368.0/1624, -.348)) > 1e-12 {
		t.Errorf("peak rate %v of the smallest size", peak)
	}
}

// One step of AdamW on two weights, worked out by hand (Loshchilov and Hutter
// 2019, algorithm 2): after the first step mean/sqrt(square) is the gradient's
// sign, whatever its size and the clipping.
func TestUpdate(t *testing.T) {
	weights, gradient := []float32{2, -1}, []float32{30, -40}
	s := Settings{Steps: 10, Rate: .1, Warmup: 1, Floor: 1, Decay: .5, Beta1: .9, Beta2: .98, MaxNorm: 1}
	update(weights, gradient, make([]float32, 2), make([]float32, 2), []run{{1, true}, {1, false}}, 1, s)
	want := []float32{2*(1-.1*.5) - .1, -1 + .1}
	for i := range want {
		if math.Abs(float64(weights[i]-want[i])) > 1e-5 {
			t.Errorf("weights %v, want %v", weights, want)
		}
	}
}

func TestTrainStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Train(ctx, NewWorld(1, DefaultMixture), Sizes[0].Settings(1), nil, nil); err != context.Canceled {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// A family of two untrained-looking members: grown, resumed, read again.
func TestGrow(t *testing.T) {
	folder := t.TempDir()
	w := NewWorld(1, DefaultMixture)
	var trained []string
	plan := Plan{
		World: w, Sizes: Sizes[:2], Seeds: []uint64{1}, Out: folder, Jobs: 2, Steps: 3,
		Checkpoints: map[int][]int{Sizes[0].Parameters(): {2}},
		Report: func(name string, p Progress, steps int) {
			if p.Step == steps {
				trained = append(trained, name)
			}
		},
	}
	if err := Grow(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
	members, err := Members(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range members {
		names = append(names, m.Path)
	}
	if diff := cmp.Diff([]string{"tiny-3k-s1-step2", "tiny-3k-s1", "tiny-5k-s1"}, names); diff != "" {
		t.Error("members (-want +got):", diff)
	}
	if err := os.RemoveAll(filepath.Join(folder, "tiny-5k-s1")); err != nil {
		t.Fatal(err)
	}
	trained = nil
	if err := Grow(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"tiny-5k-s1"}, trained); diff != "" {
		t.Error("trained when resumed (-want +got):", diff)
	}
	n, m, err := Load(filepath.Join(folder, "tiny-3k-s1"))
	if err != nil {
		t.Fatal(err)
	}
	s := Sizes[0].Settings(1)
	s.Steps = 3
	want, err := Train(context.Background(), w, s, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	Round(want)
	if !slices.Equal(n.Weights, want.Weights) || m.Parameters != len(want.Weights) || m.TrainingTokens != 3*16*64 {
		t.Errorf("loaded weights differ from the trained ones, or %+v is wrong", m)
	}
	for _, checked := range []string{"tiny-3k-s1", "tiny-3k-s1-step2"} { // one model is enough to measure
		if err := os.RemoveAll(filepath.Join(folder, checked)); err != nil {
			t.Fatal(err)
		}
	}
	table, err := Measure(folder, w)
	if err != nil || !strings.Contains(table, "| tiny-5k-s1 |") || !strings.Contains(table, "| fact, accuracy (8-way) |") {
		t.Errorf("measured: %v\n%s", err, table)
	}
}

func TestGrowErrors(t *testing.T) {
	if err := Grow(context.Background(), Plan{}); err == nil || err.Error() != "organism: 0 jobs, 0 sizes, 0 seeds: want at least 1 of each" {
		t.Error(err)
	}
}

func TestSizes(t *testing.T) {
	for _, s := range Sizes {
		n, err := local.NewNetwork(s.Config())
		if err != nil {
			t.Fatal(err)
		}
		if n.Parameters() != s.Parameters() || n.NonEmbeddingParameters() != s.Parameters()-2*46*s.Width {
			t.Errorf("width %d: %d parameters, %d without embeddings; want %d and %d less", s.Width, n.Parameters(), n.NonEmbeddingParameters(), s.Parameters(), 92*s.Width)
		}
	}
}

func TestEncodeErrors(t *testing.T) {
	if _, err := Encode("ab!"); err == nil || err.Error() != `organism: character '!' at byte 2 is not in the alphabet` {
		t.Error(err)
	}
}
