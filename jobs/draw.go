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
}

// source is where the pictures and the uploaded fonts of a drawing come from.
type source struct {
	images func(ctx context.Context, pages []app.Page, scale float64, format string) error // puts data: URLs in the place of assets
	fonts  func(ctx context.Context, families []string) ([]typeface, error)
}

func sourceOf(t app.Tenant) source { return source{t.Images().Fill, typefacesOf(t).of} }

// drawing is a shot of a design, and the size of what it becomes.
type drawing struct {
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
	d.renders.WithLabelValues(r.Format, outcome).Observe(time.Since(began).Seconds())
	if err != nil || picture == nil {
		return err
	}
	return tenant.FinishRender(ctx, r, *picture)
}

// obtain is a picture that is new; nil when the render has that of another now.
func (d drawer) obtain(ctx context.Context, tenant app.Tenant, doc app.Document, r app.Render, from source) (*app.Picture, error) {
	plan, err := d.plan(ctx, doc, r, from)
	if err != nil {
		return nil, err
	}
	reused, err := tenant.ReuseRender(ctx, r, plan.Key(d.capturer.Fingerprint()))
	if reused || err != nil {
		return nil, err
	}
	picture, err := d.capture(ctx, plan)
	return &picture, err
}

// plan resolves the document and draws the pages that are asked for.
func (d drawer) plan(ctx context.Context, doc app.Document, r app.Render, from source) (p drawing, err error) {
	resolved, err := doc.Resolve(r.Variables)
	if err != nil {
		return p, err
	}
	pages, err := r.Output.Drawn(resolved)
	if err != nil {
		return p, err
	}
	faces, err := d.faces(ctx, app.Document{Pages: pages}, from)
	if err != nil {
		return p, err
	}
	if err := from.images(ctx, pages, r.Scale, r.Format); err != nil {
		return p, fmt.Errorf("draw: %w", err)
	}
	html, err := canvas.HTML(ctx, pages, func(asset string) string { return asset }, faces)
	if err != nil {
		return p, fmt.Errorf("draw: %w", err)
	}
	p.width, p.height = pages[0].Size(r.Scale)
	if r.Format == "pdf" {
		p.width, p.height = pages[0].Size(1)
	}
	p.Shot = screenshots.Shot{
		HTML: html, Width: pages[0].Width, Height: pages[0].Height, Scale: r.Scale, Format: screenshots.Format(r.Format),
		Quality: r.Quality, Transparent: r.Transparent, Optimize: r.Optimize,
	}
	return p, nil
}

func (d drawer) capture(ctx context.Context, plan drawing) (app.Picture, error) {
	taken, err := d.capturer.Capture(ctx, plan.Shot)
	return app.Picture{
		File: taken.Data, Width: plan.width, Height: plan.height, Key: plan.Key(taken.By),
		By: app.Fingerprint{Chromium: taken.By.Chromium, Fonts: taken.By.Fonts, Flags: taken.By.Flags},
	}, err
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
