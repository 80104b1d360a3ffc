package app

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"strings"
	"testing"
)

// counted is another server, and how often it was asked.
type counted struct {
	picture []byte
	asked   int
}

func (c *counted) Fetch(context.Context, string, string) (Fetched, error) {
	c.asked++
	return Fetched{Data: c.picture}, nil
}

// An image is fetched once as long as it is held, and again when others took its room.
func TestBorrowImages(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	server := &counted{picture: picture.Bytes()}
	m := BorrowImages(server)
	b := m.shelf.(*borrowed)
	for range 2 {
		if _, err := b.find(t.Context(), "https://example.com/a.png"); err != nil {
			t.Fatal(err)
		}
	}
	if server.asked != 1 {
		t.Errorf("asked %d times", server.asked)
	}
	fill := func(width float64) {
		t.Helper()
		e := newElement(Image)
		e.ID, e.Asset, e.Width, e.Height = "photo", "https://example.com/a.png", width, 10
		page := Page{Elements: []Element{e}}
		if err := m.Fill(t.Context(), []Page{page}, 1, "png"); err != nil || !strings.HasPrefix(page.Elements[0].Asset, "data:image/") {
			t.Errorf("filled with %.40q, %v", page.Elements[0].Asset, err)
		}
	}
	fill(10)
	for i := range 7 {
		b.hold(held{source{key: fmt.Sprint(i)}, make([]byte, maxBorrowedBytes/7)})
	}
	if b.bytes > maxBorrowedBytes || len(b.held) != 7 || len(b.order) != 7 {
		t.Errorf("%d bytes of %d images are held, %d in order", b.bytes, len(b.held), len(b.order))
	}
	if fill(10); server.asked != 1 {
		t.Errorf("asked %d times for pixels that are there", server.asked)
	}
	if fill(20); server.asked != 2 {
		t.Errorf("asked %d times", server.asked)
	}
}
