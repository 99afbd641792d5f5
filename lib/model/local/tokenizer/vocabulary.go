package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// byteOfName reads the characters that byte-level vocabularies write bytes with:
// printable Latin-1 as it is, the others from U+0100 on (GPT-2).
var byteOfName = func() map[rune]byte {
	bytes := map[rune]byte{}
	spare := rune(256)
	for b := range 256 {
		r := rune(b)
		if !('!' <= r && r <= '~' || '¡' <= r && r <= '¬' || '®' <= r && r <= 'ÿ') {
			r = spare
			spare++
		}
		bytes[r] = byte(b)
	}
	return bytes
}()

// fromByteNames returns the bytes that a name of a byte-level vocabulary stands
// for; ok is false when a character is none of byteOfName.
func fromByteNames(name string) (content string, ok bool) {
	b := make([]byte, 0, len(name))
	for _, r := range name {
		value, ok := byteOfName[r]
		if !ok {
			return "", false
		}
		b = append(b, value)
	}
	return string(b), true
}

// fallbackByte reads the name of a byte token, "<0x0A>".
func fallbackByte(name string) (byte, bool) {
	var b byte
	if len(name) != 6 || !utf8.ValidString(name) || name[:3] != "<0x" || name[5] != '>' {
		return 0, false
	}
	if n, err := fmt.Sscanf(name[3:5], "%02X", &b); n != 1 || err != nil {
		return 0, false
	}
	return b, true
}

// ParseVocabulary reads the older form of GPT-2's and OPT's tokenizers: the text
// of vocab.json and of merges.txt. Names in angle brackets or between bars that
// no merge makes are special tokens, found in a text as they are.
func ParseVocabulary(vocabulary, merges []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(vocabulary, &f.Model.Vocabulary); err != nil {
		return nil, fmt.Errorf("tokenizer: vocab.json: %w", err)
	}
	for i, line := range strings.Split(string(merges), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || i == 0 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, fmt.Errorf("tokenizer: merges.txt:%d: %q: want two tokens and a space between", i+1, line)
		}
		f.Model.Merges = append(f.Model.Merges, pairOfNames{left, right})
	}
	made := map[string]bool{}
	for _, m := range f.Model.Merges {
		made[m[0]+m[1]] = true
	}
	for name, id := range f.Model.Vocabulary {
		if len(name) > 2 && name[0] == '<' && name[len(name)-1] == '>' && !made[name] {
			f.Added = append(f.Added, added{ID: id, Content: name})
		}
	}
	slices.SortFunc(f.Added, func(a, b added) int { return cmp.Compare(a.ID, b.ID) })
	f.PreTokenizer = json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false}`)
	f.Decoder = json.RawMessage(`{"type":"ByteLevel"}`)
	return f.tokenizer()
}
