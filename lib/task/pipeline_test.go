package task_test

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"bellwether/lib/task"
)

// bigTask writes n items; every 1000th row is bad.
func bigTask(format task.Format, n int) string {
	var b strings.Builder
	if format == task.PrizeCSV {
		b.WriteString("prompt,classes,answer_index\n")
	}
	for i := range n {
		gold := i % 2
		if i%1000 == 999 {
			gold = 7
		}
		if format == task.PrizeCSV {
			fmt.Fprintf(&b, "\"item %d\nsays \"\"%s\"\"\",\"[' a', ' b']\",%d\n", i, strings.Repeat("x", i%300), gold)
		} else {
			fmt.Fprintf(&b, "{\"prompt\":\"item %d\\nsays \\\"%s\\\"\",\"choices\":[\" a\",\" b\"],\"gold\":%d}\n", i, strings.Repeat("x", i%300), gold)
		}
	}
	return b.String()
}

// Many processors give the items in the order, with the identifiers and lines,
// that one gives.
func TestPipelineOrder(t *testing.T) {
	const n = 20000
	for format, lines := range map[task.Format]int{task.JSONL: 1, task.PrizeCSV: 2} {
		file := bigTask(format, n)
		for _, procs := range []int{1, 4} {
			old := runtime.GOMAXPROCS(procs)
			got, err := task.Options{Format: format}.Parse("big", strings.NewReader(file))
			runtime.GOMAXPROCS(old)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Items) != n-n/1000 || len(got.Problems) != n/1000 {
				t.Fatalf("%s: %d items and %d problems", format, len(got.Items), len(got.Problems))
			}
			first := 1 // the line of item 0
			if format == task.PrizeCSV {
				first = 2
			}
			i := 0
			for _, it := range got.Items {
				if i%1000 == 999 {
					i++
				}
				if it.ID != strconv.Itoa(i) || it.Line != first+lines*i || it.Prompt != fmt.Sprintf("item %d\nsays \"%s\"", i, strings.Repeat("x", i%300)) || it.Gold[0] != i%2 {
					t.Fatalf("%s on %d processors: item %d is %+v", format, procs, i, it)
				}
				i++
			}
			for k, p := range got.Problems {
				if p.Line != first+lines*(1000*k+999) {
					t.Fatalf("%s: problem %d is %v", format, k, p)
				}
			}
		}
	}
}

// Whoever stops early leaves nothing running.
func TestPipelineStop(t *testing.T) {
	file := bigTask(task.JSONL, 20000)
	before := runtime.NumGoroutine()
	for _, after := range []int{1, 700, 5000} {
		rd, err := task.NewReader("big", strings.NewReader(file), task.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for range rd.Items() {
			if n++; n == after {
				break
			}
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines are left of %d", runtime.NumGoroutine(), before)
}
