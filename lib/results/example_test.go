package results_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"bellwether/lib/record"
	"bellwether/lib/results"
)

// must and check are those of notebook cells, so that the examples can be pasted
// there.
func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Results of lm-evaluation-harness; facts.Table.Sizes knows public models.
func ExampleImport_harness() {
	dir := must(os.MkdirTemp("", "results"))
	defer os.RemoveAll(dir)
	check(os.WriteFile(filepath.Join(dir, "results_2026-01-01T00-00-00.0.json"), []byte(`{"results": {"arc_easy": {"acc,none": 0.5, "acc_stderr,none": 0.01}},
		"configs": {}, "n-samples": {"arc_easy": {"original": 2376, "effective": 2376}}, "model_name": "EleutherAI/pythia-70m"}`), 0o600))
	got := must(results.Import(dir, func(string) (float64, bool) { return 70426624, true }))
	fmt.Println(got[0].Model, got[0].Params, got[0].N, got[0].Metrics["acc"])
	// Output: EleutherAI/pythia-70m 7.0426624e+07 2376 {0.5 0.01}
}

// An Inspect log: the grades of its samples are held against its accuracy.
func ExampleImport_inspect() {
	dir := must(os.MkdirTemp("", "results"))
	defer os.RemoveAll(dir)
	check(os.WriteFile(filepath.Join(dir, "log.json"), []byte(`{"status": "success", "eval": {"task": "riddles", "model": "hf/gpt2"},
		"results": {"total_samples": 2, "completed_samples": 2, "scores": [{"name": "match", "metrics": {"accuracy": {"value": 1}}}]},
		"samples": [{"id": 1, "epoch": 1, "scores": {"match": {"value": "C"}}}, {"id": 2, "epoch": 1, "scores": {"match": {"value": "I"}}}]}`), 0o600))
	got := must(results.Import(dir, nil))
	fmt.Println(got[0].Task, got[0].N, got[0].Problems[0].Message)
	// Output: riddles 2 accuracy is 1 in the results and 0.5 over the samples
}

// A HELM run directory.
func ExampleImport_helm() {
	dir := must(os.MkdirTemp("", "results"))
	defer os.RemoveAll(dir)
	check(os.WriteFile(filepath.Join(dir, "run_spec.json"), []byte(`{"name": "boolq:model=openai_gpt2", "adapter_spec": {"model": "openai/gpt2"}}`), 0o600))
	check(os.WriteFile(filepath.Join(dir, "per_instance_stats.json"), []byte(`[{"instance_id": "id1", "train_trial_index": 0, "stats": [{"name": {"name": "exact_match", "split": "test"}, "count": 1, "mean": 1}]}]`), 0o600))
	got := must(results.Import(dir, nil))
	fmt.Println(got[0].Task, got[0].Model, got[0].Metrics["accuracy"].Mean)
	// Output: boolq openai/gpt2 1
}

// A table of one's own, with names and sizes as people write them.
func ExampleTable() {
	got := must(results.Table("mine.csv", strings.NewReader("name,size,question,nll\nours,1.3B,q1,0.5\nours,1.3B,q2,1.5\n"),
		results.Columns{Model: "name", Params: "size", Item: "question", Metrics: map[string]string{"nll": "loss"}}))
	fmt.Println(got[0].Model, got[0].Params, got[0].N, got[0].Metrics["loss"])
	// Output: ours 1.3e+09 2 {1 0.5}
}

// A run log as a table, and back.
func ExampleCells() {
	log := &record.Log{Rows: []record.Row{
		{Item: "one", Gold: []int{0}, Choices: []record.Choice{{Nats: -0.5}, {Nats: -2.5}}},
		{Item: "two", Gold: []int{1}, Choices: []record.Choice{{Nats: -1}, {Nats: -2}}},
	}}
	cells := results.Cells([]*record.Log{log})
	fmt.Println(len(cells), cells[0].Item, cells[0].Choice, cells[0].Gold, cells[0].Nats < cells[1].Nats)
	fmt.Println(len(results.Logs(cells)[0].Rows))
	// Output:
	// 4 one 0 true false
	// 2
}
