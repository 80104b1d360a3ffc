package jobs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"majestic/app"
	"majestic/app/canvas"
	"majestic/screenshots"
)

// drawer turns a document and its variables into a file.
type drawer struct {
	capturer Capturer
	renders  *prometheus.HistogramVec
}

// picture is a file that was drawn, and its size: in pixels, for a pdf in CSS pixels of its first page.
type picture struct {
	file          []byte
	width, height int
}

// draw resolves the document, draws the page that is asked for (all, for a pdf)
// and has it captured. A fault of the design or the variables is an app.Error
// with a text for the person; any other error is ours and worth another try.
func (d drawer) draw(ctx context.Context, doc app.Document, r app.Render, image func(id string) (string, error)) (p picture, err error) {
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
	var missing error
	html, err := canvas.HTML(ctx, pages, func(id string) string {
		url, err := image(id)
		missing = errors.Join(missing, err)
		return url
	})
	if err := errors.Join(err, missing); err != nil {
		return p, fmt.Errorf("draw: %w", err)
	}
	p.width, p.height = pages[0].Size(r.Scale)
	if r.Format == "pdf" {
		p.width, p.height = pages[0].Size(1)
	}
	p.file, err = d.capturer.Capture(ctx, screenshots.Shot{
		HTML: html, Width: pages[0].Width, Height: pages[0].Height, Scale: r.Scale, Format: screenshots.Format(r.Format),
	})
	return p, err
}

// pictures loads the images of one job, each once, as data: URLs: the page
// fetches nothing.
type pictures struct {
	tenant app.Tenant

	mu   sync.Mutex
	urls map[string]string
}

func picturesOf(t app.Tenant) *pictures { return &pictures{tenant: t, urls: map[string]string{}} }

func (p *pictures) url(ctx context.Context, id string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if url, ok := p.urls[id]; ok {
		return url, nil
	}
	asset, file, err := p.tenant.OpenAsset(ctx, id)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return "", fmt.Errorf("read asset %s: %w", id, err)
	}
	p.urls[id] = dataURL(asset.MediaType, data)
	return p.urls[id], nil
}

func dataURL(mediaType string, data []byte) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(data)
}
