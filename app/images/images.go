// Package images reads picture files and makes the pixels of them that a browser
// is given: exactly as many as it will show, upright, in sRGB, without loss. A
// browser that decodes and scales a photograph by itself does so differently from
// one time to the next.
//
// Its errors are for the person who brought the file: they go on a sentence that
// begins with the file, as in "is damaged".
package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/gif" // the formats there are
	_ "image/jpeg"
	_ "image/png"

	_ "golang.org/x/image/webp"
)

// MaxPixels is the most that a picture may have.
const MaxPixels = 25_000_000

// maxScans is how often a JPEG may go over its pixels; ten times is usual. A scan
// that changes nothing takes forty bytes, and all pixels' time.
const maxScans = 100

// File is a picture that can be drawn.
type File struct {
	Data          []byte // what is to be kept: an SVG is written anew
	MediaType     string
	Width, Height int // upright
}

// Check reads a file to its end, so that a broken one is refused before anybody
// draws it. The type is read from the bytes, never believed.
func Check(data []byte) (File, error) {
	if looksLikeSVG(data) {
		return cleanSVG(data)
	}
	p, err := decode(data)
	if err != nil {
		return File{}, err
	}
	size := p.turn.size(p.pixels.Bounds().Size())
	return File{Data: data, MediaType: "image/" + p.format, Width: size.X, Height: size.Y}, nil
}

// picture is a file decoded.
type picture struct {
	pixels  image.Image // as stored: not yet upright, and at 0,0
	format  string
	turn    turn
	profile *profile // nil is sRGB
}

func decode(data []byte) (*picture, error) {
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("is not a PNG, JPEG, GIF, WebP or SVG image")
	}
	if int64(config.Width)*int64(config.Height) > MaxPixels {
		return nil, fmt.Errorf("has %d x %d pixels; at most 25 million are allowed", config.Width, config.Height)
	}
	if config.Width < 1 || config.Height < 1 {
		return nil, errors.New("has no pixels")
	}
	if config.ColorModel == color.CMYKModel {
		return nil, errors.New("is in CMYK, the colours of a printing press, which look different on every screen; save it as RGB (sRGB) and upload it again")
	}
	if scan := []byte{0xff, 0xda}; format == "jpeg" && bytes.Count(data, scan) > maxScans {
		return nil, fmt.Errorf("is a JPEG of more than %d scans; save it again", maxScans)
	}
	about := readMetadata(format, data)
	if about.moves {
		return nil, errors.New("is an animated WebP; save one of its pictures as PNG, JPEG or WebP")
	}
	profile, err := readProfile(about.profile)
	if err != nil {
		return nil, err
	}
	pixels, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, errors.New("is damaged: it cannot be decoded to its end")
	}
	if format == "webp" {
		pixels = studio(pixels)
	}
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if pixels.Bounds() != canvas { // the first picture of a GIF may be a part of it
		pixels = placed(pixels, canvas)
	}
	return &picture{pixels, format, about.turn, profile}, nil
}
