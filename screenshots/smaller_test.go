package screenshots

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func TestSmaller(t *testing.T) {
	for name, test := range map[string]struct {
		colors      int
		alpha       bool
		wantPalette bool
	}{
		"opaque":          {256, false, true},
		"one too many":    {257, false, false},
		"with alpha":      {255, true, true},
		"alpha, too many": {300, true, false},
	} {
		picture := image.NewNRGBA(image.Rect(0, 0, 300, 40))
		for i := range 300 * 40 {
			n := i % test.colors
			c := color.NRGBA{uint8(n), uint8(n >> 8), 7, 255}
			if test.alpha {
				c.A = uint8(i % test.colors % 3 * 100) // a colour of its own also where nothing shows it
			}
			picture.SetNRGBA(i%300, i/300, c)
		}
		var fast bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&fast, picture); err != nil {
			t.Fatal(err)
		}
		data, err := smaller(fast.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		small, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if _, palette := small.(*image.Paletted); palette != test.wantPalette || len(data) > fast.Len() {
			t.Errorf("%s: %T in %d bytes of %d", name, small, len(data), fast.Len())
		}
		for i := range 300 * 40 {
			if got, want := color.NRGBAModel.Convert(small.At(i%300, i/300)), picture.NRGBAAt(i%300, i/300); got != want {
				t.Fatalf("%s: pixel %d is %v, not %v", name, i, got, want)
			}
		}
	}
	if _, err := smaller([]byte("no picture")); err == nil {
		t.Error("what is no picture is no error")
	}
	// A palette costs more than it saves here.
	tiny := apart(t)
	if data, err := smaller(tiny); err != nil || !bytes.Equal(data, tiny) {
		t.Errorf("%d bytes became %d, %v", len(tiny), len(data), err)
	}
}

// apart is a picture in which no two pixels are alike.
func apart(t *testing.T) []byte {
	t.Helper()
	picture := image.NewNRGBA(image.Rect(0, 0, 12, 12))
	for i := range 144 {
		picture.SetNRGBA(i%12, i/12, color.NRGBA{uint8(i), 0, 0, 255})
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
