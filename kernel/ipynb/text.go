package ipynb

import (
	"encoding/json"
	"fmt"
	"go/scanner"
	"go/token"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// attachments returns the pictures of a markdown cell: name → MIME type → base64.
func (c Cell) attachments() map[string]map[string]string {
	var m map[string]map[string]string
	if raw, ok := c.extra["attachments"]; ok && json.Unmarshal(raw, &m) != nil {
		return nil
	}
	return m
}

// highlight returns a cell's code as HTML: Go's tokens in spans with a class,
// GoNB's own lines (%% and the like) in one.
func highlight(source string) string {
	var b strings.Builder
	var code []string
	flush := func() {
		if len(code) > 0 {
			highlightGo(&b, strings.Join(code, ""))
			code = nil
		}
	}
	for line := range strings.Lines(strings.TrimRight(source, "\n")) {
		if line[0] == '%' || line[0] == '!' {
			flush()
			fmt.Fprintf(&b, `<i class="m">%s</i>`, html.EscapeString(line))
			continue
		}
		code = append(code, line)
	}
	flush()
	return b.String()
}

// predeclared are names of the language that are no keywords.
var predeclared = regexp.MustCompile(`^(any|bool|byte|error|float32|float64|int|int64|rune|string|uint64|true|false|nil|iota|append|len|cap|copy|delete|make|max|min|new|panic|print|println|must|check)$`)

func highlightGo(b *strings.Builder, code string) {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(code))
	var s scanner.Scanner
	s.Init(file, []byte(code), func(token.Position, string) {}, scanner.ScanComments)
	done := 0
	for {
		pos, tok, lit := s.Scan()
		at := file.Offset(pos)
		if tok == token.EOF {
			break
		}
		if tok == token.SEMICOLON && lit != ";" { // put in by the scanner
			continue
		}
		if lit == "" {
			lit = tok.String()
		}
		if at < done || !strings.HasPrefix(code[at:], lit) {
			continue // a raw string without its carriage returns, a byte that is no UTF-8
		}
		end := at + len(lit)
		class := ""
		switch {
		case tok.IsKeyword():
			class = "k"
		case tok == token.STRING || tok == token.CHAR:
			class = "s"
		case tok == token.INT || tok == token.FLOAT || tok == token.IMAG:
			class = "n"
		case tok == token.COMMENT:
			class = "c"
		case tok == token.IDENT && predeclared.MatchString(lit):
			class = "b"
		case tok == token.IDENT && end < len(code) && code[end] == '(':
			class = "f"
		}
		b.WriteString(html.EscapeString(code[done:at]))
		if class == "" {
			b.WriteString(html.EscapeString(code[at:end]))
		} else {
			fmt.Fprintf(b, `<i class="%s">%s</i>`, class, html.EscapeString(code[at:end]))
		}
		done = end
	}
	b.WriteString(html.EscapeString(code[done:]))
}

var (
	sgr    = regexp.MustCompile("\x1b\\[([0-9;]*)m")
	escape = regexp.MustCompile("\x1b(\\[[0-9;?]*[A-Za-ln-z]|[^\\[])")
)

// ansiHTML returns text for a terminal as HTML: its colours in spans, what a
// carriage return overwrote left out, every other control sequence dropped.
func ansiHTML(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		lines[i] = line[strings.LastIndex(line, "\r")+1:]
	}
	s = escape.ReplaceAllString(strings.Join(lines, "\n"), "")
	var b strings.Builder
	var classes []string
	done := 0
	write := func(text string) {
		if text == "" {
			return
		}
		if len(classes) == 0 {
			b.WriteString(html.EscapeString(text))
			return
		}
		fmt.Fprintf(&b, `<span class="%s">%s</span>`, strings.Join(classes, " "), html.EscapeString(text))
	}
	for _, m := range sgr.FindAllStringSubmatchIndex(s, -1) {
		write(s[done:m[0]])
		done = m[1]
		for code := range strings.SplitSeq(s[m[2]:m[3]], ";") {
			switch {
			case code == "" || code == "0" || code == "00":
				classes = nil
			case len(code) == 1, len(code) == 2 && (code[0] == '3' || code[0] == '9') && code[1] < '8':
				classes = append(classes, "a"+code)
			}
		}
	}
	write(s[done:])
	return b.String()
}

// math is a goldmark extension that shows $...$ and $$...$$ as they are
// written: nothing in them is markdown.
type math struct{}

// Extend implements goldmark.Extender.
func (math) Extend(m goldmark.Markdown) {
	m.Parser().AddOptions(parser.WithInlineParsers(util.Prioritized(mathParser{}, 150)))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(mathRenderer{}, 500)))
}

var kindMath = ast.NewNodeKind("Math")

type mathNode struct {
	ast.BaseInline
	tex string
}

func (*mathNode) Kind() ast.NodeKind              { return kindMath }
func (n *mathNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type mathParser struct{}

func (mathParser) Trigger() []byte { return []byte{'$'} }

// inlineMath follows Jupyter and pandoc: no space inside the dollars, no digit after them.
var inlineMath = regexp.MustCompile(`^(\$\$[^$]+\$\$|\$[^\s$](?:[^$]*[^\s$\\])?\$)(?:[^0-9]|$)`)

func (mathParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	m := inlineMath.FindSubmatch(line)
	if m == nil {
		return nil
	}
	block.Advance(len(m[1]))
	return &mathNode{tex: strings.Trim(string(m[1]), "$")}
}

type mathRenderer struct{}

func (mathRenderer) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(kindMath, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			fmt.Fprintf(w, `<span class="math">%s</span>`, html.EscapeString(n.(*mathNode).tex))
		}
		return ast.WalkContinue, nil
	})
}
