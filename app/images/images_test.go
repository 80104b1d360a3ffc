package images_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/png"
	"strings"
	"testing"

	"majestic/app/apptest"
	"majestic/app/images"
)

func TestCheck(t *testing.T) {
	var zipped bytes.Buffer
	w := zip.NewWriter(&zipped)
	if _, err := w.Create("photo.png"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	whole := apptest.EncodePNG(apptest.PhotoPixels(40, 30))
	tables := apptest.Profile("RGB ", map[string][]byte{"A2B0": make([]byte, 64)})
	for name, c := range map[string]struct {
		data []byte
		want string // of the error; "" is none
	}{
		"a PNG":                         {whole, ""},
		"a truncated PNG":               {whole[:len(whole)/2], "is damaged"},
		"a truncated JPEG":              {apptest.Photo(300, 300)[:20_000], "is damaged"},
		"a zip":                         {zipped.Bytes(), "is not a PNG"},
		"nothing":                       {nil, "is not a PNG"},
		"30,000 pixels square":          {header(30_000, 30_000), "has 30000 x 30000 pixels"},
		"a pixel row too many":          {header(5_000, 5_001), "at most 25 million"},
		"25 megapixels, of zeroes":      {bomb(t, 5_000, 5_000), ""},
		"30,000 pixels wide":            {bomb(t, 30_000, 100), ""},
		"a header that lies":            {header(5_000, 5_000), "is damaged"},
		"no pixels":                     {header(0, 10), "is"},
		"a press's colours":             {cmyk(t), "is in CMYK"},
		"a profile made of tables":      {apptest.WithProfile(whole, tables), "profile made of tables"},
		"a profile that is none":        {apptest.WithProfile(whole, []byte("no profile")), ""},
		"a profile cut short":           {apptest.WithProfile(whole, apptest.DisplayP3()[:200]), ""},
		"a profile that is a bomb":      {apptest.WithProfile(whole, make([]byte, 64<<20)), ""},
		"a profile of this for a JPEG":  {apptest.WithProfile(apptest.Photo(9, 9), apptest.DisplayP3()), ""},
		"a JPEG of ten scans":           {scans(10), ""},
		"a JPEG of a thousand scans":    {scans(1_000), "more than 100 scans"},
		"an animated WebP":              {animated(), "animated WebP"},
		"an animated PNG":               {apptest.Chunk(whole, "acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), ""},
		"a GIF whose picture is a part": {part(t), ""},
	} {
		t.Run(name, func(t *testing.T) {
			file, err := images.Check(c.data)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if err == nil && (file.Width < 9 || file.Height < 9 || !bytes.Equal(file.Data, c.data)) {
				t.Errorf("%d x %d, %d bytes", file.Width, file.Height, len(file.Data))
			}
		})
	}
}

// The three ways into a box, by a picture with a colour a corner.
func TestPixels(t *testing.T) {
	corners := image.NewNRGBA(image.Rect(0, 0, 80, 40))
	for x := range 80 {
		for y := range 40 {
			corners.SetNRGBA(x, y, [...]color.NRGBA{red, green, blue, yellow}[x/40+y/20*2])
		}
	}
	data := apptest.EncodePNG(corners)
	none := color.NRGBA{}
	for _, c := range []struct {
		box  images.Box
		want map[image.Point]color.NRGBA
	}{
		{images.Box{Width: 80, Height: 40, Fit: "cover"}, map[image.Point]color.NRGBA{{0, 0}: red, {39, 19}: red, {40, 19}: green, {39, 20}: blue, {40, 20}: yellow, {79, 39}: yellow}},
		{images.Box{Width: 40, Height: 20, Fit: "fill"}, map[image.Point]color.NRGBA{{0, 0}: red, {19, 9}: red, {20, 9}: green, {39, 19}: yellow}},
		{images.Box{Width: 40, Height: 40, Fit: "fill"}, map[image.Point]color.NRGBA{{0, 0}: red, {15, 15}: red, {24, 15}: green, {39, 39}: yellow}},
		{images.Box{Width: 20, Height: 40, Fit: "cover"}, map[image.Point]color.NRGBA{{0, 0}: red, {9, 19}: red, {10, 19}: green, {9, 20}: blue, {19, 39}: yellow}},
		{images.Box{Width: 40, Height: 40, Fit: "contain"}, map[image.Point]color.NRGBA{{0, 9}: none, {0, 10}: red, {19, 19}: red, {20, 20}: yellow, {39, 29}: yellow, {39, 30}: none}},
		{images.Box{Width: 200, Height: 40, Fit: "contain"}, map[image.Point]color.NRGBA{{59, 0}: none, {60, 0}: red, {139, 39}: yellow, {140, 39}: none}},
		{images.Box{Width: 20, Height: 40, Fit: "cover", OffX: -0.5}, map[image.Point]color.NRGBA{{0, 0}: red, {19, 19}: red, {0, 20}: blue, {19, 39}: blue}},
		{images.Box{Width: 20, Height: 40, Fit: "cover", OffX: 0.5, OffY: -0.5}, map[image.Point]color.NRGBA{{0, 0}: green, {19, 19}: green, {19, 20}: yellow}},
		{images.Box{Width: 80, Height: 40, Fit: "cover", Zoom: 2, OffX: 0.5, OffY: -0.5}, map[image.Point]color.NRGBA{{0, 0}: green, {79, 39}: green}},
		{images.Box{Width: 80, Height: 40, Fit: "cover", Zoom: 2, OffX: 0.25}, map[image.Point]color.NRGBA{{0, 0}: red, {17, 17}: red, {22, 17}: green, {79, 39}: yellow}},
		{images.Box{Width: 40, Height: 40, Fit: "contain", OffX: 0.5, OffY: 0.5}, map[image.Point]color.NRGBA{{0, 19}: none, {0, 20}: red, {39, 39}: yellow}},
		{images.Box{Width: 40, Height: 40, Fit: "contain", Zoom: 2, OffX: -0.5, OffY: 0.5}, map[image.Point]color.NRGBA{{0, 0}: red, {39, 19}: red, {39, 20}: blue}},
		{images.Box{Width: 40, Height: 20, Fit: "fill", Zoom: 4, OffX: 0.5, OffY: 0.5}, map[image.Point]color.NRGBA{{0, 0}: yellow, {39, 19}: yellow}},
		{images.Box{Width: 1, Height: 1, Fit: "cover"}, map[image.Point]color.NRGBA{{0, 0}: {188, 188, 138, 255}}}, // light, not numbers
		{images.Box{Width: 0, Height: 0, Fit: "contain"}, nil},
		{images.Box{Width: 3000, Height: 1, Fit: "contain"}, map[image.Point]color.NRGBA{{0, 0}: none, {2999, 0}: none}},
	} {
		m := pixels(t, data, c.box)
		if got := m.Bounds(); got != image.Rect(0, 0, max(1, c.box.Width), max(1, c.box.Height)) {
			t.Errorf("%+v: %v", c.box, got)
		}
		for at, want := range c.want {
			if got := m.NRGBAAt(at.X, at.Y); far(got, want, 2) {
				t.Errorf("%+v: %v at %v, want %v", c.box, got, at, want)
			}
		}
	}
}

// A picture at its own size is itself, value by value.
func TestPixelsAsTheyAre(t *testing.T) {
	photo := apptest.PhotoPixels(97, 61)
	m := pixels(t, apptest.EncodePNG(photo), images.Box{Width: 97, Height: 61, Fit: "cover"})
	for y := range 61 {
		for x := range 97 {
			if got, want := m.NRGBAAt(x, y), photo.RGBAAt(x, y); got != color.NRGBA(want) {
				t.Fatalf("at %d,%d is %v, want %v", x, y, got, want)
			}
		}
	}
}

// Each of the eight ways to hold a camera gives the same upright picture.
func TestTurned(t *testing.T) {
	upright := image.NewRGBA(image.Rect(0, 0, 96, 64))
	for x := range 96 {
		for y := range 64 {
			upright.Set(x, y, [...]color.NRGBA{red, green, blue, yellow}[x/48+y/32*2])
		}
	}
	for orientation := 1; orientation <= 8; orientation++ {
		file := apptest.Turned(upright, orientation)
		about, err := images.Check(file)
		if err != nil || about.Width != 96 || about.Height != 64 {
			t.Errorf("%d: %d x %d, %v", orientation, about.Width, about.Height, err)
		}
		for _, fit := range []string{"cover", "contain", "fill"} {
			box := images.Box{Width: 40, Height: 60, Fit: fit, Zoom: 1.5, OffX: 0.5, OffY: -0.25}
			want, got := pixels(t, apptest.EncodePNG(upright), box), pixels(t, file, box)
			for y := range 60 {
				for x := range 40 {
					if far(got.NRGBAAt(x, y), want.NRGBAAt(x, y), 6) {
						t.Fatalf("%d, %s: at %d,%d is %v, want %v", orientation, fit, x, y, got.NRGBAAt(x, y), want.NRGBAAt(x, y))
					}
				}
			}
		}
	}
}

// Where a picture fades out, its colour stays: nothing of the black below shows.
func TestAlphaEdge(t *testing.T) {
	m := image.NewNRGBA(image.Rect(0, 0, 300, 300))
	for x := range 150 {
		for y := range 300 {
			m.SetNRGBA(x, y, color.NRGBA{255, 128, 0, 255})
		}
	}
	for _, size := range []int{40, 299, 700} {
		got := pixels(t, apptest.EncodePNG(m), images.Box{Width: size, Height: size, Fit: "fill"})
		between := 0
		for x := range size {
			c := got.NRGBAAt(x, size/2)
			if c.A > 8 && far(color.NRGBA{c.R, c.G, c.B, 255}, color.NRGBA{255, 128, 0, 255}, 16) {
				t.Errorf("%d: at %d is %v", size, x, c)
			}
			if c.A != 0 && c.A != 255 {
				between++
			}
		}
		if size != 40 && between == 0 {
			t.Errorf("%d: the edge is hard", size)
		}
	}
}

// Many pixels to one are averaged as light: half transparent ones as what they
// are, and grey ones brighter than their numbers.
func TestLight(t *testing.T) {
	for _, c := range []struct{ a, b, want color.NRGBA }{
		{color.NRGBA{60, 60, 60, 255}, color.NRGBA{220, 220, 220, 255}, color.NRGBA{164, 164, 164, 255}},
		{color.NRGBA{200, 100, 40, 128}, color.NRGBA{200, 100, 40, 128}, color.NRGBA{200, 100, 40, 128}},
		{color.NRGBA{200, 100, 40, 64}, color.NRGBA{0, 0, 255, 0}, color.NRGBA{200, 100, 40, 32}},
	} {
		m := image.NewNRGBA(image.Rect(0, 0, 90, 90))
		for i := range 90 * 90 {
			m.SetNRGBA(i%90, i/90, []color.NRGBA{c.a, c.b}[(i+i/90)%2])
		}
		got := pixels(t, apptest.EncodePNG(m), images.Box{Width: 9, Height: 9, Fit: "fill"})
		if at := got.NRGBAAt(4, 4); far(at, c.want, 4) {
			t.Errorf("%v and %v become %v, want %v", c.a, c.b, at, c.want)
		}
	}
}

// A box beyond all measure costs no more than the largest picture.
func TestPixelsHaveALimit(t *testing.T) {
	for _, box := range []images.Box{{Width: 400_000, Height: 400_000}, {Width: 400_000, Height: 1}} {
		limited(t, box)
	}
}

func limited(t *testing.T, box images.Box) {
	t.Helper()
	box.Fit = "cover"
	m := drawn(t, apptest.PNG(1, 1), box)
	size := m.Bounds().Size()
	if n := size.X * size.Y; n > images.MaxPixels || n < min(box.Width*box.Height, images.MaxPixels)*99/100 && size.X > 1 && size.Y > 1 {
		t.Errorf("%+v: %v", box, size)
	}
	if got := color.NRGBAModel.Convert(m.At(size.X/2, size.Y/2)); got != (color.NRGBA{0x25, 0x63, 0xeb, 255}) {
		t.Errorf("%+v: %v", box, got)
	}
}

// A profile's colours are the ones that CSS gives the same numbers in display-p3.
func TestProfile(t *testing.T) {
	for in, want := range map[color.NRGBA]color.NRGBA{
		{255, 255, 255, 255}: {255, 255, 255, 255},
		{128, 128, 128, 255}: {128, 128, 128, 255},
		{255, 0, 0, 255}:     {255, 0, 0, 255},
		{200, 120, 80, 255}:  {212, 117, 71, 255},
		{60, 160, 90, 255}:   {0, 162, 84, 255},
	} {
		m := image.NewNRGBA(image.Rect(0, 0, 30, 30))
		for i := range 900 {
			m.SetNRGBA(i%30, i/30, in)
		}
		for _, size := range []int{7, 30, 50} {
			got := pixels(t, apptest.WithProfile(apptest.EncodePNG(m), apptest.DisplayP3()), images.Box{Width: size, Height: size, Fit: "fill"})
			if c := got.NRGBAAt(size/2, size/2); far(c, want, 2) {
				t.Errorf("%v at %d: %v, want %v", in, size, c, want)
			}
		}
	}
}

// A GIF is drawn as its first picture, which may be a part of the whole.
func TestGIF(t *testing.T) {
	m := pixels(t, part(t), images.Box{Width: 20, Height: 20, Fit: "fill"})
	for at, want := range map[image.Point]color.NRGBA{{2, 2}: {}, {12, 12}: red, {19, 19}: {}} {
		if got := m.NRGBAAt(at.X, at.Y); got != want {
			t.Errorf("%v at %v, want %v", got, at, want)
		}
	}
}

func TestPrinted(t *testing.T) {
	box := images.Box{Width: 50, Height: 50, Fit: "cover", Printed: true}
	for want, data := range map[string][]byte{"image/jpeg": apptest.Photo(100, 100), "image/png": apptest.PNG(100, 100)} {
		if got, _, err := images.Pixels(data, box); got != want || err != nil {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	box.Width, box.Fit = 90, "contain"
	if got, _, err := images.Pixels(apptest.Photo(100, 100), box); got != "image/png" || err != nil {
		t.Errorf("with holes: %s, %v", got, err)
	}
}

var (
	red    = color.NRGBA{255, 0, 0, 255}
	green  = color.NRGBA{0, 255, 0, 255}
	blue   = color.NRGBA{0, 0, 255, 255}
	yellow = color.NRGBA{255, 255, 0, 255}
)

func pixels(t *testing.T, data []byte, box images.Box) *image.NRGBA {
	t.Helper()
	m := drawn(t, data, box)
	all := image.NewNRGBA(m.Bounds())
	draw.Draw(all, all.Rect, m, m.Bounds().Min, draw.Src)
	return all
}

func drawn(t *testing.T, data []byte, box images.Box) image.Image {
	t.Helper()
	mediaType, file, err := images.Pixels(data, box)
	if err != nil || mediaType != "image/png" {
		t.Fatalf("%s, %v", mediaType, err)
	}
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func far(a, b color.NRGBA, by int) bool {
	apart := func(x, y uint8) bool { return int(max(x, y)-min(x, y)) > by }
	return apart(a.R, b.R) || apart(a.G, b.G) || apart(a.B, b.B) || apart(a.A, b.A)
}

// header is a PNG of a size, with no pixels.
func header(width, height int) []byte {
	var b bytes.Buffer
	png.Encode(&b, image.NewGray(image.Rect(0, 0, 9, 9)))
	body := []byte{byte(width >> 24), byte(width >> 16), byte(width >> 8), byte(width), byte(height >> 24), byte(height >> 16), byte(height >> 8), byte(height), 8, 0, 0, 0, 0}
	file := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 25)...)
	return append(apptest.Chunk(file, "IHDR", body)[:8], apptest.Chunk(file, "IHDR", body)[33:58]...)
}

// bomb is a few kilobytes that become many megabytes.
func bomb(t *testing.T, width, height int) []byte {
	t.Helper()
	file := apptest.EncodePNG(image.NewGray(image.Rect(0, 0, width, height)))
	if len(file) > 200_000 {
		t.Fatalf("%d bytes are no bomb", len(file))
	}
	return file
}

// part is a GIF of 20 x 20, moving, whose first picture is 10 x 10 in the middle.
func part(t *testing.T) []byte {
	t.Helper()
	frame := func(c color.Color, r image.Rectangle) *image.Paletted {
		m := image.NewPaletted(r, color.Palette{c, color.White})
		return m
	}
	var b bytes.Buffer
	err := gif.EncodeAll(&b, &gif.GIF{
		Image: []*image.Paletted{frame(red, image.Rect(5, 5, 15, 15)), frame(blue, image.Rect(0, 0, 20, 20))}, Delay: []int{1, 1},
		Config: image.Config{Width: 20, Height: 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cmyk is a JPEG of four colours, 8 x 8.
func cmyk(t *testing.T) []byte {
	t.Helper()
	const file = "/9j/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAAUCAAIAAgEAREAAhEAAxEABBEA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAOBAEAAgADAAQAAD8AAAAA/9k="
	data, err := base64.StdEncoding.DecodeString(file)
	if err != nil {
		t.Fatal(err)
	}
	if config, _, err := image.DecodeConfig(bytes.NewReader(data)); err != nil || config.ColorModel != color.CMYKModel {
		t.Fatal(fmt.Errorf("the sample is no CMYK: %w", err))
	}
	return data
}

// animated is the beginning of a WebP that moves.
func animated() []byte {
	return []byte("RIFF\x20\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x02\x00\x00\x00\x0f\x00\x00\x0f\x00\x00ANIM\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00")
}

// scans is a grey JPEG of 16 x 16 that goes over its pixels so many times: once for
// their light, and then saying that nothing is to be added.
func scans(n int) []byte {
	segment := func(b []byte, marker byte, body ...byte) []byte {
		return append(append(b, 0xff, marker, 0, byte(len(body)+2)), body...)
	}
	oneCode := func(table, value byte) []byte { return append(append([]byte{table, 1}, make([]byte, 15)...), value) }
	b := segment([]byte("\xff\xd8"), 0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)
	b = segment(b, 0xc2, 8, 0, 16, 0, 16, 1, 1, 0x11, 0)
	b = segment(b, 0xc4, oneCode(0x00, 0)...)    // no difference in light
	b = segment(b, 0xc4, oneCode(0x10, 0xe0)...) // no detail in as many blocks as the next 14 bits say
	b = append(segment(b, 0xda, 1, 1, 0, 0, 0, 0), 0)
	for range n - 1 {
		b = append(segment(b, 0xda, 1, 1, 0, 1, 63, 0), 0x7f, 0xff, 0)
	}
	return append(b, 0xff, 0xd9)
}

// No bytes make it panic.
func FuzzCheck(f *testing.F) {
	small := image.NewNRGBA(image.Rect(0, 0, 9, 9))
	f.Add(apptest.WithProfile(apptest.EncodePNG(small), apptest.DisplayP3()))
	f.Add(apptest.WithProfile(apptest.Turned(small, 6), apptest.DisplayP3()))
	f.Add(animated())
	f.Fuzz(func(t *testing.T, data []byte) {
		if file, err := images.Check(data); err == nil && file.MediaType != "image/svg+xml" && file.Width*file.Height < 1_000_000 {
			if _, _, err := images.Pixels(data, images.Box{Width: 7, Height: 5, Fit: "cover"}); err != nil {
				t.Errorf("%v, after it was checked", err)
			}
		}
	})
}
