package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A tenant is served by one release at a time: while an upgrade goes tenant by
// tenant, the older one keeps those whose jobs are not done. The column release
// of tenants says who; it is changed by Assign and Move alone, which lock the row.
// Whoever makes a job holds the row, too, and makes none for a tenant that is
// another release's: so no job of the old one can appear after the move.

// Moved is the error of work for a tenant that another release serves: it is to be done there.
type Moved struct {
	Release string // "" for the one that serves now
}

func (m *Moved) Error() string {
	return fmt.Sprintf("the tenant is served by another release (%q); try again", m.Release)
}

// Release is the one that the tenant was assigned to when it was looked up, "" for none.
func (t Tenant) Release() string { return t.release }

// LookUp is the tenant as it is assigned now.
func (t Tenant) LookUp(ctx context.Context) (Tenant, error) {
	err := t.tx(ctx, func(tx pgx.Tx) (err error) {
		t.release, err = releaseOf(ctx, tx, t.id, "")
		return err
	})
	return t, err
}

// hold keeps the tenant with this release until the transaction ends, or fails
// with Moved when it is another's.
func (t Tenant) hold(ctx context.Context, tx pgx.Tx) error {
	release, err := releaseOf(ctx, tx, t.id, "FOR SHARE")
	if err != nil {
		return err
	}
	if t.app.mine != nil && !t.app.mine(release) {
		return &Moved{release}
	}
	return nil
}

// Assign takes over from a release, just before this one accepts: all its tenants at
// once, or, tenant by tenant, those that have no work left in its queue. Who is with
// another living release stays there in that case; their own moves will bring them.
// A release that is started afresh finds what it has left.
func (a *App) Assign(ctx context.Context, from string, living []string, byTenant bool) error {
	if from == a.release {
		return nil
	}
	return a.owner(ctx, func(tx pgx.Tx) error {
		if !byTenant {
			// Who was with a third one is not to be served by the one before, whose connections live on.
			_, err := tx.Exec(ctx, `UPDATE tenants SET release = CASE WHEN release <> $1 THEN $2 END WHERE release IS NOT NULL`, from, a.release)
			if err != nil {
				return fmt.Errorf("assign tenants: %w", err)
			}
			return nil
		}
		// A statement of its own, before the one that looks: that sees what those have made who held a row.
		if _, err := tx.Exec(ctx, `SELECT FROM tenants ORDER BY id FOR NO KEY UPDATE`); err != nil {
			return fmt.Errorf("lock tenants: %w", err)
		}
		busy, err := a.queue.Busy(ctx, tx, from)
		if err != nil {
			return err
		}
		others := slices.DeleteFunc(slices.Clone(living), func(r string) bool { return r == from || r == a.release })
		_, err = tx.Exec(ctx, `
			UPDATE tenants SET release = CASE WHEN id::text = ANY($1) THEN $2 ELSE $3 END
			WHERE release IS NULL OR NOT release = ANY($4)`, busy, from, a.release, others)
		if err != nil {
			return fmt.Errorf("assign tenants: %w", err)
		}
		return nil
	})
}

// Expect forgets who was assigned to a release when it lived before: it is about to
// start again, and has no tenants yet.
func (a *App) Expect(ctx context.Context, release string) error {
	if release == a.release {
		return nil
	}
	return a.owner(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE tenants SET release = NULL WHERE release = $1`, release)
		if err != nil {
			return fmt.Errorf("forget who was assigned to release %s: %w", release, err)
		}
		return nil
	})
}

// Moves are what became of a release's tenants.
type Moves struct {
	Moved  []string // by id
	Forced []string // likewise, of those that have work left
	Left   int
}

// Move gives tenants of this release away: those that have no work left in its
// queue, or all. A tenant goes to the oldest of the heirs that has work of it, else to
// the last, who serves now.
func (a *App) Move(ctx context.Context, heirs []string, all bool) (m Moves, err error) {
	var here []uuid.UUID
	var busy []string
	err = a.owner(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT coalesce(array_agg(id), '{}') FROM tenants WHERE release = $1`, a.release).Scan(&here); err != nil {
			return fmt.Errorf("find tenants to move: %w", err)
		}
		if len(here) > 0 {
			busy, err = a.queue.Busy(ctx, tx, a.release)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	for _, id := range here {
		if len(heirs) == 0 || !all && slices.Contains(busy, id.String()) {
			m.Left++
			continue
		}
		if err := a.move(ctx, id, heirs, all, &m); err != nil {
			return m, err
		}
	}
	return m, nil
}

// move locks the tenant's row first. What was enqueued by those who held it is seen
// by the statements after that, and by no single one that does it all.
func (a *App) move(ctx context.Context, id uuid.UUID, heirs []string, always bool, m *Moves) error {
	var here, busy bool
	err := a.owner(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `SELECT coalesce((SELECT release = $2 FROM tenants WHERE id = $1 FOR NO KEY UPDATE), false)`, id, a.release).Scan(&here)
		if err != nil {
			return fmt.Errorf("lock tenant %s: %w", id, err)
		}
		if !here {
			return nil // deleted meanwhile, or assigned anew
		}
		if busy, err = a.busy(ctx, tx, id, a.release); err != nil || busy && !always {
			return err
		}
		to := heirs[len(heirs)-1]
		for _, heir := range heirs {
			works, err := a.busy(ctx, tx, id, heir)
			if err != nil {
				return err
			}
			if works {
				to = heir
				break
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE tenants SET release = $2 WHERE id = $1`, id, to); err != nil {
			return fmt.Errorf("move tenant %s: %w", id, err)
		}
		return nil
	})
	switch {
	case err != nil || !here:
	case busy && !always:
		m.Left++
	case busy:
		m.Moved, m.Forced = append(m.Moved, id.String()), append(m.Forced, id.String())
	default:
		m.Moved = append(m.Moved, id.String())
	}
	return err
}

func (a *App) busy(ctx context.Context, tx pgx.Tx, id uuid.UUID, release string) (bool, error) {
	busy, err := a.queue.Busy(ctx, tx, release)
	return slices.Contains(busy, id.String()), err
}

// AssignedReleases are those that tenants are assigned to.
func (a *App) AssignedReleases(ctx context.Context) (all []string, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `SELECT coalesce(array_agg(DISTINCT release), '{}') FROM tenants WHERE release IS NOT NULL`).Scan(&all); err != nil {
			return fmt.Errorf("find assigned releases: %w", err)
		}
		return nil
	})
	return all, err
}

func releaseOf(ctx context.Context, tx pgx.Tx, id uuid.UUID, lock string) (string, error) {
	type row struct{ Release string }
	found, err := one[row](ctx, tx, "workspace", `SELECT coalesce(release, '') AS release FROM tenants WHERE id = $1 `+lock, id)
	return found.Release, err
}
