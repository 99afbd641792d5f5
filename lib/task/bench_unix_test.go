//go:build unix

package task_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bellwether/lib/task"
)

// bigItem is a prompt of about 500 bytes, as a classification task has.
const bigItem = `Q: Which of these statements about the \"grey heron\" (case %d) is more likely to be true?\n\n1. The heron stands in shallow water and waits for fish, without moving, for a long time.\n2. The heron stands in shallow water and waits for fish, without moving, for a long time, and it is careful.\n\nThink about what both sentences say: a heron that stands and is careful is a heron that stands. Do not think about how herons are as a rule.\nA:`

// bigFile writes about size bytes of a task to a file and returns its path.
func bigFile(b *testing.B, format task.Format, size int) string {
	out := bytes.NewBuffer(make([]byte, 0, size+4096)) // given back before the measurement
	if format == task.CSV {
		out.WriteString("id,prompt,choices,gold\n")
	}
	for i := 0; out.Len() < size; i++ {
		text := fmt.Sprintf(bigItem, i)
		if format == task.CSV {
			text = string(bytes.ReplaceAll(bytes.ReplaceAll([]byte(text), []byte(`\n`), []byte("\n")), []byte(`\"`), []byte(`""`)))
			fmt.Fprintf(out, "heron-%d,\"%s\",\"[\"\" 1\"\", \"\" 2\"\"]\",%d\n", i, text, i%2)
		} else {
			fmt.Fprintf(out, "{\"id\": \"heron-%d\", \"prompt\": \"%s\", \"choices\": [\" 1\", \" 2\"], \"gold\": %d}\n", i, text, i%2)
		}
	}
	dir := os.Getenv("BELLWETHER_BENCH_DIR") // for bench.py
	if dir == "" {
		dir = b.TempDir()
	}
	path := filepath.Join(dir, "big."+string(format))
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkReader reads 100 MB item by item. peak-MB is the most memory that
// items and buffers took at once, garbage included (/memory/classes/heap/objects
// of runtime/metrics, every 20 ms).
// lib/task/testdata/bench.py runs it and Python's json and csv in turn.
func BenchmarkReader(b *testing.B) {
	for _, format := range []task.Format{task.JSONL, task.CSV} {
		b.Run(string(format), func(b *testing.B) {
			path := bigFile(b, format, 100<<20)
			info, _ := os.Stat(path)
			runtime.GC()
			debug.FreeOSMemory()
			var peak atomic.Uint64
			stop := make(chan bool)
			go func() {
				for {
					select {
					case <-stop:
						return
					case <-time.After(20 * time.Millisecond):
						m := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
						metrics.Read(m)
						peak.Store(max(peak.Load(), m[0].Value.Uint64()))
					}
				}
			}()
			b.SetBytes(info.Size())
			b.ReportAllocs()
			before, loops := cpuTime(), 0
			for b.Loop() {
				loops++
				f, err := os.Open(path)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				rd, err := task.NewReader(path, io.Reader(f), task.Options{})
				if err != nil {
					b.Fatal(err)
				}
				for _, err := range rd.Items() {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				f.Close()
				if n < 100000 {
					b.Fatalf("%d items", n)
				}
			}
			close(stop)
			b.ReportMetric(float64(info.Size())*float64(loops)/1e6/(cpuTime()-before), "MB/cpu-s")
			b.ReportMetric(float64(peak.Load())/1e6, "peak-MB")
		})
	}
}

// cpuTime returns the processor seconds this process has used, which a busy
// machine changes less than the time on the wall.
func cpuTime() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
