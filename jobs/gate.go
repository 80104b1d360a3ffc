package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/screenshots"
)

// GateWishes are what somebody wants of the gate between two releases.
type GateWishes struct {
	RenderSample        int  `help:"How many designs the new release draws as the old one does before it takes over; 0 is none." default:"20" json:"render_sample"`
	AcceptRenderChanges bool `help:"Let it take over though it draws otherwise." json:"accept_render_changes"`
}

// Gate compares what two releases, or two runtimes, draw of the same renders.
// What it keeps lies in Folder, which is the operator's: it holds designs of all tenants.
type Gate struct {
	App      *app.App
	Capturer Capturer
	By       func() screenshots.Fingerprint
	Folder   string
	Release  string
	Version  string
}

// Changed is the error of a comparison that is not equal.
type Changed struct {
	Different, All int
	Report         string // its page
}

func (e *Changed) Error() string {
	return fmt.Sprintf("%d of %d designs are drawn otherwise; look at %s", e.Different, e.All, e.Report)
}

// drawings are what one has drawn of a sample.
type drawings struct {
	Release string                  `json:"release"`
	Version string                  `json:"version"`
	By      screenshots.Fingerprint `json:"by"`
	All     []drawing               `json:"drawings"`
}

type drawing struct {
	Tenant string `json:"tenant"`
	Render string `json:"render"` // whose design, version, variables and format it has
	Name   string `json:"name"`   // of the design
	File   string `json:"file,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Fault  string `json:"fault,omitempty"` // the design's, for which it cannot be drawn
}

// Draw lays down, for the generation that will compare itself, how a sample of the
// designs is drawn here.
func (g Gate) Draw(ctx context.Context, successor int, wishes []byte) error {
	w, err := parseWishes(wishes)
	if err != nil || w.RenderSample <= 0 {
		return err
	}
	specimens, err := g.App.Specimens(ctx, w.RenderSample, "")
	if err != nil {
		return err
	}
	folder, err := g.folder(strconv.Itoa(successor))
	if err != nil {
		return err
	}
	all, err := g.drawAll(ctx, specimens, folder, "before")
	if err == nil {
		err = all.write(folder)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("draw designs for the next release to compare: %w", err), os.RemoveAll(folder))
	}
	return nil
}

// Compare draws what the serving generation has drawn for this one. The error is a
// *Changed when that comes out otherwise and is not accepted.
func (g Gate) Compare(ctx context.Context, own int, wishes []byte) (said string, err error) {
	w, err := parseWishes(wishes)
	if err != nil {
		return "", err
	}
	if w.RenderSample <= 0 {
		return "nothing, as was wished", nil
	}
	folder := filepath.Join(g.Folder, strconv.Itoa(own))
	was, err := readDrawings(folder)
	if err != nil {
		return "", err
	}
	said, err = g.compare(ctx, was, folder)
	if changed, ok := errors.AsType[*Changed](err); ok && w.AcceptRenderChanges {
		return fmt.Sprintf("%d of %d designs are drawn otherwise, and that is accepted: %s", changed.Different, changed.All, changed.Report), nil
	}
	return said, err
}

// Recheck compares what is drawn here with the files that customers were given
// last of a release.
func (g Gate) Recheck(ctx context.Context, n int, release string) (said string, err error) {
	specimens, err := g.App.Specimens(ctx, n, release)
	if err != nil {
		return "", err
	}
	folder, err := g.folder("doctor")
	if err != nil {
		return "", err
	}
	was := drawings{Release: release}
	for i, s := range specimens {
		d := drawingOf(s)
		_, file, err := g.App.In(s.TenantID).OpenRender(ctx, s.Render.ID)
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(file)
		file.Close()
		if err == nil {
			err = d.keep(folder, i, "before", s.Render.Format, data)
		}
		if err != nil {
			return "", err
		}
		was.All = append(was.All, d)
	}
	return g.compare(ctx, was, folder)
}

// compare draws the same here, and leaves a report when it comes out otherwise.
func (g Gate) compare(ctx context.Context, was drawings, folder string) (said string, err error) {
	if len(was.All) == 0 {
		return "nothing: no design was rendered yet", os.RemoveAll(folder)
	}
	var specimens []app.Specimen
	before := was
	before.All = nil
	for _, d := range was.All {
		s, err := g.App.In(d.Tenant).Specimen(ctx, d.Render)
		if app.KindOf(err) == app.NotFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return "", err
		}
		specimens, before.All = append(specimens, s), append(before.All, d)
	}
	is, err := g.drawAll(ctx, specimens, folder, "after")
	if err != nil {
		return "", fmt.Errorf("draw designs as the release before: %w", err)
	}
	different := 0
	for i, d := range is.All {
		if !d.same(before.All[i]) {
			different++
		}
	}
	if different == 0 {
		return fmt.Sprintf("%d of %[1]d designs are drawn alike", len(is.All)), os.RemoveAll(folder)
	}
	page, err := report(folder, before, is)
	if err != nil {
		return "", fmt.Errorf("report what is drawn otherwise: %w", err)
	}
	return "", &Changed{different, len(is.All), page}
}

// drawAll draws them on all cores, and keeps the files under the word. A fault of a
// design is part of what is drawn.
func (g Gate) drawAll(ctx context.Context, specimens []app.Specimen, folder, word string) (drawings, error) {
	all := drawings{g.Release, g.Version, g.By(), make([]drawing, len(specimens))}
	draw := drawer{capturer: g.Capturer, coverages: &coverages{fonts: g.Capturer}, lane: screenshots.Batch}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, s := range specimens {
		group.Go(func() error {
			d := drawingOf(s)
			p, err := draw.draw(ctx, s.Document, s.Render, sourceOf(g.App.In(s.TenantID)))
			if reason, theirs := fault(err); theirs {
				d.Fault, err = reason, nil
			} else if err == nil {
				err = d.keep(folder, i, word, s.Render.Format, p.File)
			}
			all.All[i] = d
			return err
		})
	}
	return all, group.Wait()
}

// kept is how many comparisons are kept.
const kept = 5

// folder makes an empty one, and forgets the oldest.
func (g Gate) folder(name string) (string, error) {
	folder := filepath.Join(g.Folder, name)
	err := errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700))
	if err != nil {
		return "", fmt.Errorf("make a folder for drawings: %w", err)
	}
	entries, err := os.ReadDir(g.Folder)
	if err != nil {
		return "", fmt.Errorf("make a folder for drawings: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers[:max(0, len(numbers)-kept)] {
		os.RemoveAll(filepath.Join(g.Folder, strconv.Itoa(n)))
	}
	return folder, nil
}

func drawingOf(s app.Specimen) drawing {
	return drawing{Tenant: s.TenantID, Render: s.Render.ID, Name: s.Name}
}

func (d *drawing) keep(folder string, i int, word, format string, data []byte) error {
	sum := sha256.Sum256(data)
	d.SHA256, d.File = hex.EncodeToString(sum[:]), fmt.Sprintf("%02d-%s.%s", i+1, word, format)
	return os.WriteFile(filepath.Join(folder, d.File), data, 0o600)
}

// same tells whether both are the same bytes; what neither can draw is the same.
func (d drawing) same(other drawing) bool {
	return d.SHA256 == other.SHA256 && (d.Fault == "") == (other.Fault == "")
}

const drawingsFile = "before.json"

func (d drawings) write(folder string) error {
	b, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, drawingsFile), b, 0o600)
}

func readDrawings(folder string) (d drawings, err error) {
	b, err := os.ReadFile(filepath.Join(folder, drawingsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return d, fmt.Errorf("the serving release has left no drawings in %s", folder)
	}
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(b, &d)
}

func parseWishes(text []byte) (w GateWishes, err error) {
	if err := json.Unmarshal(text, &w); err != nil {
		return w, fmt.Errorf("read what is wished of the render gate: %w", err)
	}
	return w, nil
}
