package jobs

import (
	"context"
	"fmt"

	"majestic/app"
	"majestic/screenshots"
)

// Trial draws a design of an instance that was restored on trial, as it was rendered
// last, and answers with which. A design's own fault is not the restore's.
func Trial(ctx context.Context, a *app.App, capturer Capturer) (said string, err error) {
	specimens, err := a.LastDrawn(ctx, 10)
	if err != nil {
		return "", err
	}
	draw := drawer{capturer: capturer, coverages: &coverages{fonts: capturer}, lane: screenshots.Batch}
	for _, s := range specimens {
		p, err := draw.draw(ctx, s.Document, s.Render, sourceOf(a.In(s.TenantID)))
		if reason, theirs := fault(err); theirs {
			said = reason
			continue
		}
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%q, %d bytes", s.Name, len(p.File)), nil
	}
	if len(specimens) > 0 {
		return "", app.Errorf(app.Invalid, "none of %d designs can be drawn any more; of the last: %s", len(specimens), said)
	}
	return "nothing: no design was rendered yet", nil
}
