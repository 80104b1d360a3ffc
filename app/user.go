package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// User is a person who signs in.
type User struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Operator bool   `json:"operator"` // may see the installation as a whole
}

// Membership is a tenant as one of its users sees it.
type Membership struct {
	TenantID string
	Slug     string
	Name     string
	Role     string // owner, editor or viewer
	Release  string // that the tenant is assigned to, "" for none
}

// UserRow is a user as an operator sees one.
type UserRow struct {
	User
	Workspaces map[string]string `json:"workspaces"` // roles, by slug
	CreatedAt  time.Time         `json:"created_at"`
}

// NewUser is what a person gives to become one.
type NewUser struct{ Name, Email, Password string }

// CreateUser makes a user who belongs to the tenant with the given slug. It is an operator's act.
func (a *App) CreateUser(ctx context.Context, u NewUser, tenant, role string) (user User, err error) {
	if err := errors.Join(u.check(), checkRole(role)); err != nil {
		return user, err
	}
	row, err := a.TenantBySlug(ctx, tenant)
	if err != nil {
		return user, err
	}
	err = a.owner(ctx, func(tx pgx.Tx) error {
		user, err = a.insertUser(ctx, tx, u, false)
		if err != nil {
			return err
		}
		return insertMember(ctx, tx, row.ID, user.ID, role)
	})
	return user, err
}

// Users lists all, by address. It is an operator's act.
func (a *App) Users(ctx context.Context) (all []UserRow, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT u.id, u.email, u.name, u.operator, u.created_at,
				coalesce((SELECT jsonb_object_agg(t.slug, m.role) FROM memberships m JOIN tenants t ON t.id = m.tenant_id WHERE m.user_id = u.id), '{}') AS workspaces
			FROM users u ORDER BY lower(u.email)`)
		if err != nil {
			return fmt.Errorf("list users: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[UserRow])
		return err
	})
	return all, err
}

// SetPassword gives a user another password, and ends all sessions. It is an operator's act.
func (a *App) SetPassword(ctx context.Context, email, password string) error {
	if f := checkPassword(password); f != nil {
		return &Error{Kind: Invalid, Message: "this cannot be a password", Fields: []Field{*f}}
	}
	hash, err := a.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.owner(ctx, func(tx pgx.Tx) error {
		type account struct{ ID string }
		found, err := one[account](ctx, tx, "account", `SELECT id FROM app.find_account($1)`, email)
		if KindOf(err) == NotFound {
			return Errorf(NotFound, "there is no account with the address %s; see which there are with: app user list", email)
		}
		if err != nil {
			return err
		}
		if err := setPassword(ctx, tx, found.ID, hash); err != nil {
			return err
		}
		return endSessions(ctx, tx, found.ID, "")
	})
}

func (u NewUser) check() error {
	var faults []Field
	if f := checkName(u.Name); f != nil {
		faults = append(faults, *f)
	}
	if f := checkEmail(u.Email); f != nil {
		faults = append(faults, *f)
	}
	if f := checkPassword(u.Password); f != nil {
		faults = append(faults, *f)
	}
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the account cannot be made as given", Fields: faults}
}

func (a *App) insertUser(ctx context.Context, tx pgx.Tx, u NewUser, operator bool) (User, error) {
	hash, err := a.hash(ctx, u.Password)
	if err != nil {
		return User{}, err
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO users (email, name, password_hash, operator) VALUES ($1, $2, $3, $4)
		RETURNING id, email, name, operator`,
		strings.TrimSpace(u.Email), strings.TrimSpace(u.Name), hash, operator)
	if err != nil {
		return User{}, fmt.Errorf("insert user: %w", err)
	}
	user, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[User])
	if violates(err, "users_email") {
		return user, &Error{Kind: Conflict, Message: "there is an account with this address already", Fields: []Field{{"email", "is in use"}}}
	}
	if err != nil {
		return user, fmt.Errorf("insert user: %w", err)
	}
	return user, nil
}

func insertMember(ctx context.Context, tx pgx.Tx, tenant, user, role string) error {
	_, err := tx.Exec(ctx, `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, $3)`, tenant, user, role)
	if err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return nil
}
