package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"

	"majestic/app/images"
)

// maxPageImages bounds the images of a shot, as they go to the browser.
const maxPageImages = 128 << 20

// printScale makes 288 pixels an inch on paper.
const printScale = 3

// Images are the images of one job. What is where is asked once.
type Images struct {
	owner    string // whose the pixels are that the darkroom keeps
	shelf    shelf
	darkroom *darkroom

	mu    sync.Mutex
	known map[string]source
}

// shelf is where the images of a job lie, each under a key.
type shelf interface {
	find(ctx context.Context, asset string) (source, error)
	read(ctx context.Context, key string) ([]byte, error)
}

// source is an image that is on a shelf: uploaded, or fetched from its address.
type source struct{ key, mediaType, sha256 string }

// Images looks images up for one job.
func (t Tenant) Images() *Images {
	return &Images{owner: t.ID(), shelf: t, darkroom: t.app.images, known: map[string]source{}}
}

// Fill replaces the assets of resolved pages by data: URLs that hold exactly the
// pixels of their boxes: the browser neither fetches nor scales, which it does not
// do alike each time. An SVG is handed over as it is.
func (m *Images) Fill(ctx context.Context, pages []Page, scale float64, format string) error {
	total := 0
	for _, page := range pages {
		for i := range page.Elements {
			e := &page.Elements[i]
			if e.Type != Image || e.Hidden || e.Asset == NoImage {
				continue
			}
			box := e.box(scale)
			if format == "pdf" {
				box = e.box(printScale)
				box.Printed = true
			}
			if err := m.fill(ctx, e, box); err != nil {
				return ofElement(e.ID, err)
			}
			if total += len(e.Asset); total > maxPageImages {
				return Errorf(Invalid, "element %s: it and the images before it have together more than %d MiB of pixels; make them smaller, or the scale", quote(e.ID), maxPageImages>>20)
			}
		}
	}
	return nil
}

func (m *Images) fill(ctx context.Context, e *Element, box images.Box) error {
	asset := e.Asset
	from, err := m.find(ctx, asset)
	if err != nil {
		return err
	}
	url, err := m.url(ctx, from, box)
	if KindOf(err) == NotFound { // fetched anew since it was found
		m.forget(asset)
		if from, err = m.find(ctx, asset); err == nil {
			url, err = m.url(ctx, from, box)
		}
	}
	if err != nil {
		return err
	}
	e.Asset = url
	if from.mediaType != svg {
		e.ObjectFit, e.Zoom, e.FocusX, e.FocusY = "fill", 1, 0.5, 0.5
	}
	return nil
}

const svg = "image/svg+xml"

func (m *Images) url(ctx context.Context, from source, box images.Box) (string, error) {
	if from.mediaType == svg {
		box = images.Box{}
	}
	key := fmt.Sprint(m.owner, from.sha256, box)
	return m.darkroom.url(ctx, key, func(ctx context.Context) (string, []byte, error) {
		data, err := m.shelf.read(ctx, from.key)
		if err != nil || from.mediaType == svg {
			return svg, data, err
		}
		mediaType, pixels, err := m.darkroom.fit(ctx, data, box)
		if err != nil {
			err = Errorf(Invalid, "the image %v", err)
		}
		return mediaType, pixels, err
	})
}

func (m *Images) find(ctx context.Context, asset string) (from source, err error) {
	m.mu.Lock()
	from, ok := m.known[asset]
	m.mu.Unlock()
	if ok {
		return from, nil
	}
	if from, err = m.shelf.find(ctx, asset); err != nil {
		return from, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[asset] = from
	return from, nil
}

func (m *Images) forget(asset string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.known, asset)
}

func (t Tenant) find(ctx context.Context, asset string) (source, error) {
	if IsAddress(asset) {
		return t.fetch(ctx, asset)
	}
	a, err := t.Asset(ctx, asset)
	return source{t.assetKey(a.ID), a.MediaType, a.SHA256}, err
}

func (t Tenant) read(ctx context.Context, key string) ([]byte, error) {
	f, err := t.app.objects.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read image: %w", err)
	}
	return data, nil
}

// box is where the browser draws an element, in pixels of the device: it puts
// edges on whole CSS pixels first, but for what is turned.
func (e Element) box(scale float64) images.Box {
	length := func(from, size float64) int {
		if e.Rotation == 0 {
			size = math.Round(from+size) - math.Round(from)
		}
		return max(1, int(math.Round(size*scale)))
	}
	return images.Box{
		Width: length(e.X, e.Width), Height: length(e.Y, e.Height), Fit: e.ObjectFit,
		Zoom: e.Zoom, OffX: e.FocusX - 0.5, OffY: e.FocusY - 0.5,
	}
}

// ofElement says whose image it is.
func ofElement(id string, err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Kind != Invalid && e.Kind != NotFound {
		return fmt.Errorf("element %s: %w", quote(id), err)
	}
	named := *e
	named.Message = "element " + quote(id) + ": " + e.Message
	return &named
}
