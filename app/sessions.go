package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Session is a sign-in of a person that still holds, as the person sees it.
type Session struct {
	ID        string // says nothing about its token
	Agent     string
	Address   string
	CreatedAt time.Time
	SeenAt    time.Time
	Here      bool // the one that asks

	hash []byte
}

// Sessions lists a user's, the last used first; token is that of the one that asks.
func (a *App) Sessions(ctx context.Context, user, token string) (all []Session, err error) {
	err = a.outside(ctx, func(tx pgx.Tx) error {
		all, err = findSessions(ctx, tx, user)
		return err
	})
	for i := range all {
		all[i].Here = string(all[i].hash) == string(hashToken(token))
	}
	return all, err
}

// EndSession ends one of a user's sessions.
func (a *App) EndSession(ctx context.Context, user, id string) error {
	return a.outside(ctx, func(tx pgx.Tx) error {
		all, err := findSessions(ctx, tx, user)
		if err != nil {
			return err
		}
		for _, s := range all {
			if s.ID != id {
				continue
			}
			if _, err := tx.Exec(ctx, `SELECT app.end_account_session($1, $2)`, user, s.hash); err != nil {
				return fmt.Errorf("end session: %w", err)
			}
			return nil
		}
		return Errorf(NotFound, "there is no such session here; it may have ended already")
	})
}

// EndSessions ends all of a user's.
func (a *App) EndSessions(ctx context.Context, user string) error {
	return a.outside(ctx, func(tx pgx.Tx) error { return endSessions(ctx, tx, user, "") })
}

func findSessions(ctx context.Context, tx pgx.Tx, user string) ([]Session, error) {
	rows, err := tx.Query(ctx, `SELECT token_hash, agent, address, created_at, seen_at FROM app.find_sessions($1)`, user)
	if err != nil {
		return nil, fmt.Errorf("find sessions: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		err = row.Scan(&s.hash, &s.Agent, &s.Address, &s.CreatedAt, &s.SeenAt)
		sum := sha256.Sum256(s.hash)
		s.ID = hex.EncodeToString(sum[:8])
		return s, err
	})
}

// endSessions ends all of a user's sessions but the one with the token, if any.
func endSessions(ctx context.Context, tx pgx.Tx, user, but string) error {
	var keep []byte
	if but != "" {
		keep = hashToken(but)
	}
	if _, err := tx.Exec(ctx, `SELECT app.end_account_sessions($1, $2)`, user, keep); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
