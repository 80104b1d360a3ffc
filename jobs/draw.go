package jobs

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/app/sfnt"
	"majestic/screenshots"
)

// drawer turns a document and its variables into a file.
type drawer struct {
	capturer  Capturer
	coverages *coverages
	renders   *prometheus.HistogramVec
	lane      screenshots.Lane
}

// source is where the pictures and the uploaded fonts of a drawing come from.
type source struct {
	images func(ctx context.Context, pages []app.Page, scale float64, format string) error // puts data: URLs in the place of assets
	fonts  func(ctx context.Context, families []string) ([]typeface, error)
}

func sourceOf(t app.Tenant) source { return source{t.Images().Fill, typefacesOf(t).of} }

// shot is a shot of a design, and the size of what it becomes.
type shot struct {
	screenshots.Shot
	width, height int // in pixels; for a pdf in CSS pixels of its first page
}

// render draws a render and keeps the file, or that of one before which would be
// the same. A fault of the design or the variables is an app.Error with a text for
// the person; any other error is ours and worth another try.
func (d drawer) render(ctx context.Context, tenant app.Tenant, doc app.Document, r app.Render, from source) error {
	began := time.Now()
	picture, err := d.obtain(ctx, tenant, doc, r, from)
	outcome := outcomeOf(ctx, err)
	if err == nil && picture == nil {
		outcome = "cached"
	}
	if !r.Thumbnail { // nobody waits for it
		d.renders.WithLabelValues(r.Format, outcome).Observe(time.Since(began).Seconds())
	}
	if err != nil || picture == nil {
		return err
	}
	return tenant.FinishRender(ctx, r, *picture)
}

// obtain is a picture that is new; nil when the render has that of another now.
func (d drawer) obtain(ctx context.Context, tenant app.Tenant, doc app.Document, r app.Render, from source) (*app.Picture, error) {
	s, err := d.shot(ctx, doc, r, from)
	if err != nil {
		return nil, err
	}
	s.For = tenant.ID()
	reused, err := tenant.ReuseRender(ctx, r, s.Key(d.capturer.Fingerprint()))
	if reused || err != nil {
		return nil, err
	}
	picture, err := d.capture(ctx, s)
	return &picture, err
}

// draw draws a render and keeps nothing.
func (d drawer) draw(ctx context.Context, doc app.Document, r app.Render, from source) (p app.Picture, err error) {
	s, err := d.shot(ctx, doc, r, from)
	if err != nil {
		return p, err
	}
	return d.capture(ctx, s)
}

// shot resolves the document and draws the pages that are asked for.
func (d drawer) shot(ctx context.Context, doc app.Document, r app.Render, from source) (s shot, err error) {
	resolved, err := doc.Resolve(r.Variables)
	if err != nil {
		return s, err
	}
	pages, err := r.Output.Drawn(resolved)
	if err != nil {
		return s, err
	}
	faces, err := d.faces(ctx, app.Document{Pages: pages}, from)
	if err != nil {
		return s, err
	}
	if err := from.images(ctx, pages, r.Scale, r.Format); err != nil {
		return s, fmt.Errorf("draw: %w", err)
	}
	html, err := canvas.HTML(ctx, pages, func(asset string) string { return asset }, faces)
	if err != nil {
		return s, fmt.Errorf("draw: %w", err)
	}
	s.width, s.height = pages[0].Size(r.Scale)
	if r.Format == "pdf" {
		s.width, s.height = pages[0].Size(1)
	}
	s.Shot = screenshots.Shot{
		HTML: html, Width: pages[0].Width, Height: pages[0].Height, Scale: r.Scale, Format: screenshots.Format(r.Format),
		Quality: r.Quality, Transparent: r.Transparent, Optimize: r.Optimize,
		Lane: d.lane,
	}
	return s, nil
}

func (d drawer) capture(ctx context.Context, s shot) (app.Picture, error) {
	taken, err := d.capturer.Capture(ctx, s.Shot)
	by := app.Fingerprint{Chromium: taken.By.Chromium, Libraries: taken.By.Libraries, Fonts: taken.By.Fonts, Flags: taken.By.Flags}
	return app.Picture{File: taken.Data, Width: s.width, Height: s.height, By: by, Key: s.Key(taken.By)}, err
}

// faces are the uploaded fonts that a resolved document needs, when it has all
// its fonts and these have all its characters.
func (d drawer) faces(ctx context.Context, doc app.Document, from source) (css string, err error) {
	uploaded, err := from.fonts(ctx, doc.Fonts())
	if err != nil {
		return "", err
	}
	var families []string
	var fonts []app.Font
	urls := map[string]string{}
	for _, f := range uploaded {
		families, fonts, urls[f.ID] = append(families, f.Family), append(fonts, f.Font), f.url
	}
	if err := doc.CheckFonts("", families); err != nil {
		return "", err
	}
	err = doc.CheckCharacters(func(e app.Element) ([]sfnt.Coverage, error) { return d.coverages.stack(e, uploaded) })
	return canvas.UploadedFaces(fonts, func(f app.Font) string { return urls[f.ID] }), err
}

func dataURL(mediaType string, data []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}
