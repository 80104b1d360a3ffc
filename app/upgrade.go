package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Upgrade is one of this instance, as its host has told it.
type Upgrade struct {
	ID          string
	Host        int    // the generation that was to be replaced
	Generation  int    // its successor; 0 while it has none
	From        string `db:"from_release"`
	FromVersion string
	To          string `db:"to_release"` // "" while it is not known
	ToVersion   string
	ByTenant    bool
	Began       time.Time `db:"began_at"`
	Took        time.Duration
	Step        string // the last
	Result      string // "" while it is under way
	Reason      string
}

// Untold is the result of an upgrade whose host was gone before it had one, while
// nothing else tells it.
const Untold = "unknown"

// MostUpgrades is how many are remembered.
const MostUpgrades = 200

// RememberUpgrade keeps what is told of an upgrade, in the place of what was told before.
func (a *App) RememberUpgrade(ctx context.Context, u Upgrade) error {
	return a.owner(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO upgrades (id, host, generation, from_release, from_version, to_release, to_version, by_tenant, began_at, took, step, result, reason)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (id) DO UPDATE SET generation = $3, to_release = $6, to_version = $7, took = $10, step = $11, result = $12, reason = $13`,
			u.ID, u.Host, u.Generation, u.From, u.FromVersion, u.To, u.ToVersion, u.ByTenant, u.Began, u.Took, u.Step, u.Result, u.Reason)
		if err != nil {
			return fmt.Errorf("remember upgrade: %w", err)
		}
		_, err = tx.Exec(ctx, `DELETE FROM upgrades WHERE began_at < (SELECT min(began_at) FROM (SELECT began_at FROM upgrades ORDER BY began_at DESC LIMIT $1) last)`, MostUpgrades)
		if err != nil {
			return fmt.Errorf("forget old upgrades: %w", err)
		}
		return nil
	})
}

// SettleUpgrades ends what hosts have left untold: those that are not among the
// living, by number with their start, or had the number of one before. Decided is
// what else is known of the upgrade to a generation, with a result of "" for nothing.
func (a *App) SettleUpgrades(ctx context.Context, living map[int]time.Time, decided func(generation int) (result, reason string, at time.Time)) error {
	return a.owner(ctx, func(tx pgx.Tx) error {
		open, err := upgrades(ctx, tx, `WHERE result = '' FOR UPDATE`)
		if err != nil {
			return err
		}
		for _, u := range open {
			if start, ok := living[u.Host]; ok && !u.Began.Before(start) {
				continue
			}
			u.Result = Untold
			if result, reason, at := decided(u.Generation); result != "" && at.After(u.Began) {
				u.Result, u.Reason, u.Took = result, reason, at.Sub(u.Began)
			}
			if _, err := tx.Exec(ctx, `UPDATE upgrades SET took = $2, result = $3, reason = $4 WHERE id = $1`, u.ID, u.Took, u.Result, u.Reason); err != nil {
				return fmt.Errorf("settle upgrade: %w", err)
			}
		}
		return nil
	})
}

func upgrades(ctx context.Context, tx pgx.Tx, which string, args ...any) ([]Upgrade, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, host, generation, from_release, from_version, to_release, to_version, by_tenant, began_at, took, step, result, reason
		FROM upgrades `+which, args...)
	if err != nil {
		return nil, fmt.Errorf("find upgrades: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Upgrade])
}
