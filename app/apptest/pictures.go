package apptest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
)

// Photo is a JPEG with slow changes and noise, the same each time.
func Photo(width, height int) []byte { return JPEG(PhotoPixels(width, height)) }

// PhotoPixels are those of Photo.
func PhotoPixels(width, height int) *image.RGBA {
	random := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			n := uint8(random.UintN(24))
			m.SetRGBA(x, y, color.RGBA{uint8(x*200/width) + n, uint8(y*200/height) + n, 100 + n, 255})
		}
	}
	return m
}

// JPEG writes a picture in the best quality.
func JPEG(m image.Image) []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 100}); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}

// EncodePNG writes a picture as it is.
func EncodePNG(m image.Image) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		panic(err) // a buffer takes all
	}
	return b.Bytes()
}

// Turned stores a picture as a camera does that is held otherwise, with the
// orientation of Exif, 1 to 8, that puts it upright again.
func Turned(m image.Image, orientation int) []byte {
	size := m.Bounds().Size()
	right, bottom := size.X-1, size.Y-1
	stored := image.NewRGBA(m.Bounds())
	if orientation >= 5 {
		stored = image.NewRGBA(image.Rect(0, 0, size.Y, size.X))
	}
	for y := range size.Y {
		for x := range size.X {
			// Row 0 and column 0 of what is stored are, for 1 to 8: top left, top right,
			// bottom right, bottom left, left top, right top, right bottom, left bottom.
			to := [...]image.Point{{}, {x, y}, {right - x, y}, {right - x, bottom - y}, {x, bottom - y},
				{y, x}, {y, right - x}, {bottom - y, right - x}, {bottom - y, x}}[orientation]
			stored.Set(to.X, to.Y, m.At(x, y))
		}
	}
	exif := []byte("Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	exif[6+8+2+9] = byte(orientation)
	return segment(JPEG(stored), 0xe1, exif)
}

// WithProfile puts a colour profile into a PNG or JPEG.
func WithProfile(file, icc []byte) []byte {
	if file[0] == 0xff {
		return segment(file, 0xe2, append([]byte("ICC_PROFILE\x00\x01\x01"), icc...))
	}
	var packed bytes.Buffer
	packed.WriteString("profile\x00\x00")
	w := zlib.NewWriter(&packed)
	w.Write(icc)
	w.Close()
	return Chunk(file, "iCCP", packed.Bytes())
}

// Chunk puts a chunk behind the header of a PNG.
func Chunk(file []byte, name string, body []byte) []byte {
	const header = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	chunk = append(append(chunk, name...), body...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(bytes.Clone(file[:header]), chunk...), file[header:]...)
}

// DisplayP3 is the profile of phones and of wide screens.
func DisplayP3() []byte {
	curve := binary.BigEndian.AppendUint16([]byte("para\x00\x00\x00\x00"), 3)
	curve = fixed(append(curve, 0, 0), 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	return Profile("RGB ", map[string][]byte{
		"rXYZ": Fixed("XYZ ", 0.51512, 0.24120, -0.00105),
		"gXYZ": Fixed("XYZ ", 0.29198, 0.69225, 0.04189),
		"bXYZ": Fixed("XYZ ", 0.15710, 0.06657, 0.78407),
		"rTRC": curve, "gTRC": curve, "bTRC": curve,
	})
}

// Profile is a colour profile of a screen (ICC.1, version 4).
func Profile(space string, tags map[string][]byte) []byte {
	p := make([]byte, 128)
	copy(p[8:], "\x04\x00\x00\x00mntr"+space+"XYZ ")
	copy(p[36:], "acsp")
	copy(p[68:], fixed(nil, 0.9642, 1, 0.8249))
	tags["wtpt"] = Fixed("XYZ ", 0.9642, 1, 0.8249)
	p = binary.BigEndian.AppendUint32(p, uint32(len(tags)))
	var bodies []byte
	for name, body := range tags {
		p = append(p, name...)
		p = binary.BigEndian.AppendUint32(p, uint32(132+12*len(tags)+len(bodies)))
		p = binary.BigEndian.AppendUint32(p, uint32(len(body)))
		bodies = append(bodies, body...)
		bodies = append(bodies, make([]byte, -len(bodies)&3)...)
	}
	p = append(p, bodies...)
	binary.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}

// Fixed is a tag of a profile that holds numbers.
func Fixed(kind string, values ...float64) []byte {
	return fixed([]byte(kind+"\x00\x00\x00\x00"), values...)
}

func fixed(to []byte, values ...float64) []byte {
	for _, v := range values {
		to = binary.BigEndian.AppendUint32(to, uint32(int32(v*65536)))
	}
	return to
}

func segment(file []byte, marker byte, body []byte) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return append(append(append(bytes.Clone(file[:2]), head...), body...), file[2:]...)
}
