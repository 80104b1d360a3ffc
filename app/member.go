package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Member is a person who belongs to a tenant.
type Member struct {
	UserID string
	Email  string
	Name   string
	Role   string
	Since  time.Time
}

// Edits tells whether the member may change things and render.
func (m Membership) Edits() bool { return memberWith(m.Role).right >= toEdit }

// Owns tells whether the member says who belongs to the workspace and which keys open it.
func (m Membership) Owns() bool { return memberWith(m.Role).right >= toOwn }

// Members lists all, by name. Who belongs to a tenant may know who else does.
func (t Tenant) Members(ctx context.Context) (all []Member, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT user_id, email, name, role, since FROM app.find_members()`)
		if err != nil {
			return fmt.Errorf("list members: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Member])
		return err
	})
	return all, err
}

// ChangeRole gives a member another role.
func (t Tenant) ChangeRole(ctx context.Context, user, role string) error {
	if err := t.may(toOwn); err != nil {
		return err
	}
	if err := checkRole(role); err != nil {
		return err
	}
	return t.changeMember(ctx, user, role != Owner, `UPDATE memberships SET role = $2 WHERE user_id = $1`, role)
}

// RemoveMember ends a membership. What the person has made stays.
func (t Tenant) RemoveMember(ctx context.Context, user string) error {
	if err := t.may(toOwn); err != nil {
		return err
	}
	return t.changeMember(ctx, user, true, `DELETE FROM memberships WHERE user_id = $1`)
}

// Leave ends one's own membership, whatever the role.
func (t Tenant) Leave(ctx context.Context, user User) error {
	return t.house().changeMember(ctx, user.ID, true, `DELETE FROM memberships WHERE user_id = $1`)
}

// changeMember changes a membership. Where that would take the role from an owner,
// the owners are locked: of the last two, one stays who tries at the same time.
func (t Tenant) changeMember(ctx context.Context, user string, takes bool, sql string, args ...any) error {
	id, err := parseID("member", user)
	if err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		if takes {
			if err := keepOwner(ctx, tx, id); err != nil {
				return err
			}
		}
		changed, err := tx.Exec(ctx, sql, append([]any{id}, args...)...)
		if err != nil {
			return fmt.Errorf("change member: %w", err)
		}
		if changed.RowsAffected() == 0 {
			return Errorf(NotFound, "there is no such member here")
		}
		return nil
	})
}

// keepOwner refuses to lose the last owner.
func keepOwner(ctx context.Context, tx pgx.Tx, leaving uuid.UUID) error {
	rows, err := tx.Query(ctx, `SELECT user_id FROM memberships WHERE role = 'owner' ORDER BY user_id FOR UPDATE`)
	if err != nil {
		return fmt.Errorf("look for owners: %w", err)
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("look for owners: %w", err)
	}
	if len(owners) == 1 && owners[0] == leaving {
		return Errorf(Conflict, "a workspace has at least one owner, and this is the last; make somebody else an owner first")
	}
	return nil
}

func checkRole(role string) error {
	if slices.Contains(Roles(), role) {
		return nil
	}
	return &Error{Kind: Invalid, Message: "there is no such role", Fields: []Field{{"role", "must be viewer, editor or owner"}}}
}
