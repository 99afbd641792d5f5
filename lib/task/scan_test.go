package task

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"unicode/utf8"
)

// The scanner accepts what encoding/json accepts, but for half surrogates, which
// that replaces in silence, and reads the same texts.
func FuzzScanner(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e-3,true,null,"\u00e9\n\ud83d\ude00 \\ \/ 12345678901234567890"]}`, `"\ud800"`, `[1,]`, `{"a":1,}`, `01`, `"` + "\x1f" + `"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !utf8.Valid(b) || bytes.Count(b, []byte("["))+bytes.Count(b, []byte("{")) > maxDepth {
			return
		}
		sc := newScanner(b)
		_, err := sc.raw()
		if err == nil {
			err = sc.end()
		}
		if valid := json.Valid(b); (err == nil) != valid && err != errSurrogate {
			t.Fatalf("error %v, but encoding/json says %v", err, valid)
		}
		var want string
		if err == nil && json.Unmarshal(b, &want) == nil && bytes.HasPrefix(bytes.TrimSpace(b), []byte(`"`)) {
			if got, err := newScanner(b).text(); err != nil || got != want {
				t.Fatalf("%q, %v, want %q", got, err, want)
			}
		}
	})
}

// What quoteTexts writes, parseTexts reads; what parseTexts reads can be written.
func FuzzLiteral(f *testing.F) {
	for _, s := range []string{`[' Yes', " Don't"]`, `('a',)`, `["""x"y""", r'\n' u'\x41\u00e9\101']`, `['\N{BULLET}']`, `[]`, `["\'", '\"\\']`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseTexts(s)
		if err != nil {
			list = []string{s}
		}
		again, err := parseTexts(quoteTexts(list))
		if err != nil || !slices.Equal(list, again) {
			t.Fatalf("%q became %q (%v)", list, again, err)
		}
	})
}

func TestParseTexts(t *testing.T) {
	// Python 3.11: ast.literal_eval of the same text.
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{`[' Yes', " Don't"]`, []string{" Yes", " Don't"}},
		{`["\x41\u00e9\101\t\q"]`, []string{"Aé" + "A\t\\q"}},
		{`('a', 'b' "c")`, []string{"a", "bc"}},
		{`['''x'y
z''',]`, []string{"x'y\nz"}},
		{`[r'\n']`, []string{`\n`}},
	} {
		if got, err := parseTexts(tt.in); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("parseTexts(%s) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{``, `[1]`, `['a'`, `['a' 'b`, `['a'] x`, `('a')`, `["a
"]`, `['\x4']`, `[b'a']`, `['\N{BULLET}']`} {
		if got, err := parseTexts(in); err == nil {
			t.Errorf("parseTexts(%s) = %q, want an error", in, got)
		}
	}
}
