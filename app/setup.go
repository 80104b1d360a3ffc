package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SetupToken is what the setup link carries while the installation has no user
// yet, and empty for ever after. Who brings it back becomes the first user; a
// first visitor without it does not.
func (a *App) SetupToken(ctx context.Context) (token string, err error) {
	var has bool
	err = a.outside(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT app.has_users()`).Scan(&has)
	})
	if err != nil || has {
		return "", err
	}
	return a.setup, nil
}

// SetUp makes the first user, an operator, and the first tenant, which the user
// owns; it answers with the session's token and the tenant.
func (a *App) SetUp(ctx context.Context, token string, u NewUser, tenant string) (session string, row TenantRow, err error) {
	if !sameToken(token, a.setup) {
		return "", row, Errorf(Forbidden, "this setup link is not the one that this server printed; look at its output, or make an account with: app user create")
	}
	err = u.check()
	if f := checkName(tenant); f != nil {
		fault := Field{"workspace", f.Message}
		if e, ok := err.(*Error); ok {
			e.Fields = append(e.Fields, fault)
		} else {
			err = &Error{Kind: Invalid, Message: "the workspace needs a name", Fields: []Field{fault}}
		}
	}
	if err != nil {
		return "", row, err
	}
	session = newToken()
	err = a.owner(ctx, func(tx pgx.Tx) error {
		// Two who hold the link at once: the second waits here and finds a user.
		if _, err := tx.Exec(ctx, `LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return fmt.Errorf("lock users: %w", err)
		}
		var has bool
		if err := tx.QueryRow(ctx, `SELECT app.has_users()`).Scan(&has); err != nil {
			return fmt.Errorf("look for users: %w", err)
		}
		if has {
			return Errorf(Conflict, "this server is set up already; sign in instead")
		}
		user, err := a.insertUser(ctx, tx, u, true)
		if err != nil {
			return err
		}
		if row, err = a.insertTenant(ctx, tx, tenant); err != nil {
			return err
		}
		if err := insertMember(ctx, tx, row.ID, user.ID, Owner); err != nil {
			return err
		}
		return startSession(ctx, tx, session, user.ID)
	})
	return session, row, err
}
