package app

import (
	"context"
	"fmt"
	"net/mail"
	"strings"

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

// NewUser is what a person gives to become one.
type NewUser struct{ Name, Email, Password string }

// CreateUser makes a user who owns the tenant with the given slug. It is an operator's act.
func (a *App) CreateUser(ctx context.Context, u NewUser, tenant string) (user User, err error) {
	if err := u.check(); err != nil {
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
		return insertOwner(ctx, tx, row.ID, user.ID)
	})
	return user, err
}

func (u NewUser) check() error {
	var faults []Field
	if f := checkName(u.Name); f != nil {
		faults = append(faults, *f)
	}
	if a, err := mail.ParseAddress(u.Email); err != nil || a.Address != strings.TrimSpace(u.Email) || len(u.Email) > 254 {
		faults = append(faults, Field{"email", "must be an address such as ada@example.com"})
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

func insertOwner(ctx context.Context, tx pgx.Tx, tenant, user string) error {
	_, err := tx.Exec(ctx, `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'owner')`, tenant, user)
	if err != nil {
		return fmt.Errorf("insert membership: %w", err)
	}
	return nil
}
