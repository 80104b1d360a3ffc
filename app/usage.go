package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Usage is what a tenant's renders came to in some days, the first and the last
// included. What was removed since counts, and thumbnails never do.
type Usage struct {
	From  string    `json:"from"` // a day of UTC, as in 2026-11-28
	To    string    `json:"to"`
	Total UsedSum   `json:"total"`
	Days  []UsedDay `json:"days"` // those on which something was rendered
}

// UsedDay is one of them.
type UsedDay struct {
	Day string `json:"day"`
	UsedSum
}

// UsedSum counts renders that succeeded: a row of a batch is none of the renders.
type UsedSum struct {
	Renders int64 `json:"renders"`
	Rows    int64 `json:"rows"`
	Bytes   int64 `json:"bytes"` // of the files of both
}

// maxUsedDays is how many are told at once.
const maxUsedDays = 366

// Usage tells it; "" is today for to, and for from the first of to's month.
func (t Tenant) Usage(ctx context.Context, from, to string) (u Usage, err error) {
	first, last, err := usedDays(from, to, time.Now().UTC())
	if err != nil {
		return u, err
	}
	u = Usage{From: first.Format(time.DateOnly), To: last.Format(time.DateOnly)}
	rows, err := t.sight().Query(ctx, `
		SELECT to_char(day, 'YYYY-MM-DD') AS day, renders, rows, bytes FROM usage WHERE day BETWEEN $1 AND $2 ORDER BY day`, first, last)
	if err != nil {
		return u, explain(fmt.Errorf("read usage: %w", err))
	}
	if u.Days, err = pgx.CollectRows(rows, pgx.RowToStructByName[UsedDay]); err != nil {
		return u, explain(fmt.Errorf("read usage: %w", err))
	}
	for _, d := range u.Days {
		u.Total.Renders += d.Renders
		u.Total.Rows += d.Rows
		u.Total.Bytes += d.Bytes
	}
	return u, nil
}

func usedDays(from, to string, today time.Time) (first, last time.Time, err error) {
	var faults []Field
	read := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			faults = append(faults, Field{name, "must be a day such as 2026-11-28"})
		}
		return day
	}
	last = read("to", to, today.Truncate(24*time.Hour))
	first = read("from", from, last.AddDate(0, 0, 1-last.Day()))
	switch days := last.Sub(first).Hours()/24 + 1; {
	case faults != nil:
	case days < 1:
		faults = append(faults, Field{"from", "must not be after to"})
	case days > maxUsedDays:
		faults = append(faults, Field{"from", fmt.Sprintf("must be at most %d days before to", maxUsedDays-1)})
	}
	if faults != nil {
		return first, last, &Error{Kind: Malformed, Message: "these are no days that can be told of", Fields: faults}
	}
	return first, last, nil
}
