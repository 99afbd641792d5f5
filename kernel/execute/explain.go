package execute

import (
	"os"
	"regexp"
	"strconv"
	"strings"

	"bellwether/kernel/ipynb"
	"bellwether/kernel/jupyter"
)

var (
	ansi = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
	// GoNB's own marks, in the traceback of a compile error and in a stack trace.
	compiled = regexp.MustCompile(`Cell\[(\d+)\]: Line (\d+)`)
	traced   = regexp.MustCompile(`\[\[ Cell \[(\d+)\] Line (\d+) \]\]`)
	framed   = regexp.MustCompile(`^(/\S+/gonb_\w+/main\.go):(\d+)`)
	unparsed = regexp.MustCompile(`main\.go:\d+:\d+: (.+)`)
	exited   = regexp.MustCompile(`^(exit status \d+|signal: .+)$`)
)

// explain finds the line of code and the message of a cell that failed.
func explain(source string, r jupyter.Result) *CellError {
	e := &CellError{Message: r.Err}
	var stderr strings.Builder
	for _, o := range r.Outputs {
		switch {
		case o.Type == ipynb.Stream && o.Name == "stderr":
			stderr.WriteString(o.Text)
		case o.Type == ipynb.Error:
			if e.compile(source, r.Count, o) || e.parse(source, o) {
				return e
			}
		}
	}
	// A package that does not compile: "# package", then its errors.
	if _, after, ok := strings.Cut(e.Message, "\n"); ok && strings.HasPrefix(e.Message, "# ") {
		e.Message, _, _ = strings.Cut(after, "\n")
	}
	e.run(source, r.Count, ansi.ReplaceAllString(stderr.String(), ""))
	return e
}

// compile reads the error of a cell that did not compile: the first of
// perhaps several.
func (e *CellError) compile(source string, count int, o ipynb.Output) bool {
	for _, entry := range o.Traceback {
		entry = strings.TrimSpace(ansi.ReplaceAllString(entry, ""))
		m := compiled.FindStringSubmatch(entry)
		if m == nil {
			continue
		}
		lines := strings.Split(entry, "\n")
		e.Message = strings.TrimSpace(lines[len(lines)-1])
		e.place(source, count, m)
		return true
	}
	return false
}

// parse reads the error of a cell that is not Go. GoNB does not say its line,
// but shows the program around it, with a caret below the place; the program's
// own lines, such as a closing brace, are not the cell's.
func (e *CellError) parse(source string, o ipynb.Output) bool {
	m := unparsed.FindStringSubmatch(o.ErrValue)
	if m == nil {
		return false
	}
	e.Message = strings.TrimSpace(m[1])
	if len(o.Traceback) == 0 {
		return true
	}
	shown := strings.Split(ansi.ReplaceAllString(o.Traceback[0], ""), "\n")
	for i := range shown {
		if strings.TrimSpace(shown[i]) != "^" {
			continue
		}
		for i--; i >= 0 && e.Line == 0; i-- {
			if strings.TrimSpace(shown[i]) != "" {
				e.find(source, strings.TrimSpace(shown[i]))
			}
		}
		break
	}
	if e.Line == 0 {
		e.Code = ""
	}
	return true
}

// run reads what a cell that was running wrote last.
func (e *CellError) run(source string, count int, stderr string) {
	var last, panicked string
	for line := range strings.Lines(stderr) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || exited.MatchString(line):
		case strings.HasPrefix(line, "error: "): // lib/show and the prelude
			last = strings.TrimPrefix(line, "error: ")
		case strings.HasPrefix(line, "at: "):
			e.find(source, strings.TrimPrefix(line, "at: "))
		case strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: "):
			panicked = line
		case panicked != "" && e.Line == 0 && traced.MatchString(line):
			e.place(source, count, traced.FindStringSubmatch(line))
		case panicked != "" && e.Code == "" && framed.MatchString(line):
			e.frame(source, framed.FindStringSubmatch(line))
		case panicked == "":
			last = line
		}
	}
	if panicked != "" {
		last = panicked
	}
	if last != "" {
		e.Message = last
	}
}

// frame takes a line of a stack trace that GoNB has not marked, as happens
// when it came in pieces: [_, path of the program's code, line]. The program is
// there until the next cell.
func (e *CellError) frame(source string, m []string) {
	n, _ := strconv.Atoi(m[2])
	if code, err := os.ReadFile(m[1]); err == nil {
		if lines := strings.Split(string(code), "\n"); n >= 1 && n <= len(lines) {
			e.find(source, strings.TrimSpace(lines[n-1]))
		}
	}
}

// place takes the line that GoNB names: [_, execution count, line].
func (e *CellError) place(source string, count int, m []string) {
	cell, _ := strconv.Atoi(m[1])
	line, _ := strconv.Atoi(m[2])
	lines := strings.Split(source, "\n")
	switch {
	case cell != count: // a declaration of an earlier cell
		e.Message += " (in line " + m[2] + " of cell [" + m[1] + "])"
	case line >= 1 && line <= len(lines):
		e.Line, e.Code = line, strings.TrimSpace(lines[line-1])
	}
}

// find takes a line of code, as gofmt writes it, that the cell named itself.
func (e *CellError) find(source, code string) {
	e.Code = code
	for i, line := range strings.Split(source, "\n") {
		if squeeze(line) == squeeze(code) {
			e.Line = i + 1
			return
		}
	}
}

// squeeze removes all white space.
func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }
