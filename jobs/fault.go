package jobs

import (
	"errors"
	"strings"

	"majestic/app"
	"majestic/screenshots"
)

// fault tells whether an error is the fault of the design or its variables, and
// says it for the person; the same drawing would fail again.
func fault(err error) (reason string, theirs bool) {
	var page *screenshots.PageError
	if errors.As(err, &page) {
		var lines []string
		for _, p := range page.Problems {
			if p.Element != "" {
				p.Message = "element " + p.Element + ": " + p.Message
			}
			lines = append(lines, p.Message)
		}
		return strings.Join(lines, "; "), true
	}
	var e *app.Error
	if errors.As(err, &e) && (e.Kind == app.Invalid || e.Kind == app.NotFound) {
		lines := []string{e.Message}
		for _, f := range e.Fields {
			if !strings.Contains(e.Message, f.Message) {
				lines = append(lines, f.Field+": "+f.Message)
			}
		}
		return strings.Join(lines, "; "), true
	}
	return "", false
}
