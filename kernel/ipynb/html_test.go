package ipynb

import (
	"bytes"
	"strings"
	"testing"
)

func TestWriteHTML(t *testing.T) {
	n, err := ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := n.WriteHTML(&b, Page{Name: "<sample>.ipynb"}); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<title>A *title*</title>",
		"&lt;sample&gt;.ipynb",
		`<span class="math">a_1 * b_1</span>, money $5 and $6`,
		`<img src="data:image/png;base64,iVBORw0KGgo=" alt="dot">`, // the attachment
		`<td style="text-align:right">2.5</td>`,
		"<pre class=\"raw\">&lt;raw&gt; &amp; such</pre>",
		`<span class="prompt">[3]</span>`,
		`<i class="m">%%` + "\n</i>",
		`<i class="k">for</i> i := <i class="k">range</i> <i class="n">3</i> { <i class="c">// three</i>`,
		`fmt.<i class="f">Println</i>(<i class="s">` + "`raw`" + `</i>, <i class="s">&#34;a&lt;b&#34;</i>`,
		"<pre class=\"out stdout\">100%\na &lt; b\n</pre>",
		"<div class=\"out html\"><b>bold</b></div>",
		`<img src="data:image/png;base64,iVBORw0KGgo=" alt="a &#34;dot&#34;">`,
		`<pre class="out error"><span class="a31">undefined: y</span></pre>`,
		"executed with go1.26.0",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
	for _, no := range []string{"http://", "https://", "<link", "@import", "url("} {
		if strings.Contains(page, no) {
			t.Errorf("the page is not self-contained: it has %s", no)
		}
	}
	var again bytes.Buffer
	if err := n.WriteHTML(&again, Page{Name: "<sample>.ipynb"}); err != nil || again.String() != page {
		t.Errorf("the same notebook gives another page (%v)", err)
	}
}

func TestANSI(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "a < b", "a &lt; b"},
		{"colour", "\x1b[31mred\x1b[0m not", `<span class="a31">red</span> not`},
		{"two at once", "\x1b[1;36mx\x1b[m", `<span class="a1 a36">x</span>`},
		{"GoNB's mark", " \x1b[7m[[ Cell [7] Line 2 ]]\x1b[0m /tmp", ` <span class="a7">[[ Cell [7] Line 2 ]]</span> /tmp`},
		{"cursor movements", "a\x1b[2Kb\x1b[1Gc\x1b(B", "abcB"},
		{"overwritten", "1%\r50%\r\n2\r3", "50%\n3"},
		{"cut short", "a\x1b[", "a\x1b["},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ansiHTML(tt.in); got != tt.want {
				t.Errorf("ansiHTML(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// Highlighting must lose no byte of the code, whatever it is.
func FuzzHighlight(f *testing.F) {
	f.Add("%%\nfmt.Println(`a\r\nb`, 'x') // end")
	f.Add("!ls\n/* open\n\"")
	tags := strings.NewReplacer("</i>", "", `<i class="k">`, "", `<i class="s">`, "", `<i class="n">`, "", `<i class="c">`, "",
		`<i class="b">`, "", `<i class="f">`, "", `<i class="m">`, "")
	entities := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&")
	f.Fuzz(func(t *testing.T, code string) {
		got := entities.Replace(tags.Replace(highlight(code)))
		if want := strings.TrimRight(code, "\n"); got != want {
			t.Errorf("highlight lost something:\n got %q\nwant %q", got, want)
		}
	})
}
