package machine

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Runtime is what an instance draws with, as the doctor asks about it.
type Runtime struct {
	Frozen   string   // its hash; "" is the system's
	Chromium string   // version
	Package  string   // that a frozen one was copied from, if from any
	Packaged string   // the version of that
	Changes  []string // in words: what is otherwise than when the serving release began
}

// runtime is what draws: whether it is still the same, and what fixes a frozen one lacks.
func (h host) runtime(ctx context.Context, ask func(context.Context) (Runtime, error)) []row {
	r, err := ask(ctx)
	rows := []row{{
		name: "runtime", why: "what draws decides what customers get",
		remedy: "see whether designs come out otherwise with: app doctor --render; app upgrade begins anew with what is there now, app runtime freeze keeps one as it is",
		check: func() (string, error) {
			if err != nil {
				return "", err
			}
			if len(r.Changes) > 0 {
				return "", fmt.Errorf("changed since the serving release began: %s", strings.Join(r.Changes, "; "))
			}
			if r.Frozen != "" {
				return fmt.Sprintf("frozen %s, Chromium %s", r.Frozen, r.Chromium), nil
			}
			return "the system's Chromium " + r.Chromium, nil
		},
	}}
	if err == nil && r.Frozen != "" {
		rows = append(rows, row{
			name: "runtime-fixes", why: "a frozen Chromium gets no security fixes, and it opens strangers' pictures and fonts",
			remedy: "apt-get install --only-upgrade " + r.Package + "; app runtime freeze; app runtime use HASH; app upgrade compares what they draw",
			check:  func() (string, error) { return h.fixes(ctx, r) },
		})
	}
	return rows
}

// fixes fails when Debian has a newer package than the frozen one was copied from.
func (h host) fixes(ctx context.Context, r Runtime) (string, error) {
	if r.Package == "" {
		return "unknown: it was not copied from a package of Debian's", nil
	}
	installed, candidate, err := h.policy(ctx, r.Package)
	if err != nil {
		return "", err
	}
	var lacks []string
	if newer(ctx, installed, r.Packaged) {
		fixed, err := h.fixed(ctx, r.Package, r.Packaged)
		if err != nil {
			return "", err
		}
		lacks = append(lacks, fmt.Sprintf("%s, which is installed and %s", installed, fixed))
	}
	if newer(ctx, candidate, r.Packaged) && newer(ctx, candidate, installed) {
		lacks = append(lacks, candidate+", which can be installed")
	}
	if lacks != nil {
		return "", fmt.Errorf("the frozen %s has %s %s, and not %s", r.Frozen, r.Package, r.Packaged, strings.Join(lacks, ", nor "))
	}
	return fmt.Sprintf("%s %s is the newest that apt knows", r.Package, r.Packaged), nil
}

// policy asks apt for the version that is installed and the one that could be.
func (h host) policy(ctx context.Context, name string) (installed, candidate string, err error) {
	c := exec.CommandContext(ctx, "apt-cache", "policy", name)
	c.Env = append(os.Environ(), "LC_ALL=C")
	out, err := c.Output()
	if err != nil {
		return "", "", fmt.Errorf("ask apt for newer versions of %s: %w", name, err)
	}
	installed, candidate = policyOf(string(out))
	return installed, candidate, nil
}

func policyOf(out string) (installed, candidate string) {
	for line := range strings.Lines(out) {
		field, version, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case version == "(none)":
		case field == "Installed":
			installed = version
		case field == "Candidate":
			candidate = version
		}
	}
	return installed, candidate
}

// newer compares as Debian does; no version is older than any.
func newer(ctx context.Context, a, b string) bool {
	return a != "" && exec.CommandContext(ctx, "dpkg", "--compare-versions", a, "gt", b).Run() == nil
}

// fixed says which known holes the installed package's changelog has closed since a version.
func (h host) fixed(ctx context.Context, name, since string) (string, error) {
	f, err := os.Open(h.path(filepath.Join("/usr/share/doc", name, "changelog.Debian.gz")))
	if errors.Is(err, fs.ErrNotExist) {
		return "fixes what its changelog tells: apt-get changelog " + name, nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", fmt.Errorf("read the changelog of %s: %w", name, err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return "", fmt.Errorf("read the changelog of %s: %w", name, err)
	}
	holes := holesSince(string(text), func(version string) bool { return newer(ctx, version, since) })
	switch n := len(holes); {
	case n == 0:
		return "fixes no security hole by its changelog", nil
	case n > 5:
		return fmt.Sprintf("fixes %d security holes: %s and %d more", n, strings.Join(holes[:5], ", "), n-5), nil
	default:
		return "fixes " + strings.Join(holes, ", "), nil
	}
}

var (
	changelogHead = regexp.MustCompile(`^\S+ \(([^)]+)\)`)
	hole          = regexp.MustCompile(`CVE-\d+-\d+`)
)

// holesSince lists those that the entries of newer versions name; a changelog
// begins with its newest.
func holesSince(changelog string, newer func(version string) bool) (holes []string) {
	for line := range strings.Lines(changelog) {
		if head := changelogHead.FindStringSubmatch(line); head != nil && !newer(head[1]) {
			break
		}
		for _, name := range hole.FindAllString(line, -1) {
			if !slices.Contains(holes, name) {
				holes = append(holes, name)
			}
		}
	}
	return holes
}
