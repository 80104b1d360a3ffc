package app

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// How long things are kept that are of use no more.
const (
	answersKept     = 24 * time.Hour      // first answers to an Idempotency-Key
	invitationsKept = 30 * 24 * time.Hour // for owners to see that nobody came
	imagesKept      = 7 * 24 * time.Hour  // from elsewhere, past their time
	orphansKept     = 24 * time.Hour      // files that no row names; an upload puts its file before its row can be seen
)

// chores are all that is done from time to time. Pictures that renders share need
// none: each has its own name for the file.
func (a *App) chores() []chore {
	return []chore{
		{"answers", "Forget first answers to an Idempotency-Key after a day", time.Hour, a.forgetAnswers},
		{"people", "Forget sessions, links in mails and mails past their time, and invitations a month after theirs", time.Hour, a.forgetLinks},
		{"tables", "Remove tables an hour after they were uploaded to be looked at", time.Hour, a.removeDrafts},
		{"renders", "Remove renders that are older than their workspace keeps them", time.Hour, a.removeOldRenders},
		{"images", "Remove images from elsewhere that nobody has used for a week", 24 * time.Hour, a.removeFetched},
		{"files", "Remove files that nothing names any more, after a day", 24 * time.Hour, func(ctx context.Context) (string, error) {
			n, err := a.RemoveOrphans(ctx, time.Now().Add(-orphansKept))
			return plural(n, "file", "files"), err
		}},
	}
}

func (a *App) forgetAnswers(ctx context.Context) (string, error) {
	n, err := a.forget(ctx, `DELETE FROM idempotency_keys WHERE created_at < now() - $1::interval`, answersKept)
	return plural(n, "answer", "answers"), err
}

func (a *App) forgetLinks(ctx context.Context) (string, error) {
	sessions, err := a.forget(ctx, `DELETE FROM sessions WHERE expires_at < now()`)
	links, more := a.forget(ctx, `DELETE FROM mailed_links WHERE expires_at < now()`)
	invitations, evenMore := a.forget(ctx, `DELETE FROM invitations WHERE expires_at < now() - $1::interval`, invitationsKept)
	mails, most := a.forget(ctx, `DELETE FROM mails WHERE created_at < now() - $1::interval`, mailsKept)
	return strings.Join([]string{plural(sessions, "session", "sessions"), plural(links, "link", "links"), plural(invitations, "invitation", "invitations"), plural(mails, "mail", "mails")}, ", "),
		errors.Join(err, more, evenMore, most)
}

func (a *App) removeDrafts(ctx context.Context) (string, error) {
	n, err := a.removeNamed(ctx, `DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE NOT `+lastingDrafts+` LIMIT 500)
		RETURNING tenant_id::text || '/drafts/' || id || '.csv'`)
	return plural(n, "table", "tables"), err
}

func (a *App) removeFetched(ctx context.Context) (string, error) {
	n, err := a.removeNamed(ctx, `DELETE FROM fetched_images WHERE ctid IN (SELECT ctid FROM fetched_images WHERE expires_at < now() - $1::interval LIMIT 500 FOR UPDATE SKIP LOCKED)
		RETURNING tenant_id::text || '/fetched/' || object`, imagesKept)
	return plural(n, "image", "images"), err
}

// removeOldRenders takes the renders of a batch when the batch itself is old: its
// archive is whole, or gone.
func (a *App) removeOldRenders(ctx context.Context) (string, error) {
	const old = `now() - make_interval(days => t.keep_renders)`
	n, err := a.removeNamed(ctx, `DELETE FROM renders WHERE id IN (
			SELECT r.id FROM tenants t JOIN renders r ON r.tenant_id = t.id LEFT JOIN batches b ON b.id = r.batch_id
			WHERE t.keep_renders IS NOT NULL AND NOT r.thumbnail AND r.finished_at < `+old+` AND (b.id IS NULL OR b.finished_at < `+old+`)
			LIMIT 500 FOR UPDATE OF r SKIP LOCKED)
		RETURNING tenant_id::text || '/renders/' || id || '.' || format`)
	if err != nil {
		return "", err
	}
	batches, err := a.forget(ctx, `DELETE FROM batches b USING tenants t WHERE t.id = b.tenant_id AND b.finished_at < `+old+`
		AND NOT EXISTS (SELECT FROM renders r WHERE r.batch_id = b.id)`)
	return plural(n, "render", "renders") + ", " + plural(batches, "batch", "batches"), err
}

// RemoveOrphans removes the files of tenants that were there before a time and that
// no row names. A render's row is there before its file, and goes before it.
func (a *App) RemoveOrphans(ctx context.Context, before time.Time) (removed int, err error) {
	var old []string
	sweep := func() error {
		named, err := a.named(ctx, old)
		for _, key := range old {
			if err == nil && !named[key] {
				if err = a.objects.Remove(ctx, key); err == nil {
					removed++
				}
			}
		}
		old = old[:0]
		return err
	}
	err = a.objects.Walk(ctx, func(key string, changed time.Time) error {
		if changed.Before(before) && ofTenant(key) {
			old = append(old, key)
		}
		if len(old) < 1000 {
			return ctx.Err()
		}
		return sweep()
	})
	return removed, errors.Join(err, sweep())
}

// ofTenant tells whether a file is in one of the folders that tenants have.
func ofTenant(key string) bool {
	parts := strings.Split(key, "/")
	return len(parts) == 3 && uuid.Validate(parts[0]) == nil && slices.Contains([]string{"renders", "assets", "fonts", "fetched", "drafts"}, parts[1])
}

// named are those of some files that a row names.
func (a *App) named(ctx context.Context, keys []string) (named map[string]bool, err error) {
	var ids []string
	for _, key := range keys {
		id, _, _ := strings.Cut(path.Base(key), ".")
		if uuid.Validate(id) == nil {
			ids = append(ids, id)
		}
	}
	named = map[string]bool{}
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT tenant_id::text || '/renders/' || id || '.' || format FROM renders WHERE id = ANY($1::uuid[])
			UNION ALL SELECT tenant_id::text || '/assets/' || id FROM assets WHERE id = ANY($1::uuid[])
			UNION ALL SELECT tenant_id::text || '/fonts/' || id FROM fonts WHERE id = ANY($1::uuid[])
			UNION ALL SELECT tenant_id::text || '/fetched/' || object FROM fetched_images WHERE object = ANY($1::uuid[])
			UNION ALL SELECT tenant_id::text || '/drafts/' || id || '.csv' FROM drafts WHERE id = ANY($1::uuid[])`, ids)
		if err != nil {
			return fmt.Errorf("look for what names a file: %w", err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, key := range all {
			named[key] = true
		}
		return err
	})
	return named, err
}

// forget takes away rows of all tenants.
func (a *App) forget(ctx context.Context, sql string, args ...any) (n int, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		gone, err := tx.Exec(ctx, sql, args...)
		n = int(gone.RowsAffected())
		return err
	})
	return n, err
}

// removeNamed takes away rows, some at a time, and then the files that they name: one
// that is left when this is cut is an orphan.
func (a *App) removeNamed(ctx context.Context, sql string, args ...any) (removed int, err error) {
	for {
		var keys []string
		err := a.owner(ctx, func(tx pgx.Tx) error {
			rows, err := tx.Query(ctx, sql, args...)
			if err != nil {
				return err
			}
			keys, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err != nil || len(keys) == 0 {
			return removed, err
		}
		removed += len(keys)
		for _, key := range keys {
			if err := a.objects.Remove(ctx, key); err != nil {
				return removed, err
			}
		}
	}
}
