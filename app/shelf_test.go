package app_test

import (
	"context"
	"slices"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestDesignsAreFound(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Shelf")
	ids := map[string]string{}
	for _, name := range []string{"Blue 100%_card", "azure Card", "Ticket"} {
		d, err := tenant.CreateDesign(ctx, nil, name, apptest.Document(t, "country-card.json"))
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = d.ID
	}
	if err := tenant.ArchiveDesign(ctx, ids["Ticket"]); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		filter app.DesignFilter
		want   []string
	}{
		{app.DesignFilter{}, []string{"azure Card", "Blue 100%_card", "Social card"}},
		{app.DesignFilter{ByName: true}, []string{"azure Card", "Blue 100%_card", "Social card"}},
		{app.DesignFilter{Name: "CARD", ByName: true}, []string{"azure Card", "Blue 100%_card", "Social card"}},
		{app.DesignFilter{Name: "0%_c"}, []string{"Blue 100%_card"}},
		{app.DesignFilter{Name: "_"}, []string{"Blue 100%_card"}},
		{app.DesignFilter{Name: "Ticket"}, nil},
		{app.DesignFilter{Archived: true}, []string{"Ticket"}},
	} {
		var got []string
		var p app.PageRequest
		for p.Limit = 1; ; p.After = *mustList(t, tenant, test.filter, p).Next {
			l := mustList(t, tenant, test.filter, p)
			for _, d := range l.Data {
				got = append(got, d.Name)
			}
			if l.Next == nil {
				break
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: %q", test.filter, got)
		}
		thumbnails, err := tenant.Thumbnails(ctx, test.filter, app.PageRequest{})
		if err != nil || len(thumbnails.Data) != len(test.want) {
			t.Errorf("%+v: %d thumbnails, %v", test.filter, len(thumbnails.Data), err)
		}
	}
	// What is archived is rendered as before, and comes back.
	if _, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: ids["Ticket"], Variables: country("Chad")}); err != nil {
		t.Error(err)
	}
	if err := tenant.UnarchiveDesign(ctx, ids["Ticket"]); err != nil || len(mustList(t, tenant, app.DesignFilter{}, app.PageRequest{}).Data) != 4 {
		t.Errorf("it does not come back: %v", err)
	}
	if copied, err := tenant.DuplicateDesign(ctx, ids["Ticket"]); err != nil || copied.Name != "Copy of Ticket" || copied.ID == ids["Ticket"] {
		t.Errorf("%+v, %v", copied, err)
	}
	if named, err := tenant.RenameDesign(ctx, ids["Ticket"], " Pass "); err != nil || named.Name != "Pass" || named.Version != 2 {
		t.Errorf("%+v, %v", named, err)
	}
}

func mustList(t *testing.T, tenant app.Tenant, f app.DesignFilter, p app.PageRequest) app.List[app.Design] {
	t.Helper()
	l, err := tenant.FindDesigns(context.Background(), f, p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A design that is deleted is gone for whoever asks for it, and what was rendered of it stays.
func TestDeletedDesign(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Gone")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: country("Chad")})
	if err != nil {
		t.Fatal(err)
	}
	stale := 7
	if err := tenant.DeleteDesign(ctx, d.ID, &stale); app.KindOf(err) != app.Stale {
		t.Errorf("deleted over a version that is not the newest: %v", err)
	}
	if err := tenant.DeleteDesign(ctx, d.ID, &d.Version); err != nil {
		t.Fatal(err)
	}
	one := 1
	for what, try := range map[string]func() error{
		"read":      func() error { _, err := tenant.Design(ctx, d.ID); return err },
		"published": func() error { _, err := tenant.PublishedDesign(ctx, d.ID); return err },
		"versions":  func() error { _, err := tenant.DesignVersions(ctx, d.ID, app.PageRequest{}); return err },
		"past":      func() error { _, err := tenant.PastDesign(ctx, d.ID, 1); return err },
		"save":      func() error { _, err := tenant.SaveDesign(ctx, d.ID, 1, "x", d.Document); return err },
		"restore":   func() error { _, err := tenant.RestoreVersion(ctx, d.ID, 1, 1); return err },
		"publish":   func() error { _, err := tenant.PublishDesign(ctx, nil, d.ID, &one, nil); return err },
		"archive":   func() error { return tenant.ArchiveDesign(ctx, d.ID) },
		"delete":    func() error { return tenant.DeleteDesign(ctx, d.ID, nil) },
	} {
		if err := try(); app.KindOf(err) != app.NotFound {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, version := range []int{0, 1} {
		if _, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Version: version, Variables: country("Chad")}); app.KindOf(err) != app.Invalid {
			t.Errorf("a render of version %d: %v", version, err)
		}
	}
	for _, archived := range []bool{false, true} {
		for _, d := range mustList(t, tenant, app.DesignFilter{Archived: archived}, app.PageRequest{}).Data {
			if d.Name == "Card" {
				t.Error("it is listed")
			}
		}
	}
	if _, _, err := tenant.StartRender(ctx, r.ID); err != nil {
		t.Errorf("a render that waits is not drawn any more: %v", err)
	}
	if of, err := tenant.RenderedDesign(ctx, r); err != nil || of.Name != "Card" {
		t.Errorf("%+v, %v", of, err)
	}
}
