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
	Fit           string  // cover, contain or fill, as CSS's object-fit
	Zoom          float64 // how many times larger than it fits; below 1 counts as 1
	OffX, OffY    float64 // how far from its middle the picture is looked at, -0.5 to 0.5 of what does not fit
	Printed       bool    // on paper: photographs stay JPEGs, which a PDF takes as they are
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
	x, y := float64(size.X)/float64(have.X), float64(size.Y)/float64(have.Y)
	switch b.Fit {
	case "cover":
		x, y = max(x, y), max(x, y)
	case "contain":
		x, y = min(x, y), min(x, y)
	}
	zoom := max(b.Zoom, 1)
	offX, offY := p.turn.stored(b.OffX, b.OffY)
	var to image.Rectangle
	var from window
	to.Min.X, to.Max.X, from.x, from.width = lay(size.X, have.X, x*zoom, offX)
	to.Min.Y, to.Max.Y, from.y, from.height = lay(size.Y, have.Y, y*zoom, offY)
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

// lay says which part of a length shows in a box, drawn so many times as large, and
// from where to where on whole pixels; off is 0 for the middle of both.
func lay(box, have int, times, off float64) (to, end int, from, length float64) {
	if length = float64(box) / times; length < float64(have) {
		return 0, box, (float64(have) - length) * (0.5 + off), length
	}
	gap := min(int(math.Round((float64(box)-float64(have)*times)/2)), (box-1)/2) // at both ends
	to = gap + int(math.Round(float64(2*gap)*off))
	return to, to + box - 2*gap, 0, float64(have)
}
