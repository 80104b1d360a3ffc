package images

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"math"
)

// Box is a place for a picture, in pixels of the device.
type Box struct {
	Width, Height int
	Fit           string // cover, contain or fill, as CSS's object-fit
	Printed       bool   // on paper: photographs stay JPEGs, which a PDF takes as they are
}

// Pixels makes exactly the pixels of the box, as a PNG: what is left and right of
// a picture contained in it is transparent. A box of more than MaxPixels gets
// fewer, in its own proportions.
func Pixels(data []byte, b Box) (mediaType string, file []byte, err error) {
	p, err := decode(data)
	if err != nil {
		return "", nil, err
	}
	m := p.fit(b)
	var out bytes.Buffer
	if b.Printed && p.format == "jpeg" && m.Opaque() {
		err = jpeg.Encode(&out, m, &jpeg.Options{Quality: 92})
		return "image/jpeg", out.Bytes(), err
	}
	// Nobody keeps the file: the time counts, not the size.
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, m)
	return "image/png", out.Bytes(), err
}

func (p *picture) fit(b Box) *image.RGBA {
	size := p.turn.size(b.size())
	m := image.NewRGBA(image.Rectangle{Max: size})
	have := p.pixels.Bounds().Size()
	to, from := m.Rect, window{0, 0, float64(have.X), float64(have.Y)}
	acrossX, acrossY := float64(size.X)/float64(have.X), float64(size.Y)/float64(have.Y)
	switch b.Fit {
	case "cover":
		factor := max(acrossX, acrossY)
		from.width, from.height = float64(size.X)/factor, float64(size.Y)/factor
		from.x, from.y = (float64(have.X)-from.width)/2, (float64(have.Y)-from.height)/2
	case "contain":
		factor := min(acrossX, acrossY)
		to.Min.X, to.Max.X = middle(size.X, float64(have.X)*factor)
		to.Min.Y, to.Max.Y = middle(size.Y, float64(have.Y)*factor)
	}
	p.scale(m, to, from)
	return p.turn.upright(m)
}

func (b Box) size() image.Point {
	width, height := float64(max(b.Width, 1)), float64(max(b.Height, 1))
	if pixels := width * height; pixels > MaxPixels {
		factor := math.Sqrt(MaxPixels / pixels)
		// Of a sliver, the short side stays a pixel.
		width = min(max(width*factor, 1), MaxPixels)
		height = min(max(height*factor, 1), MaxPixels/width)
		width = min(width, MaxPixels/height)
	}
	return image.Pt(int(width), max(int(height), 1))
}

// middle is where a length lies in the middle of a larger one, on whole pixels.
func middle(all int, length float64) (from, to int) {
	from = min(int(math.Round((float64(all)-length)/2)), (all-1)/2)
	return from, all - from
}
