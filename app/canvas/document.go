// Package canvas draws a design: the editor, the gallery and the screenshot all
// show what its one component, Page, writes.
package canvas

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"

	"majestic/app"
)

// HTML is the whole document that the browser turns into a picture of its first
// page, or into a PDF with a sheet for each. What it may load is the browser's
// policy; it asks for nothing but what images returns. Faces are the tenant's fonts
// (UploadedFaces), with everything in them.
func HTML(ctx context.Context, pages []app.Page, images Images, faces string) (string, error) {
	var b strings.Builder
	if err := document(pages, images, faces).Render(ctx, &b); err != nil {
		return "", fmt.Errorf("draw the design: %w", err)
	}
	return b.String(), nil
}

//go:embed placeholder.svg
var placeholder []byte

// source is what an image shows: where images has it, or ours where there is none yet.
func source(e app.Element, images Images) string {
	if e.Asset == app.NoImage {
		return "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(placeholder)
	}
	return images(e.Asset)
}

func sheets(pages []app.Page) string {
	var b strings.Builder
	b.WriteString("html,body{margin:0;padding:0;background:transparent}section{display:block}section+section{break-before:page}")
	for i, page := range pages {
		fmt.Fprintf(&b, "@page %s{size:%dpx %dpx;margin:0}.%s{page:%[1]s}", sheet(i), page.Width, page.Height, sheet(i))
	}
	return b.String()
}

func sheet(i int) string { return fmt.Sprintf("sheet%d", i+1) }
