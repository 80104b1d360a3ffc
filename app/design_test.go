package app_test

import (
	"context"
	"encoding/json"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestDesignVersions(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Žiža & Co.")
	card, certificate := apptest.Document(t, "country-card.json"), apptest.Document(t, "certificate.json")

	d, err := tenant.CreateDesign(ctx, nil, " Card ", card)
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "Card" || d.Version != 1 || len(d.Document.Pages[0].Elements) != len(card.Pages[0].Elements) {
		t.Errorf("made %q at version %d", d.Name, d.Version)
	}
	saved, err := tenant.SaveDesign(ctx, d.ID, 1, "Certificate", certificate)
	if err != nil {
		t.Fatal(err)
	}
	if saved.Version != 2 || saved.Name != "Certificate" || !saved.UpdatedAt.After(saved.CreatedAt) {
		t.Errorf("saved %+v", saved)
	}
	if _, err := tenant.SaveDesign(ctx, d.ID, 1, "Late", card); app.KindOf(err) != app.Stale {
		t.Errorf("a save over a version that is not the newest: %v", err)
	}
	if saved.SavedBy != "" {
		t.Errorf("the house saves as %q", saved.SavedBy)
	}
	key, err := a.ForProgram(tenant.ID(), "", "", app.WriteScope).SaveDesign(ctx, d.ID, 2, "Certificate", certificate)
	if err != nil || key.SavedBy != "API" {
		t.Errorf("a key saves as %q: %v", key.SavedBy, err)
	}
	versions, err := tenant.DesignVersions(ctx, d.ID, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(versions.Data) != 3 || versions.Data[0].Version != 3 || versions.Data[2].Name != "Card" {
		t.Errorf("versions: %+v", versions.Data)
	}
	// What is read is what was sent, to the letter of its meaning.
	read, err := tenant.Design(ctx, d.ID)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal(certificate)
	if got, _ := json.Marshal(read.Document); string(got) != string(want) {
		t.Errorf("read %s\nsent %s", got, want)
	}
	// An earlier version can still be rendered.
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Version: 1, Variables: country("Chad")})
	if err != nil || r.Version != 1 || r.Status != app.Queued {
		t.Errorf("a render of version 1: %+v, %v", r, err)
	}
}

func TestListPages(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Lists")
	for range 4 {
		if _, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json")); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	page := app.PageRequest{Limit: 2}
	for n := 1; ; n++ {
		list, err := tenant.Designs(ctx, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list.Data {
			seen[d.ID] = true
		}
		if list.Next == nil {
			if n != 3 || len(seen) != 5 {
				t.Errorf("%d designs on %d pages, want 5 (one is the starter) on 3", len(seen), n)
			}
			break
		}
		page.After = *list.Next
	}
	for _, p := range []app.PageRequest{{Limit: 101}, {Limit: -1}, {After: "x"}} {
		if _, err := tenant.Designs(ctx, p); app.KindOf(err) != app.Malformed {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestStarterNeedsOnlyItsVariables(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "New")
	list, err := tenant.Designs(ctx, app.PageRequest{})
	if err != nil || len(list.Data) != 1 {
		t.Fatalf("%d designs, %v", len(list.Data), err)
	}
	vars := map[string]string{}
	for _, name := range list.Data[0].Document.Variables() {
		vars[name] = "#2563eb"
	}
	if _, err := list.Data[0].Document.Resolve(vars); err != nil {
		t.Error(err)
	}
}
