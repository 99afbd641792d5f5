package trend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
)

// numbers reads an array in which null, or a bare NaN made null by readable, is
// NaN: encoding/json would make it 0.
type numbers []float64

func (v *numbers) UnmarshalJSON(b []byte) error {
	var p []*float64
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	if p == nil {
		*v = nil
		return nil
	}
	*v = make(numbers, len(p))
	for i, f := range p {
		if f == nil {
			(*v)[i] = math.NaN()
		} else {
			(*v)[i] = *f
		}
	}
	return nil
}

// UnmarshalJSON reads a series; unknown fields (such as a source) are ignored,
// and "acc" is the kind Accuracy.
func (s *Series) UnmarshalJSON(b []byte) error {
	type plain Series
	shadow := struct {
		*plain
		X   numbers   `json:"x_log10N"`
		Y   numbers   `json:"y"`
		SE  numbers   `json:"se"`
		R   numbers   `json:"replicate_se"`
		Cov []numbers `json:"cov"`
		At  numbers   `json:"forecast_at"`
	}{plain: (*plain)(s)}
	if err := json.Unmarshal(b, &shadow); err != nil {
		return err
	}
	s.X, s.Y, s.SE, s.ReplicateSE, s.ForecastAt = shadow.X, shadow.Y, shadow.SE, shadow.R, shadow.At
	s.Cov = nil
	for _, row := range shadow.Cov {
		s.Cov = append(s.Cov, row)
	}
	if s.Kind == "acc" {
		s.Kind = Accuracy
	}
	return nil
}

// readable turns the bare NaN, Infinity and -Infinity that Python writes into
// null, in place of equal length.
func readable(b []byte) []byte {
	if !bytes.Contains(b, []byte("NaN")) && !bytes.Contains(b, []byte("Infinity")) {
		return b
	}
	out := bytes.Clone(b)
	inString := false
	for i := 0; i < len(out); i++ {
		switch {
		case out[i] == '"':
			inString = !inString
		case inString:
			if out[i] == '\\' {
				i++
			}
		default:
			for _, word := range []string{"NaN", "-Infinity", "Infinity"} {
				if bytes.HasPrefix(out[i:], []byte(word)) {
					copy(out[i:], "null     "[:max(len(word), 3)])
					if word == "NaN" { // one byte short of null
						out = append(out[:i], append([]byte("null"), out[i+3:]...)...)
					}
					break
				}
			}
		}
	}
	return out
}

// ReadSeries reads {"series": [...]}, a bare array of series, or one series. The
// points come in ascending size, but the series are not validated: NaN (as
// Python writes it) and null are values that Validate refuses by point. What is
// not a series at all is an error in skipped, with its place in the file; err is
// for a file that is not of this shape.
func ReadSeries(r io.Reader) (series []Series, skipped []error, err error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, err
	}
	b = bytes.TrimSpace(readable(b))
	var raw []json.RawMessage
	if bytes.HasPrefix(b, []byte("[")) {
		err = json.Unmarshal(b, &raw)
	} else {
		var file struct {
			Series *[]json.RawMessage `json:"series"`
			Y      json.RawMessage    `json:"y"`
		}
		err = json.Unmarshal(b, &file)
		switch {
		case err != nil:
		case file.Series != nil:
			raw = *file.Series
		case file.Y != nil:
			raw = []json.RawMessage{b}
		default:
			return nil, nil, errors.New(`no field "series"; the file is {"series": [...]}`)
		}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("not a file of series: %w", err)
	}
	for i, m := range raw {
		var s Series
		if err := json.Unmarshal(m, &s); err != nil {
			skipped = append(skipped, fmt.Errorf("series %d: %w", i+1, err))
			continue
		}
		series = append(series, s.Sorted())
	}
	return series, skipped, nil
}
