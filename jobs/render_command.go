package jobs

import (
	"context"
	"crypto/rand"
	"encoding/json"
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
	Data        *os.File          `help:"A table in CSV: a picture for each row, with its columns as variables; - is standard input." placeholder:"FILE"`
	Var         map[string]string `help:"A variable's value; once for each. A column of that name counts more." placeholder:"NAME=VALUE" mapsep:"none"`
	Output      string            `short:"o" help:"Where the picture goes; - is standard output. Without it: the document's name. With --data a pattern such as out/{name}.png, with columns in braces, or {row} for the row's number; without it a folder of the document's name." placeholder:"FILE"`
	Format      string            `help:"png, jpeg, webp or pdf; without it what the output's name says." enum:",png,jpeg,webp,pdf" default:"" placeholder:"FORMAT"`
	Scale       float64           `help:"Device pixels a CSS pixel, 0.1 to 4." default:"1"`
	Page        int               `help:"Which page of several, for an image; without it the first."`
	Pages       string            `help:"Which pages, for a pdf, as in 1-3,5; without it all."`
	Quality     int               `help:"Of a jpeg or webp, 1 to 100; without it 80."`
	Transparent bool              `help:"Nothing where a page has no background, for png and webp."`
	Optimize    bool              `help:"A smaller png, which takes longer."`
	JSON        bool              `name:"json" help:"One JSON object a line for each file, when it is there, and for each row that failed."`
}

// Launch starts a renderer, for one command.
type Launch func(context.Context) (capturer Capturer, close func() error, err error)

// Validate is kong's.
func (c *RenderCommand) Validate() error {
	switch {
	case c.Output == "-" && c.Data != nil:
		return errors.New("-o - is for one picture: with --data name the files, as in -o 'out/{name}.png'")
	case c.Output == "-" && c.JSON:
		return errors.New("with -o - the picture is on standard output, and --json would be: name a file")
	}
	return nil
}

// Run draws the file.
func (c *RenderCommand) Run(ctx context.Context, launch Launch, remote app.Remote, watch Watch, out io.Writer) (err error) {
	defer func() {
		if errors.Is(err, context.Canceled) {
			err = app.Errorf(app.Unavailable, "it was stopped before anything was drawn")
		}
	}()
	doc, output, err := c.read()
	if err != nil {
		return err
	}
	// Before Chrome is started for nothing.
	var rows *series
	if c.Data != nil {
		rows, err = c.series(ctx, doc, output)
	} else {
		err = fits(doc, c.Var)
	}
	if err != nil {
		return err
	}
	if rows != nil {
		fmt.Fprintln(watch, rows)
	}
	capturer, close, err := launch(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, close()) }()
	d := drawer{capturer: capturer, coverages: &coverages{fonts: capturer}}
	from := source{app.BorrowImages(remote).Fill, noFonts}
	if rows != nil {
		return rows.draw(ctx, d, from, &progress{watch: watch, rows: c.json(out)})
	}
	return c.draw(ctx, d, doc, output, from, out)
}

// read reads the design, and holds to it what is asked.
func (c *RenderCommand) read() (doc app.Document, o app.Output, err error) {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return doc, o, app.Errorf(app.Malformed, "the design cannot be read: %v", err)
	}
	if doc, err = app.ParseDocument(data); err != nil {
		return doc, o, err
	}
	format, err := c.format()
	if err != nil {
		return doc, o, err
	}
	o, err = doc.Output(app.Output{Format: format, Scale: c.Scale, Page: c.Page, Pages: c.Pages, Quality: c.Quality, Transparent: c.Transparent, Optimize: c.Optimize})
	if err != nil {
		return doc, o, err
	}
	return doc, o, doc.CheckFonts("", nil)
}

// fits tells whether variables make a design that can be drawn without a workspace.
func fits(doc app.Document, variables map[string]string) error {
	resolved, err := doc.Resolve(variables)
	if err != nil {
		return err
	}
	for _, asset := range resolved.Assets() {
		if !app.IsAddress(asset) {
			return app.Errorf(app.Invalid, "the asset %q lives in a workspace; render this design there, through the API, or show an image by its https address", asset)
		}
	}
	return nil
}

// draw draws one picture.
func (c *RenderCommand) draw(ctx context.Context, d drawer, doc app.Document, o app.Output, from source, out io.Writer) error {
	p, err := d.draw(ctx, doc, app.Render{Variables: c.Var, Output: o}, from)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if reason, theirs := fault(err); theirs {
		return app.Errorf(app.Invalid, "%s", reason)
	}
	if err != nil {
		return err
	}
	if c.Output == "-" {
		_, err := out.Write(p.File)
		return err
	}
	name := c.Output
	if name == "" {
		name = c.name() + "." + o.Format
	}
	if err := put(name, p.File); err != nil {
		return err
	}
	if c.JSON {
		return c.json(out).Encode(written(name, p))
	}
	_, err = fmt.Fprintf(out, "%s: %d x %d, %d bytes\n", name, p.Width, p.Height, len(p.File))
	return err
}

// json is for programs, nil when none reads.
func (c *RenderCommand) json(out io.Writer) *json.Encoder {
	if !c.JSON {
		return nil
	}
	return json.NewEncoder(out)
}

// format is what the flag says, or the output's name, or png.
func (c *RenderCommand) format() (string, error) {
	switch ext := strings.ToLower(strings.TrimPrefix(ending(c.Output), ".")); {
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

// name is the document's, without its ending.
func (c *RenderCommand) name() string {
	return strings.TrimSuffix(filepath.Base(c.File), filepath.Ext(c.File))
}

// ending is that of a file or a pattern; the names of columns may hold dots, too.
func ending(name string) string {
	if ext := filepath.Ext(name); !strings.ContainsAny(ext, "{}") {
		return ext
	}
	return ""
}

// put writes a picture beside its place and moves it there: what is found there is
// whole. What is no file, such as a pipe, stays what it is.
func put(name string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = &app.Error{Kind: app.Unavailable, Message: "the picture " + name + " cannot be written", Err: err}
		}
	}()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o644)
	}
	temp := filepath.Join(filepath.Dir(name), ".app-"+rand.Text())
	defer os.Remove(temp)
	if err := os.WriteFile(temp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(temp, name)
}

// noFonts has none: those that are uploaded live in a workspace.
func noFonts(context.Context, []string) ([]typeface, error) { return nil, nil }
