package safetensors_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bellwether/lib/model/local/safetensors"

	"github.com/google/go-cmp/cmp"
)

// file puts a header and data together.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestTypes(t *testing.T) {
	// 1.5 in float16 is 0x3e00, the smallest subnormal 0x0001 is 2^-24, 0xfc00
	// is -Inf; in bfloat16 1.5 is 0x3fc0; in float32 -2 is 0xc0000000.
	b := file(`{"__metadata__":{"format":"pt"},"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[1,1],"data_offsets":[6,8]},"f":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`,
		0x00, 0x3e, 0x01, 0x00, 0x00, 0xfc, 0xc0, 0x3f, 0, 0, 0, 0xc0)
	f, err := safetensors.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]float32{}
	for _, name := range f.Names() {
		x, _ := f.Tensor(name)
		got[name] = make([]float32, x.Len())
		x.Decode(got[name])
	}
	want := map[string][]float32{"h": {1.5, float32(math.Ldexp(1, -24)), float32(math.Inf(-1))}, "b": {1.5}, "f": {-2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func TestDamage(t *testing.T) {
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"short":        {[]byte{1}, "1 bytes"},
		"long header":  {binary.LittleEndian.AppendUint64(nil, 1<<40), "the header is said to have"},
		"not JSON":     {file("nonsense"), "header"},
		"unknown type": {file(`{"a":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}}`), `type "I64"`},
		"outside":      {file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 1), "offsets [0 4] in 1 bytes"},
		"shape":        {file(`{"a":{"dtype":"F16","shape":[3],"data_offsets":[0,4]}}`, 1, 2, 3, 4), "takes 6 bytes"},
		"huge shape":   {file(`{"a":{"dtype":"F16","shape":[4294967296,4294967296],"data_offsets":[0,4]}}`, 1, 2, 3, 4), "larger than the file"},
		"overlap":      {file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 1, 2, 3, 4), "neither gap nor overlap"},
		"gap":          {file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, 1, 2, 3, 4), "neither gap nor overlap"},
		"left over":    {file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 1, 2, 3, 4), "the tensors have 2"},
		"twice":        {file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 1, 2), "there twice"},
	} {
		if _, err := safetensors.Parse(tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tt.want)
		}
	}
}

func TestShards(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("1.safetensors", file(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 0, 0x3c))
	put("2.safetensors", file(`{"b":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}`, 0, 0x40))
	put("model.safetensors.index.json", []byte(`{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}`))
	files, err := safetensors.Files(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(files...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, f.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if _, err := safetensors.Read(files[0], files[0]); err == nil {
		t.Error("a tensor in two files: want an error")
	}
	put("model.safetensors.index.json", []byte(`{"weight_map":{"a":"../1.safetensors"}}`))
	if _, err := safetensors.Files(dir); err == nil {
		t.Error("a shard outside the folder: want an error")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(file(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 1, 2, 3, 4))
	f.Add(file(`{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}`, 1, 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := safetensors.Parse(b)
		if err != nil {
			return
		}
		for _, name := range x.Names() {
			y, _ := x.Tensor(name)
			y.Decode(make([]float32, y.Len()))
		}
	})
}

func Example() {
	b := file(`{"gain":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 0, 0x3c, 0, 0x40)
	f, err := safetensors.Parse(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	gain, _ := f.Tensor("gain")
	values := make([]float32, gain.Len())
	gain.Decode(values)
	fmt.Println(gain.Shape, values)
	// Output: [2] [1 2]
}
