package tokenizer

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// samples are texts of the kinds that tokenizers get wrong: code, languages,
// emoji, blank lines, control characters, contractions, added tokens.
var samples = []string{
	"", " ", "  ", "\n", "\n\n", " \n", "\n ", "\t\t", "\r\n", "\r\n\r\n", "a", "hello world", "Hello, World!", "hello  world", "hello \n world",
	"hello\n\nworld", "hello\n\n\n  world", "  leading", "trailing  ", "trailing\n", "trailing \n\n", "\n\nQuestion: what?\n\nAnswer:", "a\u00a0b", "a\u3000b", "a\u2028b\u0085c",
	"I'm you're he'll they've she'd it's don't", "I'M YOU'RE HE'LL THEY'VE SHE'D IT'S", "'s 't 're 've 'm 'll 'd", "''s", "'ſ 'ſabc x'S", "'S'T'RE'VE", "o'clock 'tis rock'n'roll", "’s ’re",
	"0 1 12 123 1234 12345 123456789", "3.14159 1,000,000 -42 1e-9 0x1F", "٣٤٥ ¾ Ⅷ ²", "price: $5.99 (50% off)", "a1b2c3", "abc123def456", "1st 2nd",
	"for (int i = 0; i < n; i++) {\n    sum += a[i];\n}\n", "def f(x):\n\treturn x**2  # square\n\n\nprint(f(3))", "if err != nil {\n\t\treturn fmt.Errorf(\"%w\", err)\n\t}", "<div class=\"a\">&nbsp;</div>",
	"x=y", "a_b_c", "snake_case CamelCase kebab-case", "https://example.com/path?q=1&r=2#frag", "C:\\Users\\x", "/* c */ // d", "{{}}[[]]", "!!!???...", "--- *** ===", "#hashtag @user",
	"naïve café Ünïcode résumé", "cafe\u0301 A\u030a \u1100\u1161\u11a8", "\u0344 \u0958 \u2126 \u212b", "Привет, мир! Как дела?", "你好，世界。", "こんにちは世界", "안녕하세요 세계", "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "ગુજરાતી", "Ελληνικά γλώσσα", "Tiếng Việt", "ǅ ǆ ß ﬁ İ ı",
	"👍", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪🇫🇷", "❤️", "smile 😀 and 😂😂😂", "🤷🏿‍♀️ ok", "\u200b\u200d\ufeff", "a\u0000b\u0001c\u007f", "\u0080\u009f", "\x1b[31mred\x1b[0m", "\ufffd \ufffe \U0010ffff", "▁ ▁▁ a▁b", "Ġ Ċ Ġthe", "<0x0A> <0xFF>",
	"<|endoftext|>", "a<|endoftext|>b", "<s>hello</s>", "<unk>", "<|begin_of_text|>hi<|end_of_text|>", "<|padding|>", "<|endoftext", "x</s>y</s>", " <s> ", "</s></s>",
	"        eight spaces", "                            28 spaces", "   three", "tab\tand  space \t mix", " \t \n \r ", "\n\n\n\n\n", "a \n\n b", "a\r\rb", "word\u2009thin", "\u2003\u2003em", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"The quick brown fox jumps over the lazy dog.", "antidisestablishmentarianism", "zir is teal.\n", "57+18=075.", "Q: 2+2?\nA: 4\n\nQ: 3+3?\nA:", "Supercalifragilisticexpialidocious!!", "¿Qué? ¡Sí!", "«quote» „low“ ‚x‘", "— – ― …",
	"the the the the", "in the beginning was the word and the word was with the people in the house", "er in an on re th at nd st en of or to it is",
}

// randomStrings returns n strings: the samples, then mixtures of them and of
// random characters.
func randomStrings(n int) []string {
	r := rand.New(rand.NewPCG(20, 26))
	ranges := []struct{ low, high rune }{
		{0x20, 0x7e},
		{0x20, 0x7e},
		{0x61, 0x7a},
		{0x30, 0x39},
		{0, 0x1f},
		{0xa0, 0x17f},
		{0x300, 0x36f},
		{0x370, 0x3ff},
		{0x400, 0x4ff},
		{0x590, 0x6ff},
		{0x900, 0x97f},
		{0xe00, 0xe7f},
		{0x1100, 0x11ff},
		{0x1e00, 0x1fff},
		{0x2000, 0x206f},
		{0x2070, 0x22ff},
		{0x3000, 0x30ff},
		{0x4e00, 0x9fff},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0x1f300, 0x1f6ff},
	}
	random := func() string {
		var b strings.Builder
		set := ranges[r.IntN(len(ranges))]
		for range 1 + r.IntN(12) {
			if r.IntN(5) == 0 {
				set = ranges[r.IntN(len(ranges))]
			}
			c := set.low + r.Int32N(set.high-set.low+1)
			if unicode.In(c, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) || c < 0x20 { // assigned
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	glue := []string{"", "", " ", " ", "  ", "\n", "\n\n", "\t", " \n", "'", "'s", ".", "\r\n"}
	out := append([]string(nil), samples...)
	for len(out) < n {
		var b strings.Builder
		for range 1 + r.IntN(5) {
			switch r.IntN(3) {
			case 0:
				b.WriteString(random())
			case 1:
				b.WriteString(samples[r.IntN(len(samples))])
			default:
				words := strings.Fields(samples[r.IntN(len(samples))])
				if len(words) > 0 {
					b.WriteString(words[r.IntN(len(words))])
				}
			}
			b.WriteString(glue[r.IntN(len(glue))])
		}
		out = append(out, b.String())
	}
	return out[:n]
}
