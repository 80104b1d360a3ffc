package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// MaxKeepRenders is the most days that can be set.
const MaxKeepRenders = 3650

// KeepRenders is for how many days the tenant keeps what it has rendered; nil is for ever.
func (t Tenant) KeepRenders(ctx context.Context) (days *int, err error) {
	type row struct{ KeepRenders *int }
	found, err := one[row](ctx, t.sight(), "workspace", `SELECT keep_renders FROM tenants WHERE id = $1`, t.id)
	return found.KeepRenders, err
}

// SetKeepRenders sets it. Within the hour, what is older is gone.
func (t Tenant) SetKeepRenders(ctx context.Context, days *int) error {
	if err := t.may(toOwn); err != nil {
		return err
	}
	if days != nil && (*days < 1 || *days > MaxKeepRenders) {
		message := fmt.Sprintf("must be from 1 to %d, or empty to keep all for ever", MaxKeepRenders)
		return &Error{Kind: Invalid, Message: "renders cannot be kept so: the days " + message, Fields: []Field{{"days", message}}}
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE tenants SET keep_renders = $2 WHERE id = $1`, t.id, days); err != nil {
			return fmt.Errorf("set how long renders are kept: %w", err)
		}
		return nil
	})
}
