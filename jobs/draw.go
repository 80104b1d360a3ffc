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

// picture is a file that was drawn, and its size: in pixels, for a pdf in CSS pixels of its first page.
type picture struct {
	file          []byte
	width, height int
}

// draw resolves the document, draws the page that is asked for (all, for a pdf)
// and has it captured. A fault of the design or the variables is an app.Error
// with a text for the person; any other error is ours and worth another try.
func (d drawer) draw(ctx context.Context, doc app.Document, r app.Render, from source) (p picture, err error) {
	began := time.Now()
	defer func() {
		d.renders.WithLabelValues(r.Format, outcomeOf(ctx, err)).Observe(time.Since(began).Seconds())
	}()
	resolved, err := doc.Resolve(r.Variables)
	if err != nil {
		return p, err
	}
	pages := resolved.Pages
	if r.Format != "pdf" {
		pages = pages[r.Page-1 : r.Page]
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
	taken, err := d.capturer.Capture(ctx, screenshots.Shot{
		HTML: html, Width: pages[0].Width, Height: pages[0].Height, Scale: r.Scale, Format: screenshots.Format(r.Format),
	})
	p.file = taken.Data
	return p, err
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
