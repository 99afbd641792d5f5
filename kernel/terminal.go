package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"bellwether/kernel/execute"
	"bellwether/kernel/ipynb"
)

// terminal shows the progress of a run: a line for every cell and the first
// lines of what it says. On a screen the running cell's line moves.
type terminal struct {
	w      *os.File
	screen bool

	mu    sync.Mutex
	cell  string // the running cell, "" between cells
	begin time.Time
	live  string // what it said last
	stop  chan struct{}
}

// Lines of a cell's text shown, and their width.
const (
	shownLines = 4
	shownWidth = 100
)

func newTerminal(w *os.File) *terminal {
	info, err := w.Stat()
	screen := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	return &terminal{w: w, screen: screen}
}

// style wraps a text in an ANSI style on a screen.
func (t *terminal) style(code, s string) string {
	if !t.screen || os.Getenv("NO_COLOR") != "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// note prints a line.
func (t *terminal) note(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	fmt.Fprintln(t.w, line)
	t.draw()
}

func (t *terminal) clear() {
	if t.screen && t.cell != "" {
		fmt.Fprint(t.w, "\r\x1b[K")
	}
}

func (t *terminal) draw() {
	if t.screen && t.cell != "" {
		fmt.Fprintf(t.w, "\r\x1b[K%s  %5.1f s  %s", t.cell, time.Since(t.begin).Seconds(), t.style("2", cut(t.live, 72)))
	}
}

// Start implements execute.Watcher.
func (t *terminal) Start(cell, cells int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cell, t.begin, t.live = fmt.Sprintf("cell %*d of %d", digits(cells), cell, cells), time.Now(), ""
	if !t.screen {
		return
	}
	t.stop = make(chan struct{})
	go func(stop chan struct{}) {
		for {
			t.mu.Lock()
			select {
			case <-stop:
				t.mu.Unlock()
				return
			default:
			}
			t.draw()
			t.mu.Unlock()
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}(t.stop)
}

func digits(n int) int { return len(fmt.Sprint(n)) }

// Output implements execute.Watcher.
func (t *terminal) Output(o ipynb.Output) {
	text := execute.Text(o)
	if text == "" {
		return
	}
	t.mu.Lock()
	t.live = text[strings.LastIndex(text, "\n")+1:]
	t.mu.Unlock()
}

// End implements execute.Watcher.
func (t *terminal) End(_, _ int, took time.Duration, outputs []ipynb.Output, failure *execute.CellError) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stop != nil {
		close(t.stop)
		t.stop = nil
	}
	t.clear()
	mark := ""
	if failure != nil {
		mark = "  " + t.style("31", "failed")
	}
	fmt.Fprintf(t.w, "%s  %5.1f s%s\n", t.cell, took.Seconds(), mark)
	t.cell = ""
	var lines []string
	for _, o := range outputs {
		if o.Type == ipynb.Stream && o.Name == "stderr" && failure != nil {
			continue // said once, at the end
		}
		if text := execute.Text(o); text != "" {
			lines = append(lines, strings.Split(text, "\n")...)
		}
	}
	for i, line := range lines {
		if i == shownLines && len(lines) > shownLines+1 {
			fmt.Fprintln(t.w, t.style("2", fmt.Sprintf("  │ … %d more lines", len(lines)-i)))
			break
		}
		fmt.Fprintln(t.w, t.style("2", "  │ "+cut(line, shownWidth)))
	}
}

// failure says which cell failed, at which line, and why.
func (t *terminal) failure(e *execute.CellError) {
	t.note("")
	where := fmt.Sprintf("cell %d of %d", e.Cell, e.Cells)
	if e.Line > 0 {
		where += fmt.Sprintf(", line %d", e.Line)
	}
	t.note(t.style("31;1", "error in "+where))
	if e.Code != "" {
		t.note("  " + e.Code)
	}
	for line := range strings.Lines(e.Message) {
		for _, l := range wrap(strings.TrimRight(line, "\n"), shownWidth) {
			t.note("  " + l)
		}
	}
	t.note("")
}

// verdict prints what the notebook says in the end.
func (t *terminal) verdict(text string) {
	t.note("")
	for line := range strings.Lines(text) {
		for _, l := range wrap(strings.TrimRight(line, "\n"), shownWidth) {
			t.note(t.style("1", l))
		}
	}
	t.note("")
}

// wrap breaks a line between words, so that none but a longer word is longer than n characters.
func wrap(s string, n int) []string {
	var list []string
	for utf8.RuneCountInString(s) > n {
		r := []rune(s)
		i := n
		for i > 0 && r[i] != ' ' {
			i--
		}
		if i == 0 {
			break
		}
		list = append(list, string(r[:i]))
		s = string(r[i+1:])
	}
	return append(list, s)
}

// cut shortens a line to n characters.
func cut(s string, n int) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\t", "  "), " \r")
	if i := strings.LastIndex(s, "\r"); i >= 0 {
		s = s[i+1:] // what a screen would show
	}
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
