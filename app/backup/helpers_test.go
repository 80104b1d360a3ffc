package backup_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/backup"
	"majestic/app/objects"
	"majestic/app/postgres"
	"majestic/app/remote"
	"majestic/jobs"
	"majestic/migrations"
)

// TestMain is also another process's main, which is there to be killed.
func TestMain(m *testing.M) {
	if len(os.Args) == 5 && (os.Args[1] == "create" || os.Args[1] == "restore") {
		if err := act(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(apptest.Main(m))
}

func act(verb, dir, url, from string) error {
	ctx := context.Background()
	k := keeper(dir)
	if verb == "restore" {
		b, err := k.Find(from)
		if err == nil {
			_, err = k.Restore(ctx, b, backup.Wishes{Force: true})
		}
		return err
	}
	db, err := postgres.Open(ctx, postgres.Options{URL: url})
	if err == nil {
		_, err = k.Create(ctx, db, true)
	}
	return err
}

// process starts that process.
func process(t *testing.T, verb, dir, url, from string) *exec.Cmd {
	t.Helper()
	c := exec.Command("/proc/self/exe", verb, dir, url, from)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// keeper keeps an instance of a test. Its trial reads a restored file by the ways of the product.
func keeper(dir string) *backup.Keeper {
	return &backup.Keeper{
		Dir: dir, Place: filepath.Join(dir, "backups"), Product: "majestic", Release: apptest.Release, Version: "v1",
		Database: postgres.Options{Data: filepath.Join(dir, "data", "postgres"), Locks: filepath.Join(dir, "tmp"), MaxConns: 8},
		Secret:   func() ([]byte, error) { return []byte("a secret of the tests"), nil },
		Running:  func() (bool, error) { return false, nil },
		Schema:   migrations.Had, Accept: migrations.AcceptHad,
		Migrate: func(ctx context.Context, pool *pgxpool.Pool) error {
			_, err := migrations.Expand(ctx, pool)
			return err
		},
		Draw: func(ctx context.Context, pool *pgxpool.Pool, files string) (string, error) {
			folder, err := objects.Open(files)
			if err != nil {
				return "", err
			}
			defer folder.Close()
			a := app.New(app.Options{Pool: pool, Objects: folder})
			all, err := a.LastDrawn(ctx, 1)
			if err != nil || len(all) == 0 {
				return "nothing", err
			}
			_, f, err := a.In(all[0].TenantID).OpenRender(ctx, all[0].Render.ID)
			if err != nil {
				return "", err
			}
			defer f.Close()
			text, err := io.ReadAll(f)
			return string(text), err
		},
	}
}

// house is an instance with something in it.
type house struct {
	*backup.Keeper
	db     *postgres.DB
	app    *app.App
	tenant app.Tenant
	design app.Design
}

func newHouse(t testing.TB) *house {
	t.Helper()
	ctx := t.Context()
	h := &house{Keeper: keeper(apptest.Dir(t)), db: apptest.Migrated(t)}
	t.Cleanup(func() { clean(t, h.Dir) })
	h.Log = apptest.Log(t)
	folder, err := objects.Open(filepath.Join(h.Dir, "data", "objects"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	queue, err := jobs.NewQueue(h.db.Pool, apptest.Release)
	if err != nil {
		t.Fatal(err)
	}
	h.app = app.New(app.Options{Pool: h.db.Pool, Queue: queue, Objects: folder, Remote: remote.Loopback(apptest.Roots()), Release: apptest.Release})
	h.tenant = apptest.Tenant(t, h.app, "Acme")
	if h.design, err = h.tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.tenant.CreateAsset(ctx, nil, "blue.png", apptest.PNG(9, 9)); err != nil {
		t.Fatal(err)
	}
	if _, err := h.tenant.CreateFont(ctx, nil, "Go.ttf", goregular.TTF); err != nil {
		t.Fatal(err)
	}
	if _, err := h.tenant.CreateDraft(ctx, h.design.ID, "countries.csv", apptest.File(t, "countries.csv")); err != nil {
		t.Fatal(err)
	}
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(apptest.PNG(7, 7)) }))
	defer elsewhere.Close()
	_, _, fetched, err := h.tenant.OpenFetched(ctx, elsewhere.URL+"/a.png")
	if err != nil {
		t.Fatal(err)
	}
	fetched.Close()
	h.render(t, "the picture")
	return h
}

// render makes a render that has been drawn.
func (h *house) render(t testing.TB, picture string) app.Render {
	t.Helper()
	ctx := context.Background()
	r, err := h.tenant.CreateRender(ctx, nil, app.RenderRequest{Design: h.design.ID, Variables: apptest.Countries(t)[0]})
	if err == nil {
		r, _, err = h.tenant.StartRender(ctx, r.ID)
	}
	if err == nil {
		err = h.tenant.FinishRender(ctx, r, app.Picture{File: []byte(picture), Width: 1, Height: 1})
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (h *house) create(t testing.TB) backup.Backup {
	t.Helper()
	b, err := h.Create(t.Context(), h.db, false)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// clean ends the clusters that a test has left in a directory.
func clean(t testing.TB, dir string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for _, pattern := range []string{"data*/postgres", "tmp/drill-*/postgres"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, data := range found {
			if err := postgres.Remove(ctx, postgres.Options{Data: data, Locks: filepath.Join(dir, "tmp")}); err != nil {
				t.Error(err)
			}
		}
	}
}

// files are the names below a folder.
func files(t testing.TB, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// wants checks a refusal: its kind, and what it tells the person.
func wants(t testing.TB, err error, kind app.Kind, words ...string) {
	t.Helper()
	var said *app.Error
	if !errors.As(err, &said) || said.Kind != kind {
		t.Errorf("error %v of kind %d, want kind %d", err, app.KindOf(err), kind)
		return
	}
	for _, word := range words {
		if !strings.Contains(said.Message, word) {
			t.Errorf("%q does not say %q", said.Message, word)
		}
	}
}

func random(d time.Duration) time.Duration { return time.Duration(rand.Int64N(int64(d))) }
