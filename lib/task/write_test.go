package task_test

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellwether/lib/task"
)

// Every real task that a format can hold comes back from it with the same items
// and the same identity.
func TestWriteGoldens(t *testing.T) {
	dir := goldens(t)
	n := 0
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch filepath.Ext(path) {
		case ".csv", ".jsonl", ".json":
		default:
			return nil
		}
		if got, err := task.Load(path); err == nil {
			n++
			again(t, path, got, task.JSONL)
			again(t, path, got, task.CSV)
			if got.Format == task.PrizeCSV || got.Format == task.PrizeJSONL {
				again(t, path, got, task.PrizeCSV)
				again(t, path, got, task.PrizeJSONL)
			}
		}
		return nil
	})
	if n < 90 {
		t.Errorf("%d task files were found, want 90 or more", n)
	}
}

// again writes a task, reads it and compares.
func again(t *testing.T, name string, want *task.Task, f task.Format) {
	t.Helper()
	var b bytes.Buffer
	if err := task.Write(&b, want, f); err != nil {
		t.Errorf("%s as %s: %v", name, f, err)
		return
	}
	got, err := task.Options{Format: f, Type: want.Type}.Parse("again", &b)
	if err != nil {
		t.Errorf("%s as %s: %v", name, f, err)
		return
	}
	if len(want.Items) != len(got.Items) {
		t.Errorf("%s as %s: %d items, want %d", name, f, len(got.Items), len(want.Items))
		return
	}
	for i, w := range want.Items {
		g := got.Items[i]
		g.Line = w.Line
		if f == task.PrizeCSV || f == task.PrizeJSONL {
			g.Meta = w.Meta
		}
		if !reflect.DeepEqual(w, g) { // cmp takes minutes for all of the files
			t.Errorf("%s as %s: %.2000s", name, f, cmp.Diff(w, g))
			return
		}
	}
	if len(got.Problems) > 0 {
		t.Errorf("%s as %s: %v", name, f, got.Problems[0])
	}
	if f == task.JSONL && want.Hash() != got.Hash() {
		t.Errorf("%s as %s: another identity", name, f)
	}
}

func TestWriteRefuses(t *testing.T) {
	two := task.Item{ID: "x", Prompt: "p", Choices: []string{"a", "b"}, Gold: []int{0, 1}}
	bytes := task.Item{ID: "x", Prompt: "p\xff", Choices: []string{"a", "b"}, Gold: []int{0}}
	for _, tt := range []struct {
		name string
		item task.Item
		f    task.Format
		want string
	}{
		{"two right choices", two, task.PrizeCSV, "exactly one right choice"},
		{"no UTF-8", bytes, task.JSONL, "not UTF-8"},
		{"unknown format", two, task.BBQ, "cannot be written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := task.Write(&strings.Builder{}, &task.Task{Name: "t", Type: task.Classification, Items: []task.Item{tt.item}}, tt.f)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}
