package show

import (
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table shows rows under a header. Cells may be anything: floats are written with three significant digits, other
// values as fmt.Sprint writes them, and columns of numbers are set to the right. A row that is shorter than the
// header is filled with empty cells; a longer one is a mistake of the caller and panics.
func Table(header []string, rows ...[]any) {
	cells := make([][]string, len(rows))
	right := make([]bool, len(header))
	for c := range right {
		right[c] = len(rows) > 0
	}
	for r, row := range rows {
		if len(row) > len(header) {
			panic(fmt.Sprintf("show: row %d has %d cells under %d headings", r+1, len(row), len(header)))
		}
		cells[r] = make([]string, len(header))
		for c, v := range row {
			s, number := cell(v)
			cells[r][c] = s
			right[c] = right[c] && number
		}
	}
	bundle{html: htmlTable(header, cells, right), plain: textTable(header, cells, right)}.show()
}

// cell writes a value, and says whether it is a number.
func cell(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case float64:
		return number(v), true
	case float32:
		return number(float64(v)), true
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Sprint(v), true
	}
	return strings.Join(strings.Fields(fmt.Sprint(v)), " "), false
}

func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprint(v)
	}
	if a := math.Abs(v); v == 0 || a >= 1e-3 && a < 1e6 {
		decimals := 2
		if v != 0 {
			decimals = max(0, 2-int(math.Floor(math.Log10(a))))
		}
		return strconv.FormatFloat(v, 'f', decimals, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func htmlTable(header []string, cells [][]string, right []bool) string {
	var b strings.Builder
	row := func(tag string, cs []string) {
		b.WriteString("<tr>")
		for c, s := range cs {
			align := "left"
			if right[c] {
				align = "right"
			}
			fmt.Fprintf(&b, `<%s style="text-align:%s;padding:3px 10px">%s</%s>`, tag, align, html.EscapeString(s), tag)
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("<table><thead>")
	row("th", header)
	b.WriteString("</thead><tbody>\n")
	for _, cs := range cells {
		row("td", cs)
	}
	b.WriteString("</tbody></table>")
	return b.String()
}

func textTable(header []string, cells [][]string, right []bool) string {
	width := make([]int, len(header))
	for _, cs := range append([][]string{header}, cells...) {
		for c, s := range cs {
			width[c] = max(width[c], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	row := func(cs []string) {
		var line strings.Builder
		for c, s := range cs {
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(s))
			if right[c] {
				s = pad + s
			} else {
				s += pad
			}
			if c > 0 {
				line.WriteString("  ")
			}
			line.WriteString(s)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	row(header)
	rule := make([]string, len(header))
	for c := range rule {
		rule[c] = strings.Repeat("-", width[c])
	}
	row(rule)
	for _, cs := range cells {
		row(cs)
	}
	return b.String()
}
