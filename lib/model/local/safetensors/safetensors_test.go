package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// file puts a header and data together.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestParseRejects(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		content    []byte
	}{
		{"nothing", "want at least 8", nil},
		{"header longer than the file", "the header is said to have", append(binary.LittleEndian.AppendUint64(nil, 1<<40), '{', '}')},
		{"not an object", "want {", file(`[]`, 0)},
		{"cut off", "unexpected EOF", file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}`, 4)},
		{"bytes after the object", "after the object", file(`{} {}`, 0)},
		{"twice", `"a" occurs twice`, file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4)},
		{"unknown type", `dtype "F4"`, file(`{"a":{"dtype":"F4","shape":[],"data_offsets":[0,4]}}`, 4)},
		{"no offsets", "want two numbers", file(`{"a":{"dtype":"F32","shape":[]}}`, 0)},
		{"negative offset", "at least 0", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}`, 0)},
		{"beyond the file", "ends at byte 8", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4)},
		{"shape and bytes differ", "takes 12 bytes", file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8)},
		{"negative size", "at least 0", file(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 4)},
		{"overflow", "too large", file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}`, 0)},
		{"overlap", "inside the tensor before it", file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8)},
		{"gap", "after a gap", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8)},
		{"bytes of no tensor", "the file holds 8", file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 8)},
		{"metadata of numbers", "__metadata__", file(`{"__metadata__":{"a":1}}`, 0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := Parse(tt.content)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	arrays := []Array{
		{"b", []int{2, 3}, []float32{1, -2, .5, 65504, 0, -0.25}},
		{"a", nil, []float32{3}},
		{"empty", []int{0, 4}, nil},
	}
	for _, dtype := range []string{"F32", "F16", "BF16"} {
		var b bytes.Buffer
		if err := Write(&b, arrays, dtype, map[string]string{"format": "pt"}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.safetensors")
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		w, err := Open(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"a", "b", "empty"}, w.Names()); diff != "" {
			t.Error(diff)
		}
		for _, a := range arrays {
			got, _ := w.Tensor(a.Name)
			floats, err := got.Floats()
			if err != nil {
				t.Fatal(err)
			}
			want := a.Data
			if dtype == "BF16" && a.Name == "b" {
				want = []float32{1, -2, .5, 65536, 0, -0.25} // 8 bits of precision
			}
			if diff := cmp.Diff(want, floats, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s %s: %s", dtype, a.Name, diff)
			}
			if diff := cmp.Diff(a.Shape, got.Shape, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWriteRejects(t *testing.T) {
	for _, tt := range []struct {
		want, dtype string
		arrays      []Array
	}{
		{"dtype", "I8", nil},
		{"does not match", "F32", []Array{{"a", []int{2}, []float32{1}}}},
		{"is taken", "F32", []Array{{"a", []int{1}, []float32{1}}, {"a", []int{1}, []float32{1}}}},
	} {
		err := Write(&bytes.Buffer{}, tt.arrays, tt.dtype, nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want one with %q", err, tt.want)
		}
	}
}

func TestShards(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, arrays ...Array) {
		var b bytes.Buffer
		if err := Write(&b, arrays, "F32", nil); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	index := func(text string) {
		if err := os.WriteFile(filepath.Join(folder, "model.safetensors.index.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("model-1.safetensors", Array{"a", []int{1}, []float32{1}}, Array{"x", []int{1}, []float32{9}})
	write("model-2.safetensors", Array{"b", []int{1}, []float32{2}})
	index(`{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}`)
	w, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if diff := cmp.Diff([]string{"a", "b"}, w.Names()); diff != "" {
		t.Error(diff)
	}
	for _, tt := range []struct{ index, want string }{
		{`{"weight_map":{"a":"../model-1.safetensors"}}`, "want a file of the same folder"},
		{`{"weight_map":{"c":"model-1.safetensors"}}`, `tensor "c" is here, it is not`},
		{`{"weight_map":{"c":"model-3.safetensors"}}`, "no such file"},
		{`{}`, "names no tensor"},
	} {
		index(tt.index)
		if _, err := Open(folder); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.index, err, tt.want)
		}
	}
}

// TestFloat16 holds every float16 to the definition, and the rounding of
// random float32 to the nearest of the float16 numbers, ties to even.
func TestFloat16(t *testing.T) {
	for h := range 1 << 16 {
		h := uint16(h)
		x := FromFloat16(h)
		exponent, fraction := int(h>>10&31), float64(h&0x3ff)
		want := math.Ldexp(1+fraction/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		case exponent == 31:
			if x == x || Float16(x)&0x7c00 != 0x7c00 {
				t.Fatalf("%#x: want NaN, there and back", h)
			}
			continue
		}
		if h>>15 == 1 {
			want = -want
		}
		if float64(x) != want || Float16(x) != h {
			t.Fatalf("%#x = %v, and back %#x; want %v", h, x, Float16(x), want)
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 1_000_000 {
		x := math.Float32frombits(0x32000000 + r.Uint32N(0x15800000)) // 2^-27 to 2^16
		h := Float16(x)
		at := float64(FromFloat16(h))
		if math.IsInf(at, 1) {
			at = 65536
		}
		for _, other := range []uint16{h - 1, h + 1} {
			next := float64(FromFloat16(other))
			if h == 0 && other > h || h > 0 {
				near, far := math.Abs(at-float64(x)), math.Abs(next-float64(x))
				if far < near || far == near && h&1 == 1 {
					t.Fatalf("%v rounds to %v, %v is nearer or even", x, at, next)
				}
			}
		}
	}
}

func TestBFloat16(t *testing.T) {
	for _, tt := range []struct {
		x    float32
		want uint16
	}{
		{1, 0x3f80},
		{-2, 0xc000},
		{math.Float32frombits(0x3f808000), 0x3f80},
		{math.Float32frombits(0x3f818000), 0x3f82},
		{math.Float32frombits(0x3f808001), 0x3f81},
		{math.MaxFloat32, 0x7f80},
		{float32(math.Inf(-1)), 0xff80},
	} {
		if got := BFloat16(tt.x); got != tt.want {
			t.Errorf("BFloat16(%v) = %#x, want %#x", tt.x, got, tt.want)
		}
	}
	for h := range 1 << 16 {
		x := FromBFloat16(uint16(h))
		if x == x && BFloat16(x) != uint16(h) {
			t.Fatalf("%#x comes back as %#x", h, BFloat16(x))
		}
	}
	if x := FromBFloat16(BFloat16(float32(math.NaN()))); x == x {
		t.Errorf("NaN becomes %v", x)
	}
}

func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	if err := Write(&b, []Array{{"a", []int{2}, []float32{1, 2}}, {"b", []int{1, 1}, []float32{3}}}, "F16", nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"__metadata__":{"x":"y"}}`, 4))
	f.Fuzz(func(t *testing.T, content []byte) {
		tensors, metadata, err := Parse(content)
		if err != nil {
			return
		}
		var arrays []Array
		total := 0
		for _, tensor := range tensors {
			total += len(tensor.data)
			if tensor.Type != "F32" {
				continue
			}
			floats, err := tensor.Floats()
			if err != nil {
				t.Fatal(err)
			}
			arrays = append(arrays, Array{tensor.Name, tensor.Shape, floats})
		}
		if total > len(content) {
			t.Fatalf("tensors of %d bytes in a file of %d", total, len(content))
		}
		var out bytes.Buffer
		if err := Write(&out, arrays, "F32", metadata); err != nil {
			t.Fatal(err)
		}
		again, _, err := Parse(out.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(arrays) {
			t.Fatalf("%d tensors written, %d read", len(arrays), len(again))
		}
	})
}

func Example() {
	var file bytes.Buffer
	weights := []Array{{Name: "embed.weight", Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}}}
	if err := Write(&file, weights, "F16", nil); err != nil {
		panic(err)
	}
	tensors, _, err := Parse(file.Bytes())
	if err != nil {
		panic(err)
	}
	for _, t := range tensors {
		floats, err := t.Floats()
		fmt.Println(t.Name, t.Type, t.Shape, floats, err)
	}
	// Output: embed.weight F16 [2 2] [1 2 3 4] <nil>
}
