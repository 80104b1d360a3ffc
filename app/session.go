package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// SessionLife is how long a session lasts after sign-in.
const SessionLife = 30 * 24 * time.Hour

// nobodysPassword is the hash of a random text that was thrown away.
const nobodysPassword = "$argon2id$v=19$m=19456,t=2,p=1$xaOlD8QrfdPMbZL0hKceig$vat1BsOR6yXulUiirrHnvX6EdqN2faDsfhATkDcowuU"

// SignIn checks a password and starts a session; the token goes into the cookie
// and is kept as a hash only.
func (a *App) SignIn(ctx context.Context, email, password string) (token string, err error) {
	var account struct{ ID, PasswordHash string }
	err = a.outside(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `SELECT id, password_hash FROM app.find_account($1)`, email).Scan(&account.ID, &account.PasswordHash)
	})
	known := !errors.Is(err, pgx.ErrNoRows)
	if err != nil && known {
		return "", fmt.Errorf("find account: %w", err)
	}
	if !known {
		account.PasswordHash = nobodysPassword // takes as long, so the answer does not tell who has an account
	}
	right, err := a.matches(ctx, account.PasswordHash, password)
	if err != nil {
		return "", err
	}
	if !right || !known {
		return "", Errorf(Unauthenticated, "the address or the password is not right")
	}
	token = newToken()
	err = a.outside(ctx, func(tx pgx.Tx) error { return startSession(ctx, tx, token, account.ID) })
	return token, err
}

// SignOut ends a session; one that has ended already is no error.
func (a *App) SignOut(ctx context.Context, token string) error {
	return a.outside(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT app.end_session($1)`, hashToken(token)); err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		return nil
	})
}

// Session is the user of a live session.
func (a *App) Session(ctx context.Context, token string) (user User, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		user, err = one[User](ctx, tx, "session", `SELECT id, email, name, operator FROM app.find_session($1)`, hashToken(token))
		return err
	})
	if KindOf(err) == NotFound {
		return user, Errorf(Unauthenticated, "you are signed out; sign in to go on")
	}
	return user, err
}

// Memberships lists the tenants of a user, by name.
func (a *App) Memberships(ctx context.Context, user string) (all []Membership, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT tenant_id, slug, name, role, coalesce(app.release_of(tenant_id), '') AS release FROM app.find_memberships($1)`, user)
		if err != nil {
			return fmt.Errorf("find memberships: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Membership])
		return err
	})
	return all, err
}

// Enter opens a tenant to one of its users, and lists all that the user may enter.
// A tenant that exists and is not the user's is not found, like one that does not.
func (a *App) Enter(ctx context.Context, user, slug string) (t Tenant, here Membership, all []Membership, err error) {
	if all, err = a.Memberships(ctx, user); err != nil {
		return t, here, nil, err
	}
	for _, m := range all {
		if m.Slug == slug {
			return a.Assigned(m.TenantID, m.Release), m, all, nil
		}
	}
	return t, here, all, Errorf(NotFound, "there is no such workspace here")
}

func startSession(ctx context.Context, tx pgx.Tx, token, user string) error {
	if _, err := tx.Exec(ctx, `SELECT app.start_session($1, $2, $3)`, hashToken(token), user, time.Now().Add(SessionLife)); err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	return nil
}
