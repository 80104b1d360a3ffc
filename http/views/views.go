// Package views writes the pages. A view takes values and never asks for more.
package views

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"majestic/app"
	"majestic/static"
)

// Shell is the frame of a page. A page for somebody signed in has a User.
type Shell struct {
	Title      string
	Release    string // that made it
	Generation int
	Static     *static.Files
	Fonts      []string // the stylesheets of the fonts, where something is drawn
	User       *app.User
	Workspaces []app.Membership
	Here       string // the slug of the workspace that the page belongs to
	Path       string // of the page, by which the navigation knows where one is
	Muted      bool   // the instance is a copy that acts on nothing outside
	Mails      bool   // a mail server sends what we write
	Module     string // that the page runs, "" for none
}

// version is where the page asks who serves it: its workspace may stay with an older
// release for a while.
func (s Shell) version() string {
	if s.Here == "" {
		return "/version"
	}
	return Workspace(s.Here, "version")
}

// in tells whether the page belongs to a section of its workspace; "" is the designs.
func (s Shell) in(section string) bool {
	part, _, _ := strings.Cut(strings.TrimPrefix(s.Path, Workspace(s.Here)), "/")
	switch part {
	case "new", "designs":
		part = ""
	case "drafts":
		part = "batches"
	case "invitations", "leave":
		part = "members"
	}
	return part == section
}

// operating tells whether the page is for those who run the installation.
func (s Shell) operating() bool { return strings.HasPrefix(s.Path, Operator()) }

// Operator is the address of what is for operators, or of something there.
func Operator(parts ...string) string { return "/operator/" + strings.Join(parts, "/") }

// Workspace is the address of a workspace, or of something in it.
func Workspace(slug string, parts ...string) string {
	path := "/t/" + slug + "/"
	for i, part := range parts {
		if i > 0 {
			path += "/"
		}
		path += part
	}
	return path
}

func sheetStyle(width, height int) templ.Attributes {
	return templ.Attributes{"style": fmt.Sprintf("--width:%d;--height:%d", width, height)}
}

func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") }

func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func size(bytes int64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 1_000_000:
		return fmt.Sprintf("%d kB", (bytes+500)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func invalid(yes bool) templ.Attributes { return attribute(yes, "aria-invalid", "true") }

func current(yes bool) templ.Attributes { return attribute(yes, "aria-current", "true") }

func attribute(given bool, name, value string) templ.Attributes {
	if !given {
		return nil
	}
	return templ.Attributes{name: value}
}
