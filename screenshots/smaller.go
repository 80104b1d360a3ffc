package screenshots

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// smaller writes a PNG with a palette when it has few colours, as most pages of
// text and plain shapes do: half the bytes or less, of the same pixels. Chrome
// never does, and to compress harder saves little.
func smaller(data []byte) ([]byte, error) {
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading the picture: %w", err)
	}
	few := paletted(picture)
	if few == nil {
		return data, nil
	}
	var b bytes.Buffer
	if err := png.Encode(&b, few); err != nil {
		return nil, fmt.Errorf("writing the picture: %w", err)
	}
	if b.Len() >= len(data) {
		return data, nil
	}
	return b.Bytes(), nil
}

// paletted is the picture in at most 256 colours; nil when it has more.
func paletted(picture image.Image) *image.Paletted {
	box := picture.Bounds()
	out := image.NewPaletted(box, nil)
	known := map[color.NRGBA]uint8{}
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			c := pixel(picture, x, y)
			i, ok := known[c]
			if !ok {
				if len(out.Palette) == 256 {
					return nil
				}
				i = uint8(len(out.Palette))
				known[c] = i
				out.Palette = append(out.Palette, c)
			}
			out.Pix[out.PixOffset(x, y)] = i
		}
	}
	return out
}

// pixel is exact for the two kinds of picture that Chrome's files are read as:
// opaque ones, and those with an alpha of their own.
func pixel(picture image.Image, x, y int) color.NRGBA {
	switch p := picture.(type) {
	case *image.RGBA:
		return color.NRGBA(p.RGBAAt(x, y))
	case *image.NRGBA:
		return p.NRGBAAt(x, y)
	default:
		return color.NRGBAModel.Convert(p.At(x, y)).(color.NRGBA)
	}
}
