package app

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// PageRequest asks for part of a list, newest first: at most Limit things, those after
// the one whose id is After.
type PageRequest struct {
	Limit int    // 1 to 100; 0 means 20
	After string // the last id of the page before; empty for the first
}

// List is one page of a list. Next is what After must be for the page that
// follows, nil on the last.
type List[T any] struct {
	Data []T     `json:"data"`
	Next *string `json:"next"`
}

// list reads one page by a query whose $1 is the cursor's id (null for none) and
// $2 the limit; it asks for one more than the limit, to know whether more follow.
func list[T any](ctx context.Context, q querier, what string, p PageRequest, id func(T) string, sql string, args ...any) (List[T], error) {
	limit := p.Limit
	if limit == 0 {
		limit = 20
	}
	if limit < 1 || limit > 100 {
		return List[T]{}, &Error{Kind: Malformed, Message: "limit must be from 1 to 100", Fields: []Field{{"limit", "must be from 1 to 100"}}}
	}
	var after *uuid.UUID
	if p.After != "" {
		u, err := uuid.Parse(p.After)
		if err != nil {
			return List[T]{}, &Error{Kind: Malformed, Message: "after must be the next of an earlier page", Fields: []Field{{"after", "is not the next of an earlier page"}}}
		}
		after = &u
	}
	rows, err := q.Query(ctx, sql, append([]any{after, limit + 1}, args...)...)
	if err != nil {
		return List[T]{}, explain(fmt.Errorf("list %s: %w", what, err))
	}
	data, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return List[T]{}, explain(fmt.Errorf("list %s: %w", what, err))
	}
	if len(data) <= limit {
		return List[T]{Data: data}, nil
	}
	next := id(data[limit-1])
	return List[T]{Data: data[:limit], Next: &next}, nil
}
