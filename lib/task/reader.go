package task

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"bellwether/lib/data"
)

// Options override what the readers find out by themselves. The zero value
// overrides nothing.
type Options struct {
	// Format is how the file is written; "" detects it from the content.
	Format Format
	// Type is what the task measures; "" takes the file's word or what its
	// columns say.
	Type Type
	// Name is the task's name; "" takes the file's.
	Name string
	// Variant chooses one of a file's tasks: MC1 (when "") or MC2 of TruthfulQA.
	Variant string
}

// Reader gives the items of one file, one after another. Except for the formats
// that are one JSON document (BigBench, BigBenchHard, TruthfulQAMC), it keeps no
// more in memory than the largest item.
type Reader struct {
	head  Task
	items iter.Seq2[Item, error]
	src   *source
}

// NewReader finds the format of r and reads what stands in front of the first
// item. The name is used in messages and, without its folder and extension, as
// the name of a task that does not name itself.
func NewReader(name string, r io.Reader, o Options) (*Reader, error) {
	src := newSource(name, r)
	format := o.Format
	if format == "" {
		var err error
		if format, err = detect(src); err != nil {
			return nil, err
		}
	}
	rd := &Reader{src: src, head: Task{
		Name: plainName(name), File: name, Format: format, Type: o.Type, Variant: o.Variant,
	}}
	if format == HarnessYAML {
		return nil, fmt.Errorf("task: %s: %w", name, ErrHarness)
	}
	open, ok := readers[format]
	if !ok {
		return nil, fmt.Errorf("task: %s: format %q is not one of %v", name, format, Formats)
	}
	items, err := open(src, &rd.head)
	if err != nil {
		return nil, err
	}
	if o.Name != "" {
		rd.head.Name = o.Name
	}
	if o.Type != "" {
		rd.head.Type = o.Type
	}
	if format != TruthfulQACSV && format != TruthfulQAMC {
		rd.head.Variant = "" // the others have but one task
	}
	if rd.head.Type, err = knownType(rd.head.Type); err != nil {
		return nil, fmt.Errorf("task: %s: %w", name, err)
	}
	rd.items = items
	return rd, nil
}

// Head returns what is known without the items: name, type, format, few-shot
// layout, descriptions.
func (r *Reader) Head() Task { return r.head }

// Items yields the items in file order. A row that cannot be used is yielded as
// a *SyntaxError with a zero item, and the next one follows; any other error is
// the last. The sequence can be used once.
func (r *Reader) Items() iter.Seq2[Item, error] { return r.items }

// ErrHarness is the error for a task description of lm-evaluation-harness.
var ErrHarness = errors.New("a task description of lm-evaluation-harness (YAML), which bellwether/lib/task/harness reads")

// isHarness reports whether a file's start has a key of such a description.
func isHarness(b []byte) bool {
	for line := range bytes.Lines(b) {
		key, _, ok := bytes.Cut(line, []byte(":"))
		switch string(bytes.Trim(key, `"' `)) {
		case "task", "group", "tag", "include", "dataset_path", "dataset_name", "output_type", "doc_to_text", "doc_to_target":
			if ok && line[0] != ' ' {
				return true
			}
		}
	}
	return false
}

// opener reads the head of a file and returns its items.
type opener func(*source, *Task) (iter.Seq2[Item, error], error)

// readers is filled by the formats' own files.
var readers = map[Format]opener{}

func knownType(t Type) (Type, error) {
	if t == "" || t == "classification_loss" {
		return Classification, nil
	}
	for _, k := range Types {
		if t == k {
			return t, nil
		}
	}
	return "", fmt.Errorf("type %q is not one of %v", string(t), Types)
}

// Load reads a task from a file, or by its name under data/tasks ("tiny/add"),
// and detects the format.
func Load(nameOrPath string) (*Task, error) { return Options{}.Load(nameOrPath) }

// Parse reads a task from r and detects the format. Rows that cannot be used
// are in Task.Problems; an error means that there is no task.
func Parse(name string, r io.Reader) (*Task, error) { return Options{}.Parse(name, r) }

// Load is as the function Load, with what the options say.
func (o Options) Load(nameOrPath string) (*Task, error) {
	path, err := Find(nameOrPath)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("task: %w", err)
	}
	defer f.Close()
	return o.Parse(path, f)
}

// Parse is as the function Parse, with what the options say.
func (o Options) Parse(name string, r io.Reader) (*Task, error) {
	h := sha256.New()
	rd, err := NewReader(name, io.TeeReader(r, h), o)
	if err != nil {
		return nil, err
	}
	t := rd.head
	ids := map[string]bool{}
	for it, err := range rd.Items() {
		var bad *SyntaxError
		switch {
		case errors.As(err, &bad):
			t.Problems = append(t.Problems, bad.Problem)
			continue
		case err != nil:
			return nil, err
		}
		if ids[it.ID] {
			t.Problems = append(t.Problems, Problem{"duplicate-id", it.Line, fmt.Sprintf("id %q occurs again; the row was skipped", it.ID)})
			continue
		}
		ids[it.ID] = true
		t.Items = append(t.Items, it)
	}
	t.Problems = append(t.Problems, rd.src.problems()...)
	// Formats that end before the file does have nothing behind but white space;
	// it is part of the bytes that the hash stands for.
	if _, err := io.Copy(io.Discard, rd.src.r); err != nil {
		return nil, fmt.Errorf("task: %s: %w", name, err)
	}
	t.SHA256 = sum(h)
	return &t, nil
}

// hashOf returns the SHA-256 of what r gives.
func hashOf(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return sum(h), err
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// Find returns the path of a task file: the path itself if there is such a
// file, path/task.json if it is a folder that has one, else the file with that
// name and any known extension under data/tasks.
func Find(nameOrPath string) (string, error) {
	missing := fmt.Errorf("task: no file %s", nameOrPath)
	if info, err := os.Stat(nameOrPath); err == nil {
		if !info.IsDir() {
			return nameOrPath, nil
		}
		if path := filepath.Join(nameOrPath, "task.json"); isFile(path) {
			return path, nil
		}
		missing = fmt.Errorf("task: %s is a folder without a task.json: name the files in it", nameOrPath)
	}
	if filepath.IsAbs(nameOrPath) {
		return "", missing
	}
	base, err := data.Path("tasks", filepath.FromSlash(nameOrPath))
	if err != nil {
		return "", fmt.Errorf("%w, and no data folder to look for a task of that name: %w", missing, err)
	}
	for _, ext := range []string{"", ".jsonl", ".csv", ".json"} {
		if isFile(base + ext) {
			return base + ext, nil
		}
	}
	return "", fmt.Errorf("%w, and no task of that name (.jsonl, .csv, .json) in %s", missing, filepath.Dir(base))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// plainName returns the file's name without folder and extension; the folder's
// for BIG-bench's "task.json" and the prize's "data.csv" and "data.jsonl".
func plainName(name string) string {
	base := filepath.Base(filepath.ToSlash(name))
	switch base {
	case "task.json", "data.csv", "data.jsonl":
		if folder := filepath.Base(filepath.Dir(filepath.ToSlash(name))); folder != "." && folder != "/" {
			return folder
		}
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// source is the bytes of a file as the formats read them, with the current
// line. It drops a byte order mark.
type source struct {
	name string
	r    *bufio.Reader
	line int // lines that were read
	bom  bool
	tail []byte // what was read and is still to be put into a batch
	// blanks are the lines without content.
	blanks []int
	// notes are problems of the whole file that its reader found.
	notes []Problem
	crlf  int // lines that ended in CR LF
	cr    int // rows that ended in a lone CR
	lf    int
}

// window is how far detection looks into a file, in bytes.
const window = 64 << 10

func newSource(name string, r io.Reader) *source {
	s := &source{name: name, r: bufio.NewReaderSize(r, window)}
	if b, _ := s.r.Peek(3); string(b) == "\xef\xbb\xbf" {
		s.r.Discard(3)
		s.bom = true
	}
	return s
}

// start returns the first bytes, for detection.
func (s *source) start() []byte { return s.peek(window) }

// peek returns the next n bytes, fewer at the end of the file.
func (s *source) peek(n int) []byte {
	if n > s.r.Size() {
		s.r = bufio.NewReaderSize(s.r, n)
	}
	b, _ := s.r.Peek(n)
	return b
}

// all returns everything that is left.
func (s *source) all() ([]byte, error) {
	b, err := io.ReadAll(s.r)
	if err != nil {
		return nil, fmt.Errorf("task: %s: %w", s.name, err)
	}
	return b, nil
}

// skip makes the error for a row that cannot be used.
func (s *source) skip(line int, code, format string, args ...any) *SyntaxError {
	return &SyntaxError{s.name, Problem{code, line, fmt.Sprintf(format, args...)}}
}

// problems are those of the whole file.
func (s *source) problems() []Problem {
	list := slices.Clone(s.notes)
	if s.bom {
		list = append(list, Problem{"bom", 1, "the file starts with a byte order mark, which is no part of the first field"})
	}
	if kinds := b2i(s.crlf > 0) + b2i(s.cr > 0) + b2i(s.lf > 0); kinds > 1 {
		list = append(list, Problem{"line-ends", 0, fmt.Sprintf("rows end in different ways: %d in LF, %d in CR LF, %d in CR", s.lf, s.crlf, s.cr)})
	}
	if n := len(s.blanks); n > 0 {
		list = append(list, Problem{"blank", s.blanks[0], fmt.Sprintf("%d blank lines, this is the first", n)})
	}
	return list
}

func (s *source) note(code, format string, args ...any) {
	s.notes = append(s.notes, Problem{code, 0, fmt.Sprintf(format, args...)})
}

// first returns the first line, which is read again later; nil when it is not
// UTF-8 or there is none.
func (s *source) first() []byte {
	line, err := s.r.ReadBytes('\n')
	if len(line) == 0 || err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	s.tail = line
	line = bytes.TrimSuffix(line, []byte("\n"))
	if checkUTF8(line) >= 0 {
		return nil
	}
	return line
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// detect finds the format from the first bytes.
func detect(s *source) (Format, error) {
	if b := s.start(); len(b) > 1 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return "", fmt.Errorf("task: %s: the file is in UTF-16 (as Excel's \"Unicode text\"), not in UTF-8: save it as UTF-8", s.name)
	}
	b := trimSpace(s.start())
	if len(b) == 0 {
		return "", fmt.Errorf("task: %s: the file is empty", s.name)
	}
	var format Format
	var err error
	if shape, ok := s.shape(); ok {
		format, err = detectJSON(s.name, shape)
	} else {
		format, err = detectCSV(s)
	}
	if err != nil {
		err = s.notTask(err)
	}
	return format, err
}

// checkUTF8 returns the position of the first byte that is not UTF-8, -1 if
// there is none.
func checkUTF8(b []byte) int {
	if utf8.Valid(b) {
		return -1
	}
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
