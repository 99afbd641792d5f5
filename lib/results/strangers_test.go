package results_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"bellwether/lib/results"

	"github.com/google/go-cmp/cmp"
)

// Two scorers whose scores hold values of the same names measure different
// things: mixed by the order of a map, they gave another mean at every run.
func TestInspectSameNames(t *testing.T) {
	score := `"scores":{"a":{"value":{"right":1,"style":0.5}},"b":{"value":{"right":0,"style":1,"own":3}}}`
	log := map[string]string{"x.json": `{"status":"success","eval":{"task":"t","model":"m"},"results":{"total_samples":2,"completed_samples":2,"scores":[` +
		`{"name":"right","scorer":"a","metrics":{"mean":{"value":1}}},{"name":"right","scorer":"b","metrics":{"mean":{"value":0}}}]},` +
		`"samples":[{"id":1,` + score + `},{"id":2,` + score + `}]}`}
	want := map[string]results.Value{
		"a/right/mean": {Mean: 1}, "b/right/mean": {}, "own/mean": {Mean: 3}, "a/style/accuracy": {Mean: .5}, "b/style/accuracy": {Mean: 1},
	}
	for range 8 {
		r := importOne(t, log)
		if diff := cmp.Diff(want, r.Metrics); diff != "" || len(r.Problems) > 1 { // the size of m
			t.Fatalf("metrics (-want +got):\n%s%v", diff, r.Problems)
		}
	}
}

// A statistic of a part of the split has its own name.
func TestHELMParts(t *testing.T) {
	in := stat("RR@10", "valid", `,"sub_split":"core"`, .5) + "," + stat("RR@10", "valid", `,"sub_split":"full"`, .75)
	r := importOne(t, map[string]string{
		"run_spec.json":           fmt.Sprintf(helmSpec, "ranking_binary"),
		"per_instance_stats.json": "[" + instance("id1", "", in) + "]",
		"stats.json":              "[" + in + "]",
	})
	if mean(r, "RR@10/core") != .5 || mean(r, "RR@10/full") != .75 || len(r.Metrics) != 2 || len(codes(r)) != 0 {
		t.Errorf("%v %v", r.Metrics, r.Problems)
	}
}

// HELM's statistics without the file that says of what: not passed over.
func TestHELMWithoutSpec(t *testing.T) {
	r := importOne(t, map[string]string{"per_instance_stats.json": "[]", "stats.json": "[]"})
	if diff := cmp.Diff([]string{"bad-file"}, codes(r)); diff != "" || !strings.Contains(r.Problems[0].Message, "without the run_spec.json") {
		t.Errorf("%s%v", diff, r.Problems)
	}
}

// A pipe among the files is passed over: reading it would wait for ever.
func TestImportPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.json")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "t.csv"), []byte("model,params,loss\nm,1e9,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := results.Import(dir, nil)
	if err != nil || len(got) != 1 {
		t.Errorf("%v %v", got, err)
	}
	if _, err := results.Import(pipe, nil); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("error %v", err)
	}
}
