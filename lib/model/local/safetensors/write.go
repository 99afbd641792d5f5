package safetensors

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Array is a named array of float32 to be written.
type Array struct {
	Name  string
	Shape []int
	Data  []float32 // row-major
}

// Write writes arrays as one safetensors file, in the order of their names, in
// type "F32", "F16" or "BF16" (rounded to nearest, ties to even). The bytes
// depend on nothing else. A shape that does not match its data and a name that
// occurs twice are errors.
func Write(w io.Writer, arrays []Array, dtype string, metadata map[string]string) error {
	size := typeBytes[dtype]
	if dtype != "F32" && dtype != "F16" && dtype != "BF16" {
		return fmt.Errorf("safetensors: dtype %q: want F32, F16 or BF16", dtype)
	}
	arrays = slices.Clone(arrays)
	slices.SortFunc(arrays, func(a, b Array) int { return cmp.Compare(a.Name, b.Name) })
	header := map[string]any{}
	if len(metadata) > 0 {
		header["__metadata__"] = metadata
	}
	at := 0
	for i, a := range arrays {
		n := 1
		for _, s := range a.Shape {
			n *= s
		}
		if n != len(a.Data) {
			return fmt.Errorf("safetensors: %q: shape %v does not match %d numbers", a.Name, a.Shape, len(a.Data))
		}
		if a.Name == "__metadata__" || i > 0 && arrays[i-1].Name == a.Name {
			return fmt.Errorf("safetensors: name %q is taken", a.Name)
		}
		shape := a.Shape
		if shape == nil {
			shape = []int{}
		}
		header[a.Name] = entry{Type: dtype, Shape: shape, Offsets: []int{at, at + n*size}}
		at += n * size
	}
	text, err := json.Marshal(header) // keys come out sorted
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	b := bufio.NewWriterSize(w, 1<<16)
	b.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))
	b.Write(text)
	var number [4]byte
	for _, a := range arrays {
		for _, v := range a.Data {
			switch dtype {
			case "F32":
				binary.LittleEndian.PutUint32(number[:], math.Float32bits(v))
			case "F16":
				binary.LittleEndian.PutUint16(number[:], Float16(v))
			case "BF16":
				binary.LittleEndian.PutUint16(number[:], BFloat16(v))
			}
			b.Write(number[:size]) // an error stays with b until Flush
		}
	}
	return b.Flush()
}
