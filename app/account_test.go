package app_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

var ada = app.NewUser{Name: "Ada", Email: "ada@example.com", Password: "correct horse"}

func TestSetUp(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	token, err := a.SetupToken(ctx)
	if err != nil || token == "" {
		t.Fatalf("token %q, %v", token, err)
	}
	if _, _, err := a.SetUp(ctx, "", ada, "Lovelace"); app.KindOf(err) != app.Forbidden {
		t.Errorf("without the link: %v", err)
	}
	_, _, err = a.SetUp(ctx, token, app.NewUser{Name: " ", Email: "ada", Password: "short"}, "")
	if e, ok := err.(*app.Error); !ok || len(e.Fields) != 4 {
		t.Errorf("four faults: %v", err)
	}
	// Two who hold the link at once: one becomes the first user.
	var mu sync.Mutex
	made, refused := 0, 0
	var both sync.WaitGroup
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		both.Go(func() {
			u := ada
			u.Email = email
			_, _, err := a.SetUp(ctx, token, u, "Lovelace")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case app.KindOf(err) == app.Conflict:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	both.Wait()
	if made != 1 || refused != 1 {
		t.Errorf("%d made, %d refused", made, refused)
	}
	if token, err := a.SetupToken(ctx); err != nil || token != "" {
		t.Errorf("after the first user the link is %q, %v", token, err)
	}
}

func TestSessions(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	token, _ := a.SetupToken(ctx)
	session, row, err := a.SetUp(ctx, token, ada, "Lovelace")
	if err != nil {
		t.Fatal(err)
	}
	user, err := a.Session(ctx, session, app.Visitor{})
	if err != nil || user.Email != ada.Email || !user.Operator {
		t.Fatalf("%+v, %v", user, err)
	}
	if tenant, m, _, err := a.Enter(ctx, user.ID, row.Slug); err != nil || tenant.ID() != row.ID || m.Role != "owner" {
		t.Errorf("%+v, %v", m, err)
	}
	apptest.Tenant(t, a, "Theirs")
	if _, _, _, err := a.Enter(ctx, user.ID, "theirs"); app.KindOf(err) != app.NotFound {
		t.Errorf("another's workspace: %v", err)
	}
	for _, wrong := range [][2]string{{ada.Email, "wrong horse"}, {"eve@example.com", ada.Password}, {"", ""}} {
		if _, err := a.SignIn(ctx, wrong[0], wrong[1], app.Visitor{}); app.KindOf(err) != app.Unauthenticated {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	second, err := a.SignIn(ctx, strings.ToUpper(ada.Email), ada.Password, app.Visitor{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.SignOut(ctx, second.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Session(ctx, second.Session, app.Visitor{}); app.KindOf(err) != app.Unauthenticated {
		t.Errorf("after sign-out: %v", err)
	}
	if _, err := pool.Exec(ctx, `UPDATE sessions SET expires_at = now() - interval '1 second'`); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Session(ctx, session, app.Visitor{}); app.KindOf(err) != app.Unauthenticated {
		t.Errorf("after its time: %v", err)
	}
	// Nothing that opens a door is kept readable.
	var kept string
	if err := pool.QueryRow(ctx, `SELECT string_agg(s::text, '') || (SELECT string_agg(u::text, '') FROM users u) FROM sessions s`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(kept, session) || strings.Contains(kept, ada.Password) || !strings.Contains(kept, "$argon2id$") {
		t.Errorf("kept: %s", kept)
	}
}

func TestAPIKeys(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Keys")
	key, err := tenant.CreateAPIKey(ctx, "build", app.WriteScope, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, opened, err := a.Authorize(ctx, key); err != nil || opened.ID() != tenant.ID() {
		t.Errorf("opened %s, %v", opened.ID(), err)
	}
	past := time.Now().Add(-time.Second)
	expired, err := tenant.CreateAPIKey(ctx, "old", app.WriteScope, &past)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{expired, key + "x", ""} {
		if _, _, err := a.Authorize(ctx, wrong); app.KindOf(err) != app.Unauthenticated {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
