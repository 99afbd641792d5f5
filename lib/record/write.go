package record

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// ErrLocked is returned by Create when another process writes the same log.
var ErrLocked = errors.New("another process is writing this log")

// Writer appends rows to a log. It is not safe for concurrent use.
type Writer struct {
	path     string
	file     *os.File
	unlock   func() error
	log      *Log
	at       map[string]int // row index by item
	pending  int
	lastSync time.Time
}

// syncEvery is how many rows, or how long, may be lost by a power cut. A write
// that is not yet synced survives the end of the process all the same.
const (
	syncRows  = 64
	syncAfter = time.Second
)

// Create opens the log of a header below the records folder dir for writing,
// made if it is not there, and reads what it holds. A torn last line is cut
// off. The error is ErrLocked (wrapped) when another process has it open, and
// says what differs when the file belongs to another task, model or prompt.
func Create(dir string, h Header) (*Writer, error) {
	h.Schema = Schema
	path := filepath.Join(dir, filepath.FromSlash(Name(h)))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("record: %s: %w", path, err)
	}
	w := &Writer{path: path, unlock: unlock, at: map[string]int{}, lastSync: time.Now()}
	if err := w.open(h); err != nil {
		return nil, errors.Join(fmt.Errorf("record: %w", err), w.Close())
	}
	return w, nil
}

func (w *Writer) open(h Header) error {
	if _, err := os.Stat(w.path + ".zst"); err == nil {
		l, err := Read(w.path + ".zst")
		if err != nil {
			return err
		}
		if err := same(l.Header, h); err != nil {
			return fmt.Errorf("%s.zst: %w", w.path, err)
		}
		w.adopt(l)
		return nil // finished: there is nothing to append
	}
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	w.file = f
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return w.start(h)
	}
	l, end, err := read(w.path, f)
	if err != nil {
		return err
	}
	if end == 0 {
		return w.start(h)
	}
	if err := same(l.Header, h); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	if err := f.Truncate(end); err != nil {
		return err
	}
	if _, err := f.Seek(end, 0); err != nil {
		return err
	}
	w.adopt(l)
	for _, s := range h.Software {
		if !slices.Contains(l.Header.Software, s) && !l.Finished {
			l.Header.Software = append(l.Header.Software, s)
		}
	}
	return nil
}

func (w *Writer) start(h Header) error {
	if err := w.file.Truncate(0); err != nil {
		return err
	}
	if _, err := w.file.Seek(0, 0); err != nil {
		return err
	}
	b, err := line(h)
	if err != nil {
		return err
	}
	w.log = &Log{Path: w.path, Header: h}
	if _, err := w.file.Write(b); err != nil {
		return err
	}
	return w.file.Sync()
}

func (w *Writer) adopt(l *Log) {
	w.log = l
	for i, r := range l.Rows {
		w.at[r.Item] = i
	}
}

// Log returns what the log holds so far. It is the writer's own: read only.
func (w *Writer) Log() *Log { return w.log }

// Has reports whether an item was answered. A failed item was not.
func (w *Writer) Has(item string) bool {
	i, ok := w.at[item]
	return ok && w.log.Rows[i].Error == ""
}

// Append adds a row. It is on its way to the disk when Append returns (the end
// of the process loses nothing) and synced at the latest 64 rows later.
func (w *Writer) Append(r Row) error {
	if w.log.Finished {
		return fmt.Errorf("record: %s is finished: nothing can be appended", w.path)
	}
	if err := r.validate(); err != nil {
		return fmt.Errorf("record: %s: %w", w.path, err)
	}
	if w.Has(r.Item) {
		return fmt.Errorf("record: %s: item %q is answered already", w.path, r.Item)
	}
	b, err := line(r)
	if err != nil {
		return fmt.Errorf("record: %s: %w", w.path, err)
	}
	if _, err := w.file.Write(b); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if i, ok := w.at[r.Item]; ok {
		w.log.Rows[i] = r
	} else {
		w.at[r.Item] = len(w.log.Rows)
		w.log.Rows = append(w.log.Rows, r)
	}
	if w.pending++; w.pending >= syncRows || time.Since(w.lastSync) > syncAfter {
		w.pending, w.lastSync = 0, time.Now()
		if err := w.file.Sync(); err != nil {
			return fmt.Errorf("record: %w", err)
		}
	}
	return nil
}

// Finish puts the rows in the order of items and ends the log with its footer.
// Every item must have a row; a log in which rows failed stays open, so that a
// later run asks for them again, and Finish returns no error. The file is
// replaced in one step.
func (w *Writer) Finish(items []string) error {
	if w.log.Finished {
		return nil
	}
	rows := make([]Row, 0, len(items))
	for _, id := range items {
		i, ok := w.at[id]
		if !ok {
			return fmt.Errorf("record: %s: item %q has no row: the log is not finished", w.path, id)
		}
		rows = append(rows, w.log.Rows[i])
	}
	if len(rows) != len(w.log.Rows) {
		return fmt.Errorf("record: %s has %d rows for %d items", w.path, len(w.log.Rows), len(items))
	}
	var out bytes.Buffer
	lines := []any{w.log.Header}
	for _, r := range rows {
		lines = append(lines, r)
	}
	failed := w.log.Failed()
	if failed == 0 {
		lines = append(lines, Footer{Finished: len(rows)})
	}
	for _, v := range lines {
		b, err := line(v)
		if err != nil {
			return fmt.Errorf("record: %s: %w", w.path, err)
		}
		out.Write(b)
	}
	if err := replace(w.path, out.Bytes()); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	w.log.Rows, w.log.Finished = rows, failed == 0
	for i, r := range rows {
		w.at[r.Item] = i
	}
	f, err := os.OpenFile(w.path, os.O_RDWR|os.O_APPEND, 0o666) // the old file was replaced
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	old := w.file
	w.file = f
	return old.Close()
}

// replace writes a file beside path, syncs it and renames it over path.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when the rename worked
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Close syncs the log and lets go of it.
func (w *Writer) Close() error {
	var err error
	if w.file != nil {
		err = errors.Join(w.file.Sync(), w.file.Close())
		w.file = nil
	}
	if w.unlock != nil {
		err = errors.Join(err, w.unlock())
		w.unlock = nil
	}
	return err
}

// Compress replaces a finished log by its zstd form, path + ".zst". The
// original goes only when the copy reads back equal.
func Compress(path string) error {
	l, err := Read(path)
	if err != nil {
		return err
	}
	if !l.Finished {
		return fmt.Errorf("record: %s is not finished: only finished logs are compressed", path)
	}
	plain, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	packed := enc.EncodeAll(plain, nil)
	dec, err := zstd.NewReader(nil)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	defer dec.Close()
	if back, err := dec.DecodeAll(packed, nil); err != nil || !bytes.Equal(back, plain) {
		return fmt.Errorf("record: %s: the compressed copy does not read back: %v", path, err)
	}
	if _, err := os.Stat(path + ".zst"); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("record: %s.zst is there already", path)
	}
	if err := replace(path+".zst", packed); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return os.Remove(path)
}
