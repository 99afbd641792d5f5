package execute

import (
	"strings"

	"bellwether/kernel/ipynb"
)

// Verdict returns what a notebook says in the end: the text of the last output
// that begins with "verdict", in any case, else the last text of the last cell
// that shows one; "" if none does.
func Verdict(nb *ipynb.Notebook) string {
	last := ""
	for _, c := range nb.Cells {
		said := ""
		for _, o := range c.Outputs {
			text := Text(o)
			if text == "" || o.Name == "stderr" {
				continue
			}
			said = text
			if o.Type == ipynb.Stream {
				said = text[strings.LastIndex(text, "\n")+1:]
			}
		}
		if said != "" {
			last = said
		}
	}
	for _, c := range nb.Cells {
		for _, o := range c.Outputs {
			if text := Text(o); o.Type != ipynb.Stream && strings.HasPrefix(strings.ToLower(text), "verdict") {
				last = text
			}
		}
	}
	return last
}

// Text returns what an output says in plain text, without colours and white
// space around it: a stream's text, a display's text/plain; "" for an error.
func Text(o ipynb.Output) string {
	switch o.Type {
	case ipynb.Stream:
		return strings.TrimSpace(ansi.ReplaceAllString(o.Text, ""))
	case ipynb.DisplayData, ipynb.ExecuteResult:
		text, _ := o.Value("text/plain")
		return strings.TrimSpace(text)
	}
	return ""
}
