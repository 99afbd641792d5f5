package ipynb

import (
	"bytes"
	_ "embed"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	gmhtml "github.com/yuin/goldmark/renderer/html"
)

// Page says what stands around a notebook on its HTML page.
type Page struct {
	Name string // of the notebook's file
}

//go:embed page.css
var style string

// WriteHTMLFile writes the page of a notebook in one step.
func WriteHTMLFile(path string, n *Notebook, p Page) error {
	return replaceFile(path, func(w io.Writer) error { return n.WriteHTML(w, p) })
}

// WriteHTML writes a self-contained page of a notebook: its text, code and
// outputs as Jupyter shows them, light or dark as the reader prefers, fit for
// print. The same notebook gives the same bytes.
//
// HTML in markdown and in outputs is kept, scripts too: charts need them. The
// page deserves the trust that the notebook deserves, whose code has been run
// to make it. All other text is escaped.
func (n *Notebook) WriteHTML(w io.Writer, p Page) error {
	title := n.Title()
	if title == "" {
		title = p.Name
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Bellwether">
<title>%s</title>
<style>
%s</style>
</head>
<body>
<header class="bar"><span class="mark" aria-hidden="true"></span><b>Bellwether</b><span class="file">%s</span>
<label class="toggle"><input type="checkbox" id="hide-code"> results only</label></header>
<main>
`, html.EscapeString(title), style, html.EscapeString(p.Name))
	md := newMarkdown()
	for i, c := range n.Cells {
		if err := writeCell(&b, md, i, c); err != nil {
			return fmt.Errorf("cell %d: %w", i+1, err)
		}
	}
	fmt.Fprintf(&b, "</main>\n<footer>%s</footer>\n</body>\n</html>\n", n.footer(p))
	_, err := w.Write(b.Bytes())
	return err
}

// footer says what made the page.
func (n *Notebook) footer(p Page) string {
	s := "A page of the notebook " + html.EscapeString(p.Name)
	if lang, ok := n.Metadata["language_info"].(map[string]any); ok {
		if v, ok := lang["version"].(string); ok && v != "" {
			s += ", executed with " + html.EscapeString(v)
		}
	}
	return s + "."
}

func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(extension.GFM, math{}),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(gmhtml.WithUnsafe()),
	)
}

func writeCell(b *bytes.Buffer, md goldmark.Markdown, i int, c Cell) error {
	switch c.Type {
	case Markdown:
		fmt.Fprintf(b, "<section class=\"text\" id=\"cell-%d\">\n", i+1)
		if err := md.Convert([]byte(c.attached()), b); err != nil {
			return err
		}
		b.WriteString("</section>\n")
	case Raw:
		fmt.Fprintf(b, "<pre class=\"raw\">%s</pre>\n", html.EscapeString(c.Source))
	case Code:
		if strings.TrimSpace(c.Source) == "" && len(c.Outputs) == 0 {
			return nil
		}
		fmt.Fprintf(b, "<section class=\"code\" id=\"cell-%d\">\n", i+1)
		prompt := "[ ]"
		if c.Count > 0 {
			prompt = fmt.Sprintf("[%d]", c.Count)
		}
		fmt.Fprintf(b, "<div class=\"in\"><span class=\"prompt\">%s</span><pre><code>%s</code></pre></div>\n", prompt, highlight(c.Source))
		if len(c.Outputs) > 0 {
			b.WriteString("<div class=\"outs\">\n")
			for j, o := range c.Outputs {
				if err := writeOutput(b, md, c.Outputs[:j], o); err != nil {
					return err
				}
			}
			b.WriteString("</div>\n")
		}
		b.WriteString("</section>\n")
	}
	return nil
}

// exitStatus is all that GoNB says of a program that failed; the program's own
// words stand before it.
var exitStatus = regexp.MustCompile(`^exit status \d+$`)

func writeOutput(b *bytes.Buffer, md goldmark.Markdown, before []Output, o Output) error {
	switch o.Type {
	case Stream:
		class := "stdout"
		if o.Name == "stderr" {
			class = "stderr"
		}
		fmt.Fprintf(b, "<pre class=\"out %s\">%s</pre>\n", class, ansiHTML(o.Text))
	case Error:
		if n := len(before); n > 0 && before[n-1].Name == "stderr" && exitStatus.MatchString(o.ErrValue) {
			return nil
		}
		text := strings.Join(o.Traceback, "\n")
		if text == "" {
			text = o.ErrName + ": " + o.ErrValue
		}
		fmt.Fprintf(b, "<pre class=\"out error\">%s</pre>\n", ansiHTML(text))
	case DisplayData, ExecuteResult:
		return writeDisplay(b, md, o)
	}
	return nil
}

// writeDisplay shows the richest form of an output, in Jupyter's order.
func writeDisplay(b *bytes.Buffer, md goldmark.Markdown, o Output) error {
	alt, _ := o.Value("text/plain")
	if s, ok := o.Value("text/html"); ok {
		fmt.Fprintf(b, "<div class=\"out html\">%s</div>\n", s)
		return nil
	}
	if s, ok := o.Value("text/markdown"); ok {
		b.WriteString("<div class=\"out text\">")
		defer b.WriteString("</div>\n")
		return md.Convert([]byte(s), b)
	}
	if s, ok := o.Value("image/svg+xml"); ok {
		fmt.Fprintf(b, "<div class=\"out image\">%s</div>\n", s)
		return nil
	}
	for _, mime := range []string{"image/png", "image/jpeg", "image/gif"} {
		if s, ok := o.Value(mime); ok {
			fmt.Fprintf(b, "<div class=\"out image\"><img src=\"data:%s;base64,%s\" alt=\"%s\"></div>\n",
				mime, html.EscapeString(strings.Join(strings.Fields(s), "")), html.EscapeString(alt))
			return nil
		}
	}
	if alt != "" {
		fmt.Fprintf(b, "<pre class=\"out\">%s</pre>\n", ansiHTML(alt))
	}
	return nil
}

// attached returns the cell's markdown with its attachments in it as data.
func (c Cell) attached() string {
	source := c.Source
	for name, bundle := range c.attachments() {
		for mime, data := range bundle {
			source = strings.ReplaceAll(source, "attachment:"+name, "data:"+mime+";base64,"+strings.Join(strings.Fields(data), ""))
		}
	}
	return source
}
