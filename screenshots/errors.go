package screenshots

import "strings"

// PageError says that the page is at fault: the same page fails again.
type PageError struct {
	Problems []Problem
}

// Problem is one fault of a page.
type Problem struct {
	Element string `json:"element"` // the data-element it is about, "" is the page
	Message string `json:"message"`
}

func (e *PageError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		if p.Element == "" {
			lines = append(lines, p.Message)
		} else {
			lines = append(lines, "element "+p.Element+": "+p.Message)
		}
	}
	return "the page cannot be drawn: " + strings.Join(lines, "; ")
}

// BrowserError says that Chrome is at fault, not the page: try again.
type BrowserError struct {
	Err error
}

func (e *BrowserError) Error() string {
	return "Chrome could not draw the page, try again: " + e.Err.Error()
}

func (e *BrowserError) Unwrap() error { return e.Err }

// MissingError says that there is no Chromium that can be used here, and what to do.
type MissingError struct {
	Reason string
}

func (e *MissingError) Error() string { return e.Reason }
