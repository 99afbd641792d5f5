package execute

import (
	"strings"

	"bellwether/kernel/ipynb"
)

// Verdict returns what a notebook says in the end: the displays of its last
// cell that has any that begin with "verdict" (in any case, perhaps in bold),
// a paragraph each; else the last text of the last cell that shows one, with
// the doubts under it; "" if none does.
func Verdict(nb *ipynb.Notebook) string {
	last := ""
	var verdicts []string
	for _, c := range nb.Cells {
		said := ""
		var here []string
		for _, o := range c.Outputs {
			text := Text(o)
			if text == "" || o.Name == "stderr" {
				continue
			}
			if said != "" && o.Type != ipynb.Stream && strings.HasPrefix(text, "doubt: ") {
				said += "\n" + text
				continue
			}
			said = text
			if o.Type == ipynb.Stream {
				said = text[strings.LastIndex(text, "\n")+1:]
			} else if strings.HasPrefix(strings.ToLower(strings.TrimLeft(text, "*_# ")), "verdict") {
				here = append(here, strings.ReplaceAll(text, "**", ""))
			}
		}
		if said != "" {
			last = said
		}
		if here != nil {
			verdicts = here
		}
	}
	if verdicts != nil {
		return strings.Join(verdicts, "\n\n")
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
