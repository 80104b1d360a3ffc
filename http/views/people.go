package views

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"majestic/app"
)

func day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func query(s string) string { return url.QueryEscape(s) }

func same(a, b string) bool { return strings.EqualFold(a, b) }

func roleName(role string) string {
	if role == "" {
		return ""
	}
	return strings.ToUpper(role[:1]) + role[1:]
}

// article is a role as it stands in a sentence.
func article(role string) string {
	if role == app.Viewer {
		return "a viewer"
	}
	return "an " + role
}

func scopeName(scope string) string {
	switch scope {
	case app.ReadScope:
		return "Read"
	case app.AdminScope:
		return "Write, and manage keys"
	}
	return "Write"
}

func workspaceName(s Shell) string {
	for _, w := range s.Workspaces {
		if w.Slug == s.Here {
			return w.Name
		}
	}
	return s.Here
}

// edits tells whether who looks may change the workspace that the page belongs to.
func (s Shell) edits() bool {
	return slices.ContainsFunc(s.Workspaces, func(m app.Membership) bool { return m.Slug == s.Here && m.Edits() })
}

// owns tells whether who looks owns it.
func (s Shell) owns() bool {
	return slices.ContainsFunc(s.Workspaces, func(m app.Membership) bool { return m.Slug == s.Here && m.Owns() })
}

func invitationState(s Shell, i app.Invitation) string {
	switch {
	case i.Expired():
		return "expired " + day(i.ExpiresAt)
	case i.SentAt == nil && s.Mails:
		return "the mail is not sent yet"
	}
	return "invited " + day(i.CreatedAt) + ", good until " + day(i.ExpiresAt)
}

func used(k app.APIKey) string {
	if k.UsedAt == nil {
		return "never used"
	}
	return "last used " + moment(*k.UsedAt)
}

func until(k app.APIKey) string {
	if k.ExpiresAt == nil {
		return ""
	}
	return ", good until " + day(*k.ExpiresAt)
}

func from(s app.Session) string {
	if s.Address == "" {
		return ""
	}
	return s.Address + " · "
}

// device is a browser in a person's words, by what it calls itself.
func device(agent string) string {
	what, where := "Unknown browser", ""
	for _, b := range [][2]string{ // those that call themselves by others' names, too, come first
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	} {
		if strings.Contains(agent, b[0]) {
			what = b[1]
			break
		}
	}
	for _, o := range [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, o[0]) {
			where = " on " + o[1]
			break
		}
	}
	return what + where
}
