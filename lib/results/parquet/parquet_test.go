package parquet_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"bellwether/lib/results"
	"bellwether/lib/results/parquet"

	"github.com/google/go-cmp/cmp"
)

var cells = []results.Cell{
	{Task: "t", TaskHash: "h", Model: "m", ModelHash: "x", Parameters: 1e9, Seed: 2, Item: "a,\"\n", Choice: 0, Gold: true, Nats: -1.0 / 3, Last: -.25, Tokens: 3, Bytes: 4, Chars: 2, Greedy: true},
	{Task: "t", Model: "m", Item: "b", Choice: -1, Error: "429"},
}

func TestRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.parquet")
	var b bytes.Buffer
	if err := parquet.Write(&b, cells); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cells, got); diff != "" {
		t.Errorf("write, read (-want +got):\n%s", diff)
	}
	if _, err := parquet.ReadFile(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a file that is not there: want an error")
	}
}

func Example() {
	var b bytes.Buffer
	err := parquet.Write(&b, cells)
	fmt.Printf("%s %v\n", b.Bytes()[:4], err)
	// Output: PAR1 <nil>
}
