package results

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sheet is a table of text cells: the content of a CSV file.
type sheet struct {
	head  []string
	rows  []sheetRow
	bad   []Problem // rows that are no CSV
	comma rune      // what separates cells
}

type sheetRow struct {
	line  int
	cells []string
}

// readSheet reads a table that has a header. Cells are separated by the comma,
// semicolon or tab that the header has most of. A byte order mark is no part of
// the first name. A row that is no CSV is a problem with its line, and the rows
// below it are read.
func readSheet(b []byte) (sheet, error) {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return sheet{}, errors.New("the file is UTF-16: save it as UTF-8")
	}
	b = bytes.TrimPrefix(b, []byte(bom))
	if bytes.IndexByte(b, '\n') < 0 { // line ends of old Macs
		b = bytes.ReplaceAll(b, []byte("\r"), []byte("\n"))
	}
	first, _, _ := bytes.Cut(b, []byte("\n"))
	s := sheet{comma: ','}
	for _, c := range ";\t" {
		if bytes.Count(first, []byte(string(c))) > bytes.Count(first, []byte(string(s.comma))) {
			s.comma = c
		}
	}
	in := csv.NewReader(bytes.NewReader(b))
	in.Comma, in.FieldsPerRecord = s.comma, -1
	for {
		rec, err := in.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad) && s.head != nil:
			s.bad = append(s.bad, Problem{BadValue, bad.StartLine, fmt.Sprintf("the row is no CSV (%v) and was left out", bad.Err)})
			continue
		case err != nil:
			return s, err
		}
		line, _ := in.FieldPos(0)
		if s.head == nil {
			s.head = rec
			for i, h := range rec {
				s.head[i] = strings.TrimSpace(h)
			}
			continue
		}
		s.rows = append(s.rows, sheetRow{line, rec})
	}
}

// column returns the index of a column, -1 for none.
func (s sheet) column(name string) int {
	for i, h := range s.head {
		if h == name {
			return i
		}
	}
	return -1
}

// cell returns a cell without the white space around it, "" beyond the row's end.
func (r sheetRow) cell(c int) string {
	if c < 0 || c >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[c])
}

func (r sheetRow) blank() bool {
	for i := range r.cells {
		if r.cell(i) != "" {
			return false
		}
	}
	return true
}

// missing says that a cell stands for no value, as pandas reads it.
func missing(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "#n/a", "nan", "null", "none", "-":
		return true
	}
	return false
}

// parse reads a number, or the tuple "(x,)" that some runs wrote.
func parse(cell string) (float64, bool) {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, "("); ok {
		cell = strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(inner, ")"), ","))
	}
	v, err := strconv.ParseFloat(cell, 64)
	return v, err == nil
}

// parseCell is parse that also takes true and false (1 and 0).
func parseCell(cell string) (float64, bool) {
	switch strings.ToLower(cell) {
	case "true":
		return 1, true
	case "false":
		return 0, true
	}
	return parse(cell)
}

// parseComma is parseCell that also takes a decimal comma where it cannot mean
// anything else: "0,5", "1.234,5"; and in a file whose cells are not separated
// by commas (loose) "1,300" too, which is 1.3 there.
func parseComma(cell string, loose bool) (v float64, comma, ok bool) {
	if v, ok := parseCell(cell); ok {
		return v, false, true
	}
	whole, frac, found := strings.Cut(cell, ",")
	if !found || strings.ContainsAny(frac, ",.") || !loose && len(frac) == 3 && strings.Trim(whole, "-+") != "0" {
		return 0, false, false
	}
	if strings.Contains(whole, ".") {
		groups := strings.Split(strings.TrimLeft(whole, "-+"), ".")
		for i, g := range groups {
			if i > 0 && len(g) != 3 || i == 0 && (g == "" || len(g) > 3) {
				return 0, false, false
			}
		}
		whole = strings.ReplaceAll(whole, ".", "")
	}
	v, ok = parse(whole + "." + frac)
	return v, true, ok
}

// parsePercent is parseComma that also takes a percent sign: "62.5%" is 0.625.
func parsePercent(cell string, loose bool) (v float64, comma, percent, ok bool) {
	plain, percent := strings.CutSuffix(cell, "%")
	if v, comma, ok = parseComma(strings.TrimSpace(plain), loose); percent {
		v /= 100
	}
	return v, comma, percent, ok
}

// parseSize reads a number of parameters: "1300000000", "1.3e9", "1.3B", "350M",
// "1,300,000,000", "6,7 B" (with a decimal comma where it is one).
func parseSize(text string, loose bool) (float64, bool) {
	cell := strings.TrimSpace(strings.ReplaceAll(text, "_", ""))
	unit := 1.0
	if n := len(cell); n > 0 {
		if u, ok := map[byte]float64{'k': 1e3, 'm': 1e6, 'b': 1e9, 'g': 1e9, 't': 1e12}[cell[n-1]|0x20]; ok {
			unit, cell = u, strings.TrimSpace(cell[:n-1])
		}
	}
	if groups := strings.Split(cell, ","); len(groups) > 1 {
		thousands := len(groups[0]) > 0 && len(groups[0]) <= 3
		for _, g := range groups[1:] {
			thousands = thousands && len(g) == 3
		}
		if thousands && (len(groups) > 2 || !loose) {
			cell = strings.Join(groups, "")
		}
	}
	v, _, ok := parseComma(cell, loose)
	v *= unit
	return v, ok && v > 0 && !math.IsInf(v, 0)
}

// ParseSize reads a number of parameters as people write it: "1300000000",
// "1.3e9", "1.3B", "350M", "1,300,000,000".
func ParseSize(text string) (float64, error) {
	v, ok := parseSize(text, false)
	if !ok {
		return 0, fmt.Errorf("%q is no number of parameters above 0, such as 1300000000, 1.3e9 or 1.3B", text)
	}
	return v, nil
}

// importCSV reads a CSV file that is one prize table or a table with a column
// "model"; nil for any other.
func importCSV(path string) ([]Result, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := readSheet(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	switch {
	case isOwn(s.head):
		return importOwn(path, b)
	case isPrizeHead(s.head):
		return prizeFiles(filepath.Dir(path), []string{path})
	case s.column(Columns{}.orDefault(s.head).Model) >= 0 && len(s.head) > 1:
		return Table(path, bytes.NewReader(b), Columns{})
	}
	return nil, nil
}
