package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Specimen is a render that was made, picked to show with others how a release draws.
type Specimen struct {
	TenantID string
	Name     string // the design's
	Render   Render
	Document Document
}

// Specimens picks at most n renders for the operator, each of another design and
// the last of it: of the designs most used, of those used last, and of one for
// each thing that designs of late are made of. With a release only of those that it worked.
func (a *App) Specimens(ctx context.Context, n int, release string) (all []Specimen, err error) {
	var found []candidate
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH lately AS (
				SELECT id, tenant_id, design_id, design_version, format, finished_at FROM renders
				WHERE status = 'succeeded' AND NOT thumbnail AND ($1 = '' OR release = $1) ORDER BY created_at DESC LIMIT 5000
			), last AS (
				SELECT DISTINCT ON (design_id) *, count(*) OVER (PARTITION BY design_id) AS uses
				FROM lately ORDER BY design_id, finished_at DESC
			)
			SELECT l.tenant_id::text, l.id::text, l.uses, l.finished_at, ARRAY(
				SELECT DISTINCT concat_ws(' ', e->>'type', property, json_typeof(e->property))
				FROM json_array_elements(v.document->'pages') p, json_array_elements(p->'elements') e, json_object_keys(e) property
			) || l.format AS made_of
			FROM last l JOIN design_versions v ON v.design_id = l.design_id AND v.version = l.design_version
			ORDER BY l.finished_at DESC LIMIT 500`, release)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[candidate])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("pick designs: %w", err)
	}
	for _, c := range pick(found, n) {
		s, err := a.In(c.TenantID).Specimen(ctx, c.ID)
		if KindOf(err) == NotFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// LastDrawn are the last n renders that were made, for the operator: those that people
// asked for before thumbnails.
func (a *App) LastDrawn(ctx context.Context, n int) (all []Specimen, err error) {
	type row struct{ TenantID, ID string }
	var found []row
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT tenant_id::text, id::text FROM renders WHERE status = 'succeeded' ORDER BY thumbnail, finished_at DESC LIMIT $1`, n)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByName[row])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find what was drawn: %w", err)
	}
	for _, r := range found {
		s, err := a.In(r.TenantID).Specimen(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Specimen reads one.
func (t Tenant) Specimen(ctx context.Context, render string) (s Specimen, err error) {
	s.TenantID = t.ID()
	if s.Render, err = t.Render(ctx, render); err != nil {
		return s, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		type design struct{ Name string }
		d, err := one[design](ctx, tx, "design", `SELECT name FROM designs WHERE id = $1`, s.Render.DesignID)
		if err != nil {
			return err
		}
		s.Name = d.Name
		s.Document, err = versionDocument(ctx, tx, s.Render.DesignID, s.Render.Version)
		return err
	})
	return s, err
}

// candidate is a design's last render.
type candidate struct {
	TenantID   string
	ID         string
	Uses       int
	FinishedAt time.Time
	MadeOf     []string // properties of elements, and the format
}

// pick takes at most n of those given, the last finished first: half of them most
// used and last used in turn; then who has what none of these has; then the rest.
func pick(all []candidate, n int) (picked []candidate) {
	taken, seen := map[string]bool{}, map[string]bool{}
	take := func(c candidate) {
		if taken[c.ID] || len(picked) >= n {
			return
		}
		taken[c.ID] = true
		picked = append(picked, c)
		for _, thing := range c.MadeOf {
			seen[thing] = true
		}
	}
	used := slices.Clone(all)
	slices.SortStableFunc(used, func(a, b candidate) int { return cmp.Compare(b.Uses, a.Uses) })
	for i := range all {
		if len(picked) >= n/2 {
			break
		}
		take(used[i])
		take(all[i])
	}
	for _, c := range all {
		if slices.ContainsFunc(c.MadeOf, func(thing string) bool { return !seen[thing] }) {
			take(c)
		}
	}
	for _, c := range all {
		take(c)
	}
	return picked
}
