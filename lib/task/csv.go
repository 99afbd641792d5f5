package task

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// csvScanner reads comma-separated rows (RFC 4180) without changing a byte: line
// ends inside quoted fields are data, as is every byte that is no UTF-8.
// encoding/csv turns "\r\n" inside a field into "\n", which changes what a model
// is shown. Rows end in LF, CR LF or CR.
type csvScanner struct {
	src    *source
	buf    []byte
	start  int // of the row in buf
	end    int // of what was read into buf
	eof    bool
	spans  []span
	fields [][]byte
	// scratch holds the fields that had "" for ".
	scratch []byte
}

// span is a field's bytes in the row, without its quotes.
type span struct {
	from, to int
	escaped  bool // holds "" for "
}

// errMore says that the row goes on behind what was read.
var errMore = errors.New("more input is needed")

func newCSV(src *source) *csvScanner {
	return &csvScanner{src: src, buf: make([]byte, 256<<10)}
}

// next returns the fields of the next row, good until the next call, and the
// line it starts in; errors as scan.
func (c *csvScanner) next() ([][]byte, int, error) {
	row, line, err := c.scan()
	c.fields, c.scratch = c.fields[:0], c.scratch[:0]
	if err != nil {
		return nil, line, err
	}
	for _, s := range c.spans {
		f := row[s.from:s.to]
		if s.escaped {
			at := len(c.scratch)
			c.scratch = appendUnescaped(c.scratch, f)
			f = c.scratch[at:]
		}
		c.fields = append(c.fields, f)
	}
	return c.fields, line, nil
}

// scan finds the next row: it returns its bytes, good until the next call, sets
// c.spans, and returns the line the row starts in. io.EOF after the last; a
// *SyntaxError for a row that is no CSV, after which the next call goes on in
// the line below. Rows without content are counted as blank and passed over.
func (c *csvScanner) scan() ([]byte, int, error) {
	for {
		line := c.src.line + 1
		stop, err := c.row()
		if errors.Is(err, errMore) {
			if err := c.fill(); err != nil {
				return nil, line, err
			}
			continue
		}
		if err != nil {
			var why reason
			if errors.As(err, &why) {
				err = c.src.skip(line, why.code, "%s", why.message)
			}
			return nil, line, err
		}
		row := c.buf[c.start:stop]
		empty := true
		for _, s := range c.spans {
			empty = empty && s.from == s.to
		}
		c.finish(row, stop)
		if empty {
			c.src.blanks = append(c.src.blanks, line)
			continue
		}
		return row, line, nil
	}
}

// unescape returns the field with " for "", in scratch.
func unescape(scratch *[]byte, f []byte) []byte {
	*scratch = appendUnescaped((*scratch)[:0], f)
	return *scratch
}

func appendUnescaped(out, f []byte) []byte {
	for {
		k := bytes.IndexByte(f, '"')
		if k < 0 {
			return append(out, f...)
		}
		out = append(out, f[:k+1]...)
		f = f[k+2:]
	}
}

// finish moves behind the row's end and counts its lines.
func (c *csvScanner) finish(row []byte, stop int) {
	c.src.line += bytes.Count(row, []byte("\n"))
	c.start = stop
	switch {
	case c.start == c.end:
		c.src.line++ // the last row, without a line end
	case c.buf[c.start] == '\n':
		c.src.lf++
		c.src.line++
		c.start++
	case c.start+1 < c.end && c.buf[c.start+1] == '\n':
		c.src.crlf++
		c.src.line++
		c.start += 2
	default:
		c.src.cr++
		c.src.line++
		c.start++
	}
}

// fill reads more behind the row that starts at c.start.
func (c *csvScanner) fill() error {
	if c.start > 0 {
		copy(c.buf, c.buf[c.start:c.end])
		c.end -= c.start
		c.start = 0
	}
	if c.end == len(c.buf) {
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	n, err := io.ReadAtLeast(c.src.r, c.buf[c.end:], 1)
	c.end += n
	if errors.Is(err, io.EOF) {
		c.eof = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("task: %s:%d: %w", c.src.name, c.src.line+1, err)
	}
	return nil
}

// row finds the fields of the row at c.start and where it ends: at its line end
// or at the end of the input.
func (c *csvScanner) row() (stop int, err error) {
	b := c.buf[c.start:c.end]
	c.spans = c.spans[:0]
	i := 0
	for {
		switch {
		case i < len(b) && b[i] == '"':
			from, escaped := i+1, false
			i = from
			for {
				k := bytes.IndexByte(b[i:], '"')
				if k < 0 || i+k+1 == len(b) && !c.eof {
					if !c.eof {
						return 0, errMore
					}
					return 0, c.broken(len(c.spans)+1, "opens a quote that is never closed", 0)
				}
				i += k + 1
				if i == len(b) || b[i] != '"' {
					break
				}
				escaped = true
				i++
			}
			c.spans = append(c.spans, span{from, i - 1, escaped})
			if i < len(b) && b[i] != ',' && b[i] != '\n' && b[i] != '\r' {
				return 0, c.broken(len(c.spans), fmt.Sprintf("has %q behind its closing quote", b[i]), i)
			}
		default:
			from := i
			for i < len(b) && b[i] != ',' && b[i] != '\n' && b[i] != '\r' {
				i++
			}
			if i == len(b) && !c.eof {
				return 0, errMore
			}
			if i == 0 && len(b) == 0 {
				return 0, io.EOF
			}
			c.spans = append(c.spans, span{from, i, false})
		}
		switch {
		case i == len(b) && !c.eof:
			return 0, errMore
		case i == len(b) || b[i] == '\n':
			return c.start + i, nil
		case b[i] == '\r':
			if i+1 == len(b) && !c.eof {
				return 0, errMore
			}
			return c.start + i, nil
		}
		i++ // the comma
		if i == len(b) && !c.eof {
			return 0, errMore
		}
	}
}

// broken moves to the line below the fault, which lies at byte at of the row, so
// that reading can go on, and returns the fault. A row whose quote is never
// closed is given up after its first line.
func (c *csvScanner) broken(field int, what string, at int) error {
	row := c.buf[c.start:c.end]
	n := bytes.IndexByte(row[at:], '\n')
	if n < 0 {
		n = len(row) - at
	} else {
		n++
	}
	n += at
	c.src.line += max(1, bytes.Count(row[:n], []byte("\n")))
	c.start += n
	return fault("quote", "field %d %s; the row was skipped", field, what)
}

// Row is one row of a comma-separated file.
type Row struct {
	// Line is where the row starts, from 1.
	Line int
	// Fields are the exact bytes of the fields.
	Fields []string
}

// Rows yields the rows of a comma-separated file, its header included, without
// changing a byte of a field: unlike encoding/csv, it keeps "\r\n" inside
// quotes. Rows without content are passed over; a row that is no CSV is yielded
// as a *SyntaxError, and the next one follows.
func Rows(name string, r io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		c := newCSV(newSource(name, r))
		for {
			fields, line, err := c.next()
			if errors.Is(err, io.EOF) {
				return
			}
			row := Row{Line: line}
			for _, f := range fields {
				row.Fields = append(row.Fields, string(f))
			}
			var bad *SyntaxError
			if !yield(row, err) || err != nil && !errors.As(err, &bad) {
				return
			}
		}
	}
}

// ParseTexts reads a Python list or tuple of texts as ast.literal_eval does: the
// prize's classes column, "[' Yes', \" Don't\"]".
func ParseTexts(literal string) ([]string, error) { return parseTexts(literal) }
