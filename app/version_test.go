package app_test

import (
	"context"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestPublishedVersion(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Press").By("Ada")
	card, certificate := apptest.Document(t, "country-card.json"), apptest.Document(t, "certificate.json")
	d, err := tenant.CreateDesign(ctx, nil, "Card", card)
	if err == nil {
		_, err = tenant.By("Grace").SaveDesign(ctx, d.ID, 1, "Certificate", certificate)
	}
	if err != nil {
		t.Fatal(err)
	}
	rendered := func() int {
		t.Helper()
		d, err := tenant.PublishedDesign(ctx, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		vars := map[string]string{}
		for _, in := range d.Document.Inputs() {
			vars[in.Name] = in.Value
		}
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: vars})
		if err != nil {
			t.Fatal(err)
		}
		return r.Version
	}
	if got := rendered(); got != 2 {
		t.Errorf("before one is published, version %d is rendered", got)
	}
	one, three := 1, 3
	if d, err = tenant.PublishDesign(ctx, nil, d.ID, &one, nil); err != nil || *d.PublishedVersion != 1 || d.Version != 2 || d.Ahead() != 1 {
		t.Fatalf("%+v, %v", d, err)
	}
	if got := rendered(); got != 1 {
		t.Errorf("version 1 is published, and %d rendered", got)
	}
	if _, err := tenant.PublishDesign(ctx, nil, d.ID, &three, nil); app.KindOf(err) != app.Invalid {
		t.Errorf("a version that is not there: %v", err)
	}
	if _, err := tenant.PublishDesign(ctx, nil, d.ID, &one, &three); app.KindOf(err) != app.Stale {
		t.Errorf("over a version that is not the newest: %v", err)
	}
	if d, err = tenant.RestoreVersion(ctx, d.ID, 1, 2); err != nil || d.Version != 3 || d.Name != "Certificate" || len(d.Document.Variables()) != len(card.Variables()) {
		t.Errorf("restored %+v, %v", d, err)
	}
	if _, err := tenant.RestoreVersion(ctx, d.ID, 1, 2); app.KindOf(err) != app.Stale {
		t.Errorf("restored over what was saved since: %v", err)
	}
	history, err := tenant.History(ctx, d.ID, app.PageRequest{Limit: 2})
	if err != nil || len(history.Data) != 2 || history.Next == nil || history.Data[0].SavedBy != "Ada" || history.Data[1].SavedBy != "Grace" || history.Data[1].Name != "Certificate" {
		t.Errorf("%+v, %v", history, err)
	}
	if d, err = tenant.PublishDesign(ctx, nil, d.ID, nil, nil); err != nil || d.PublishedVersion != nil || rendered() != 3 {
		t.Errorf("%+v, %v", d, err)
	}
}
