package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
	"majestic/screenshots"
)

// A tenant with more batches than there are slots does not keep another from his
// own: that one's rows are drawn by turns with the first one's. Batches without a
// seat lose no attempt, and who drains works them off as well.
func TestBatchesByTurns(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	chrome := &ordering{Pool: apptest.Renderer(t), after: 5, reached: make(chan struct{})}
	batch := func(tenant app.Tenant, design string, rows int) {
		t.Helper()
		q := app.BatchRequest{Design: design}
		for range rows {
			chrome.rows++
			q.Rows = append(q.Rows, map[string]string{"paper": fmt.Sprintf("#%06x", chrome.rows)}) // else it were drawn once
		}
		if _, err := tenant.CreateBatch(ctx, nil, q); err != nil {
			t.Fatal(err)
		}
	}
	design := func(tenant app.Tenant) string {
		t.Helper()
		d, err := tenant.CreateDesign(ctx, nil, "Card", parse(t, `{"version":1,"pages":[{"width":9,"height":9,"background":"{{paper}}","elements":[]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		return d.ID
	}
	many, one := apptest.Tenant(t, a, "Many"), apptest.Tenant(t, a, "One")
	ofMany, ofOne := design(many), design(one)
	for range 60 {
		batch(many, ofMany, 2)
	}
	runner := start(t, a, pool, chrome, "majestic-1-test")
	<-chrome.reached
	batch(one, ofOne, 20)

	quiet := make(chan struct{})
	close(quiet)
	if err := runner.Drain(ctx, ctx, jobs.Drain{Quiet: quiet, Heir: func() (string, bool) { return "heir", false }}); err != nil {
		t.Fatal(err)
	}
	if len(chrome.order) != 60*2+20 {
		t.Fatalf("%d rows were drawn", len(chrome.order))
	}
	since := chrome.order[chrome.asked[one.ID()]:]
	first := slices.Index(since, one.ID())
	last := len(since) - 1
	for since[last] != one.ID() {
		last--
	}
	// Before the first come those under way, and one in its turn; then it is half and half.
	if first > 4 {
		t.Errorf("%d shots before the first of another tenant", first)
	}
	if others := last + 1 - 20; others > 30 {
		t.Errorf("%d shots beside 20 of another tenant", others)
	}
	var jobsDone, tried, putOff int
	err := pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'completed'), max(attempt), count(*) FILTER (WHERE metadata ? 'snoozes')
		FROM river_job WHERE kind = 'batch' AND queue = 'release_' || $1`, apptest.Release).Scan(&jobsDone, &tried, &putOff)
	if err != nil || jobsDone != 61 || tried != 1 || putOff == 0 {
		t.Errorf("%d batches are done, after %d attempts at most, and %d were put off: %v", jobsDone, tried, putOff, err)
	}
}

// ordering is the real renderer, which remembers whose shots were asked for and taken.
type ordering struct {
	*screenshots.Pool
	rows    int
	after   int
	reached chan struct{}

	mu    sync.Mutex
	order []string
	asked map[string]int // how many had been taken when the first was asked for
}

func (c *ordering) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	if isThumbnail(s) {
		return c.Pool.Capture(ctx, s)
	}
	c.mu.Lock()
	if c.asked == nil {
		c.asked = map[string]int{}
	}
	if _, known := c.asked[s.For]; !known {
		c.asked[s.For] = len(c.order)
	}
	c.mu.Unlock()
	picture, err := c.Pool.Capture(ctx, s)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.order = append(c.order, s.For); len(c.order) == c.after {
		close(c.reached)
	}
	return picture, err
}
