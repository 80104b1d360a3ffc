package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"majestic/app"
	"majestic/screenshots"
)

// Renderer says where Chrome is and what it shares with other processes.
type Renderer struct {
	Chromium string // the executable; "" looks in the usual places
	Runtime  string // the folder of a frozen runtime; "" is the system's
	Dir      string // scratch
	Slots    string // the folder of the render slots; "" for none
	Fit      string // the function that fits the texts of a page
	Log      *slog.Logger
}

// StartRenderer starts Chrome with the fonts of the house, and draws a page: one
// that cannot is not ready.
func StartRenderer(ctx context.Context, r Renderer) (*screenshots.Pool, error) {
	pool, err := screenshots.Start(ctx, screenshots.Options{
		Chromium: r.Chromium, Runtime: r.Runtime, Dir: r.Dir, Slots: r.Slots, Fonts: Fonts(), Prepare: r.Fit, Log: r.Log,
	})
	if err != nil {
		return nil, err
	}
	_, err = pool.Capture(ctx, screenshots.Shot{HTML: "<!doctype html><p>warm</p>", Width: 64, Height: 64, Scale: 1, Format: screenshots.PNG})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the first page cannot be drawn: %w", err), pool.Close())
	}
	return pool, nil
}

// Ready fails while the renderer cannot draw.
func Ready(pool *screenshots.Pool) error {
	if err := pool.Ready(); err != nil {
		return &app.Error{Kind: app.Unavailable, Message: "Chrome does not start", Err: err}
	}
	return nil
}

// Fonts are the files of the families that every installation has.
func Fonts() (all []screenshots.Font) {
	for _, family := range app.Families() {
		for _, face := range family.Faces {
			font := screenshots.Font{File: face.File}
			if filepath.Ext(face.File) != ".ttc" { // a collection keeps its fonts apart by their own names
				font.Family, font.Weight, font.Italic = family.Name, face.Weight, face.Italic
			}
			all = append(all, font)
		}
	}
	return all
}
