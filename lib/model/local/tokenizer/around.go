package tokenizer

import (
	"fmt"
	"strings"
)

// setDecoder turns the names of tokens into what they decode to.
func (t *Tokenizer) setDecoder(f *file) error {
	list, err := parts(f.Decoder)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("null joins tokens with spaces: want ByteLevel, Metaspace, Fuse, or the Sequence of Llama 2")
	}
	for _, p := range list {
		switch p.Type {
		case "ByteLevel":
			for id, name := range t.contents {
				if content, ok := fromByteNames(name); ok {
					t.contents[id] = content
				}
			}
		case "Metaspace":
			if t.metaspace == nil || t.metaspace.mark != p.Replacement {
				return fmt.Errorf("part Metaspace: want the same as the pre-tokenizer")
			}
			for id := range t.contents {
				t.contents[id] = strings.ReplaceAll(t.contents[id], p.Replacement, " ")
			}
			t.stripSpace = t.metaspace.always || t.metaspace.first
		case "Replace":
			if p.Pattern == nil || p.Pattern.String == nil || *p.Pattern.String == "" {
				return fmt.Errorf("part Replace: want a pattern that is a String")
			}
			for id := range t.contents {
				t.contents[id] = strings.ReplaceAll(t.contents[id], *p.Pattern.String, p.Content)
			}
		case "ByteFallback":
			for id, name := range t.contents {
				if value, ok := fallbackByte(name); ok {
					t.contents[id] = string([]byte{value})
				}
			}
		case "Fuse":
		case "Strip":
			if p.Content != " " || p.Start != 1 || p.Stop != 0 {
				return fmt.Errorf("part Strip of %q, start %d, stop %d: want one space at the start", p.Content, p.Start, p.Stop)
			}
			t.stripSpace = true
		default:
			return fmt.Errorf("%q: want ByteLevel, Metaspace, Fuse, or the Sequence of Llama 2", p.Type)
		}
	}
	return nil
}

// setAround reads what the post-processor puts before and after one text.
func (t *Tokenizer) setAround(f *file) error {
	list, err := parts(f.PostProcessor)
	if err != nil {
		return err
	}
	for _, p := range list {
		switch p.Type {
		case "ByteLevel": // only trims offsets
		case "TemplateProcessing":
			to := &t.Before
			for _, piece := range p.Single {
				switch {
				case piece.Sequence != nil:
					to = &t.After
				case piece.SpecialToken != nil:
					ids := p.Special[piece.SpecialToken.ID].IDs
					if len(ids) == 0 {
						return fmt.Errorf("part TemplateProcessing names %q, which special_tokens do not have", piece.SpecialToken.ID)
					}
					for _, id := range ids {
						if id < 0 || id >= len(t.known) || !t.known[id] {
							return fmt.Errorf("part TemplateProcessing: %q has id %d, which is no token", piece.SpecialToken.ID, id)
						}
					}
					*to = append(*to, ids...)
				}
			}
		default:
			return fmt.Errorf("%q: want ByteLevel, TemplateProcessing or null", p.Type)
		}
	}
	return nil
}
