// Package safetensors reads and writes weights in the safetensors format: eight
// bytes of header length, a JSON header, the data.
//
// A file comes from elsewhere, so every size in its header is checked against
// the file before it is believed: offsets must cover the data without overlap
// and agree with shape and type. float32, float16 and bfloat16 are read into
// float32; other types are refused by name.
//
// Source: https://github.com/huggingface/safetensors (format description).
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// headerLimit is the largest header that the reference implementation reads.
const headerLimit = 100 << 20

// Tensor is one named array.
type Tensor struct {
	Name  string
	Type  string // "F32", "F16", "BF16"
	Shape []int
	raw   []byte
}

// Len returns the number of elements.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Decode writes the elements as float32 into dst, which must have Len elements.
func (t Tensor) Decode(dst []float32) {
	if len(dst) != t.Len() {
		panic(fmt.Sprintf("safetensors: %s has %d elements, dst %d", t.Name, t.Len(), len(dst)))
	}
	switch t.Type {
	case "F32":
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.raw[4*i:]))
		}
	case "F16":
		for i := range dst {
			dst[i] = fromHalf(binary.LittleEndian.Uint16(t.raw[2*i:]))
		}
	case "BF16":
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.raw[2*i:])) << 16)
		}
	}
}

// width returns the bytes of an element, 0 for a type that is not read.
func width(kind string) int {
	switch kind {
	case "F32":
		return 4
	case "F16", "BF16":
		return 2
	}
	return 0
}

// fromHalf converts IEEE 754 binary16 exactly.
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch {
	case exponent == 31: // infinity, NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	case exponent > 0:
		return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
	}
	v := float32(fraction) / (1 << 24) // subnormal or zero: exact
	if sign != 0 {
		return -v
	}
	return v
}

// File is the content of one or more files of a model.
type File struct {
	tensors map[string]Tensor
}

// Names lists the tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.tensors))
	for n := range f.tensors {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Tensor returns a tensor by name.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Parse reads a file's bytes, which the result keeps. The error names the tensor
// and what is wrong with it.
func Parse(b []byte) (*File, error) {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("safetensors: %s", fmt.Sprintf(format, args...))
	}
	if len(b) < 8 {
		return nil, bad("%d bytes; the header length alone takes 8", len(b))
	}
	size := binary.LittleEndian.Uint64(b)
	if size > headerLimit || size > uint64(len(b)-8) {
		return nil, bad("the header is said to have %d bytes; the file has %d, and at most %d are read", size, len(b), headerLimit)
	}
	var header map[string]json.RawMessage
	if err := unique(b[8:8+size], &header); err != nil {
		return nil, bad("header: %v", err)
	}
	data := b[8+size:]
	f := &File{tensors: map[string]Tensor{}}
	type span struct {
		from, to uint64
		name     string
	}
	var spans []span
	for name, raw := range header {
		if name == "__metadata__" {
			continue
		}
		var e struct {
			Type    string   `json:"dtype"`
			Shape   []uint64 `json:"shape"`
			Offsets []uint64 `json:"data_offsets"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, bad("tensor %q: %v", name, err)
		}
		w := width(e.Type)
		if w == 0 {
			return nil, bad("tensor %q has type %q; F32, F16 and BF16 are read", name, e.Type)
		}
		if len(e.Offsets) != 2 || e.Offsets[0] > e.Offsets[1] || e.Offsets[1] > uint64(len(data)) {
			return nil, bad("tensor %q: offsets %v in %d bytes of data", name, e.Offsets, len(data))
		}
		n := uint64(1)
		t := Tensor{Name: name, Type: e.Type}
		for _, d := range e.Shape {
			if d != 0 && n > uint64(len(data))/d {
				return nil, bad("tensor %q: shape %v is larger than the file", name, e.Shape)
			}
			n *= d
			t.Shape = append(t.Shape, int(d))
		}
		if n*uint64(w) != e.Offsets[1]-e.Offsets[0] {
			return nil, bad("tensor %q: shape %v of %s takes %d bytes, the offsets %v have %d", name, e.Shape, e.Type, n*uint64(w), e.Offsets, e.Offsets[1]-e.Offsets[0])
		}
		t.raw = data[e.Offsets[0]:e.Offsets[1]]
		f.tensors[name] = t
		spans = append(spans, span{e.Offsets[0], e.Offsets[1], name})
	}
	sort.Slice(spans, func(i, j int) bool {
		if spans[i].from != spans[j].from {
			return spans[i].from < spans[j].from
		}
		return spans[i].to < spans[j].to
	})
	end := uint64(0)
	for _, s := range spans {
		if s.from != end {
			return nil, bad("tensor %q begins at byte %d of the data, the one before ends at %d: there must be neither gap nor overlap", s.name, s.from, end)
		}
		end = s.to
	}
	if end != uint64(len(data)) {
		return nil, bad("%d bytes of data, the tensors have %d", len(data), end)
	}
	return f, nil
}

// unique decodes an object whose keys must differ.
func unique(b []byte, into *map[string]json.RawMessage) error {
	d := json.NewDecoder(strings.NewReader(string(b)))
	if tok, err := d.Token(); err != nil || tok != json.Delim('{') {
		return fmt.Errorf("not an object (%v)", err)
	}
	*into = map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name, ok := key.(string)
		if !ok {
			return fmt.Errorf("key %v", key)
		}
		if _, twice := (*into)[name]; twice {
			return fmt.Errorf("tensor %q is there twice", name)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		(*into)[name] = raw
	}
	_, err := d.Token()
	return err
}

// Files returns the files of a model in a folder: model.safetensors, or the
// shards that model.safetensors.index.json names, sorted.
func Files(dir string) ([]string, error) {
	index := filepath.Join(dir, "model.safetensors.index.json")
	b, err := os.ReadFile(index)
	if os.IsNotExist(err) {
		return []string{filepath.Join(dir, "model.safetensors")}, nil
	}
	if err != nil {
		return nil, err
	}
	var x struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(b, &x); err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", index, err)
	}
	seen := map[string]bool{}
	var files []string
	for tensor, name := range x.Map {
		if filepath.Base(name) != name {
			return nil, fmt.Errorf("safetensors: %s: tensor %q is in %q, which is not a file of this folder", index, tensor, name)
		}
		if !seen[name] {
			seen[name] = true
			files = append(files, filepath.Join(dir, name))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("safetensors: %s: weight_map names no file", index)
	}
	sort.Strings(files)
	return files, nil
}

// Read reads all files of a model. A tensor in two files is an error.
func Read(files ...string) (*File, error) {
	all := &File{tensors: map[string]Tensor{}}
	for _, path := range files {
		b, err := contents(path)
		if err != nil {
			return nil, fmt.Errorf("safetensors: %w", err)
		}
		f, err := Parse(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for name, t := range f.tensors {
			if _, twice := all.tensors[name]; twice {
				return nil, fmt.Errorf("%s: safetensors: tensor %q is in another file too", path, name)
			}
			all.tensors[name] = t
		}
	}
	return all, nil
}
