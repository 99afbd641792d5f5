package chart

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"slices"
)

// colors is how many colours a picture keeps: 256 would make it 40% larger without a difference to see.
const colors = 48

// reduce maps an opaque picture to its 48 commonest colours, every other to the nearest of them. What has
// more colours is the edge of a letter or line, where a shade off is not seen. Ties go to the smaller colour, so that
// the same picture always gives the same bytes.
func reduce(src image.Image) *image.Paletted {
	img, ok := src.(*image.RGBA)
	if !ok {
		img = image.NewRGBA(src.Bounds())
		draw.Draw(img, img.Bounds(), src, src.Bounds().Min, draw.Src)
	}
	type count struct {
		rgb uint32
		n   int
	}
	index := map[uint32]int{}
	var counts []count
	pixel := func(i int) uint32 {
		return uint32(img.Pix[i])<<16 | uint32(img.Pix[i+1])<<8 | uint32(img.Pix[i+2])
	}
	b := img.Bounds()
	last, lastAt := uint32(1<<24), 0
	for y := 0; y < b.Dy(); y++ {
		row := y * img.Stride
		for x := 0; x < b.Dx(); x++ {
			c := pixel(row + 4*x)
			if c != last {
				at, ok := index[c]
				if !ok {
					at = len(counts)
					index[c] = at
					counts = append(counts, count{c, 0})
				}
				last, lastAt = c, at
			}
			counts[lastAt].n++
		}
	}
	slices.SortFunc(counts, func(a, b count) int { return cmp.Or(b.n-a.n, cmp.Compare(a.rgb, b.rgb)) })
	n := min(len(counts), colors)
	palette := make(color.Palette, n)
	near := make(map[uint32]uint8, len(counts))
	for i, c := range counts {
		if i < n {
			palette[i] = color.RGBA{uint8(c.rgb >> 16), uint8(c.rgb >> 8), uint8(c.rgb), 255}
			near[c.rgb] = uint8(i)
			continue
		}
		best, at := 1<<30, 0
		for j, k := range counts[:n] {
			dr, dg, db := int(c.rgb>>16)-int(k.rgb>>16), int(c.rgb>>8&255)-int(k.rgb>>8&255), int(c.rgb&255)-int(k.rgb&255)
			if d := dr*dr + dg*dg + db*db; d < best {
				best, at = d, j
			}
		}
		near[c.rgb] = uint8(at)
	}
	out := image.NewPaletted(b, palette)
	last, lastIdx := uint32(1<<24), uint8(0)
	for y := 0; y < b.Dy(); y++ {
		row := y * img.Stride
		for x := 0; x < b.Dx(); x++ {
			c := pixel(row + 4*x)
			if c != last {
				last, lastIdx = c, near[c]
			}
			out.Pix[y*out.Stride+x] = lastIdx
		}
	}
	return out
}
