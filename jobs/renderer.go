package jobs

import (
	"context"
	"log/slog"

	"majestic/app"
	"majestic/screenshots"
)

// StartRenderer starts Chrome with what our designs need: the fonts of the house
// and fit, the function that fits their texts.
func StartRenderer(ctx context.Context, chromium, dir, fit string, log *slog.Logger) (*screenshots.Pool, error) {
	return screenshots.Start(ctx, screenshots.Options{
		Chromium: chromium, Dir: dir, Fonts: fonts(), Prepare: fit, Log: log,
	})
}

func fonts() (all []screenshots.Font) {
	for _, font := range app.Fonts() {
		name := ""
		if len(font.Faces) == 1 {
			name = font.Family // whatever the one file calls itself
		}
		for _, face := range font.Faces {
			all = append(all, screenshots.Font{File: face.File, Family: name})
		}
	}
	return all
}
