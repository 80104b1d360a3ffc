package app

import (
	"context"
	"fmt"
)

// Progress is how far a batch is. All of it is counted from the rows, so every
// process tells the same.
type Progress struct {
	Batch
	Rate        float64  `json:"rate" db:"-"`         // rows a second, of the last minute; 0 when none were done
	SecondsLeft *float64 `json:"seconds_left" db:"-"` // null where that cannot be told
	Last        []Render `json:"last" db:"-"`         // the rows drawn last
}

// State is the same as long as there is no progress.
func (p Progress) State() string { return fmt.Sprintf("%s-%d-%d", p.Status, p.Done, p.Failed) }

// lastPictures is how many are shown.
const lastPictures = 6

// Progress reads that of a batch.
func (t Tenant) Progress(ctx context.Context, id string) (p Progress, err error) {
	u, err := parseID("batch", id)
	if err != nil {
		return p, err
	}
	type row struct {
		Batch
		Lately  int // rows finished in the last minute
		Seconds float64
	}
	r, err := one[row](ctx, t.sight(), "batch", `
		SELECT `+batchColumns+`,
			(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.finished_at > now() - interval '1 minute') AS lately,
			coalesce(extract(epoch FROM now() - greatest((SELECT min(r.finished_at) FROM renders r WHERE r.batch_id = b.id), now() - interval '1 minute')), 0)::float8 AS seconds
		FROM batches b WHERE b.id = $1`, u)
	if err != nil {
		return p, err
	}
	p.Batch = r.Batch
	if !p.Finished() && r.Lately > 0 && r.Seconds > 0 {
		p.Rate = float64(r.Lately) / r.Seconds
		left := float64(p.Total-p.Done-p.Batch.Failed) / p.Rate
		p.SecondsLeft = &left
	}
	last, err := list(ctx, t.sight(), "rows", PageRequest{Limit: lastPictures}, func(r Render) string { return r.ID }, `
		SELECT `+renderColumns+` FROM renders
		WHERE $1::uuid IS NULL AND batch_id = $3 AND finished_at IS NOT NULL AND status = 'succeeded' ORDER BY finished_at DESC LIMIT $2`, u)
	p.Last = last.Data
	return p, err
}

// FollowProgress calls see with the progress of a batch now and after each change,
// until it is finished, see fails, or ctx ends (which is no error).
func (t Tenant) FollowProgress(ctx context.Context, events *Events, id string, see func(Progress) error) error {
	return events.follow(ctx, "batch:"+id, func() (bool, error) {
		p, err := t.Progress(ctx, id)
		if err != nil {
			return false, err
		}
		return p.Finished(), see(p)
	})
}
