package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"majestic/app"
)

// RenderCommand is the verb: app render. It draws a design from a file, without a database.
type RenderCommand struct {
	File        string            `arg:"" help:"The design document." placeholder:"FILE"`
	Var         map[string]string `help:"A variable's value; once for each." placeholder:"NAME=VALUE" mapsep:"none"`
	Output      string            `short:"o" help:"Where the picture goes; - is standard output. Without it: the document's name." placeholder:"FILE"`
	Format      string            `help:"png, jpeg, webp or pdf; without it what the output's name says." enum:",png,jpeg,webp,pdf" default:"" placeholder:"FORMAT"`
	Scale       float64           `help:"Device pixels a CSS pixel, 0.1 to 4." default:"1"`
	Page        int               `help:"Which page of several, for an image; without it the first."`
	Pages       string            `help:"Which pages, for a pdf, as in 1-3,5; without it all."`
	Quality     int               `help:"Of a jpeg or webp, 1 to 100; without it 80."`
	Transparent bool              `help:"Nothing where a page has no background, for png and webp."`
	Optimize    bool              `help:"A smaller png, which takes longer."`
}

// Launch starts a renderer, for one command.
type Launch func(context.Context) (capturer Capturer, close func() error, err error)

// Run draws the file.
func (c *RenderCommand) Run(ctx context.Context, launch Launch, out io.Writer) (err error) {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return app.Errorf(app.Malformed, "the design cannot be read: %v", err)
	}
	doc, err := app.ParseDocument(data)
	if err != nil {
		return err
	}
	format, err := c.format()
	if err != nil {
		return err
	}
	r := app.Render{Variables: c.Var}
	r.Output, err = doc.Output(app.Output{Format: format, Scale: c.Scale, Page: c.Page, Pages: c.Pages, Quality: c.Quality, Transparent: c.Transparent, Optimize: c.Optimize})
	if err != nil {
		return err
	}
	// Before Chrome is started for nothing.
	if _, err := doc.Resolve(r.Variables); err != nil {
		return err
	}
	if err := doc.CheckFonts("", nil); err != nil {
		return err
	}
	capturer, close, err := launch(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	p, err := drawer{capturer: capturer, coverages: &coverages{}}.draw(ctx, doc, r, source{noImages, noFonts})
	if reason, theirs := fault(err); theirs {
		return app.Errorf(app.Invalid, "%s", reason)
	}
	if err != nil {
		return err
	}
	return c.write(p, r.Format, out)
}

// format is what the flag says, or the output's name, or png.
func (c *RenderCommand) format() (string, error) {
	switch ext := strings.ToLower(strings.TrimPrefix(filepath.Ext(c.Output), ".")); {
	case c.Format != "":
		return c.Format, nil
	case ext == "":
		return "png", nil
	case ext == "jpg":
		return "jpeg", nil
	case slices.Contains(app.Formats(), ext):
		return ext, nil
	default:
		return "", app.Errorf(app.Invalid, "the output's name ends in .%s, which is no format; let it end in .png, .jpg, .webp or .pdf, or say which with --format", ext)
	}
}

func (c *RenderCommand) write(p app.Picture, format string, out io.Writer) error {
	name := c.Output
	if name == "-" {
		_, err := out.Write(p.File)
		return err
	}
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File)) + "." + format
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return app.Errorf(app.Invalid, "the picture cannot be written: %v", err)
	}
	if err := os.WriteFile(name, p.File, 0o644); err != nil {
		return app.Errorf(app.Invalid, "the picture cannot be written: %v", err)
	}
	fmt.Fprintf(out, "%s: %d x %d, %d bytes\n", name, p.Width, p.Height, len(p.File))
	return nil
}

// noImages refuses assets: they live in a tenant's workspace, and there is none here.
func noImages(_ context.Context, pages []app.Page, _ float64, _ string) error {
	for _, asset := range (app.Document{Pages: pages}).Assets() {
		return app.Errorf(app.Invalid, "the asset %q lives in a workspace; render this design there, through the API", asset)
	}
	return nil
}

// noFonts has none: uploaded fonts, too, live in a workspace.
func noFonts(context.Context, []string) ([]typeface, error) { return nil, nil }
