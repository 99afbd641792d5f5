package organism

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bellwether/lib/model/local"
)

// Member describes one trained model of a family, as in family.json.
type Member struct {
	Path           string  `json:"path"` // folder, relative to family.json
	Parameters     int     `json:"parameters"`
	NonEmbedding   int     `json:"non_embedding_parameters"`
	Seed           uint64  `json:"seed"`
	TrainingTokens int     `json:"training_tokens"`
	World          uint64  `json:"world"`
	Loss           float64 `json:"loss_nats_per_token"`  // mean training loss of the last 50 steps
	Checkpoint     bool    `json:"checkpoint,omitempty"` // taken before the end of training
}

// Name returns the name of a member: "tiny-41k-s1", or with the steps done
// "tiny-41k-s1-step1000" for a checkpoint.
func (s Size) Name(seed uint64, step int) string {
	name := fmt.Sprintf("tiny-%s-s%d", s.Label(), seed)
	if step > 0 {
		name += fmt.Sprintf("-step%d", step)
	}
	return name
}

// Save writes a network in Hugging Face layout into a folder: config.json,
// tokenizer.json and model.safetensors in float16. The folder appears only when
// everything is written.
func Save(folder string, n *local.Network, m Member) error {
	temporary := folder + ".tmp"
	if err := os.RemoveAll(temporary); err != nil {
		return err
	}
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"config.json": configJSON(n.Config, m), "tokenizer.json": TokenizerJSON(), "model.safetensors": halfSafetensors(n),
	} {
		if err := os.WriteFile(filepath.Join(temporary, name), content, 0o644); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(temporary, folder)
}

// configJSON is a GPTNeoXConfig with our own facts under "bellwether".
func configJSON(c local.Config, m Member) []byte {
	return encode(struct {
		Architectures []string `json:"architectures"`
		local.Config
		InitializerRange float64 `json:"initializer_range"`
		AttentionBias    bool    `json:"attention_bias"`
		BOS              int     `json:"bos_token_id"`
		EOS              int     `json:"eos_token_id"`
		TorchType        string  `json:"torch_dtype"`
		Bellwether       Member  `json:"bellwether"`
	}{[]string{"GPTNeoXForCausalLM"}, c, .02, true, 0, 0, "float16", m})
}

// TokenizerJSON returns the tokenizer of the family in the format of Hugging
// Face tokenizers: byte-pair encoding over single characters, without merges.
func TokenizerJSON() []byte {
	vocabulary := make([]string, len(Alphabet))
	for i := range len(Alphabet) {
		character, err := json.Marshal(Alphabet[i : i+1])
		if err != nil {
			panic("organism: " + err.Error()) // ASCII: cannot happen
		}
		vocabulary[i] = fmt.Sprintf("%s:%d", character, i)
	}
	text := `{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":null,"pre_tokenizer":null,` +
		`"post_processor":null,"decoder":{"type":"Fuse"},"model":{"type":"BPE","dropout":null,"unk_token":null,` +
		`"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,` +
		`"vocab":{` + strings.Join(vocabulary, ",") + `},"merges":[]}}`
	return append([]byte(text), '\n')
}

// encode is indented JSON with characters like > as they are.
func encode(v any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(v); err != nil {
		panic("organism: " + err.Error()) // plain structs: cannot happen unless a number is NaN
	}
	return []byte(b.String())
}

// halfSafetensors is the network as a safetensors file, rounded to float16.
func halfSafetensors(n *local.Network) []byte {
	type entry struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	tensors := slices.Clone(n.Tensors())
	slices.SortFunc(tensors, func(a, b local.Tensor) int { return strings.Compare(a.Name, b.Name) })
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data []byte
	for _, t := range tensors {
		at := len(data)
		for _, v := range t.Data {
			data = binary.LittleEndian.AppendUint16(data, half(v))
		}
		header[t.Name] = entry{"F16", t.Shape, [2]int{at, len(data)}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic("organism: " + err.Error())
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(file, text...), data...)
}

// half rounds to the nearest float16, ties to even (IEEE 754 binary16);
// what is too large becomes infinite.
func half(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x477ff000: // rounds to 2^16 or more
		return sign | 0x7c00
	case b < 0x38800000: // below 2^-14: steps of 2^-24; adding 0.5 rounds to them
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+.5)-0x3f000000)
	}
	b += 0xfff + b>>13&1
	return sign | uint16((b-0x38000000)>>13)
}

// unhalf is the value of a float16.
func unhalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Round rounds every weight to float16 in place, as Save does: what is scored
// afterwards is what was shipped.
func Round(n *local.Network) {
	for i, v := range n.Weights {
		n.Weights[i] = unhalf(half(v))
	}
}

// Load reads a network that Save wrote. Packages that read any model use
// package local's loader; this one checks a family in training.
func Load(folder string) (*local.Network, Member, error) {
	var config struct {
		local.Config
		Bellwether Member `json:"bellwether"`
	}
	text, err := os.ReadFile(filepath.Join(folder, "config.json"))
	if err != nil {
		return nil, Member{}, err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, Member{}, fmt.Errorf("%s: %w", filepath.Join(folder, "config.json"), err)
	}
	n, err := local.NewNetwork(config.Config)
	if err != nil {
		return nil, Member{}, err
	}
	path := filepath.Join(folder, "model.safetensors")
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, Member{}, err
	}
	want := halfSafetensors(n) // same header, other data
	start := 8 + int(binary.LittleEndian.Uint64(want))
	if len(file) != len(want) || string(file[:start]) != string(want[:start]) {
		return nil, Member{}, fmt.Errorf("%s: not written by this program for that config.json", path)
	}
	tensors := slices.Clone(n.Tensors())
	slices.SortFunc(tensors, func(a, b local.Tensor) int { return strings.Compare(a.Name, b.Name) })
	data := file[start:]
	for _, t := range tensors {
		for i := range t.Data {
			t.Data[i] = unhalf(binary.LittleEndian.Uint16(data))
			data = data[2:]
		}
	}
	return n, config.Bellwether, nil
}

// checksum returns the SHA-256 of a file in hex.
func checksum(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}
