package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Generation is a process of the instance that lives, as it tells of itself.
type Generation struct {
	Number    int
	Release   string
	Version   string
	State     string // warming, serving or draining
	Probation bool   // it serves, and the one before stands by
	Silent    bool   // it does not answer, and what it does is not known
	Started   time.Time

	Running, Available, Waiting int // jobs of its release
}

// Standing is a generation, and whom it serves.
type Standing struct {
	Generation
	StandsBy bool
	Tenants  int      // that it serves
	Slugs    []string // of the first of them
	Staying  []Stay   // all of them, where they wait for their jobs before they move on
}

// Releases is how the instance stands: who serves whom, and how that came about.
type Releases struct {
	Living  []Standing // the newest first
	Tenants int
	History []Upgrade // the newest first
	More    bool      // is remembered
}

// UnderWay is the upgrade that goes on, nil for none.
func (r Releases) UnderWay() *Upgrade {
	i := slices.IndexFunc(r.History, func(u Upgrade) bool { return u.Result == "" })
	if i < 0 {
		return nil
	}
	return &r.History[i]
}

// Releases tells how the instance stands, by who lives, the newest first, and the
// last upgrades. It is for operators.
func (a *App) Releases(ctx context.Context, living []Generation, last int) (r Releases, err error) {
	type group struct {
		Release string
		Tenants int
		Slugs   []string
	}
	var groups []group
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT coalesce(release, '') AS release, count(*) AS tenants, (array_agg(slug ORDER BY slug))[1:$1::int] AS slugs
			FROM tenants GROUP BY 1 ORDER BY 1`, mostSlugs)
		if err != nil {
			return fmt.Errorf("count tenants by release: %w", err)
		}
		if groups, err = pgx.CollectRows(rows, pgx.RowToStructByName[group]); err != nil {
			return fmt.Errorf("count tenants by release: %w", err)
		}
		r.History, err = upgrades(ctx, tx, `ORDER BY began_at DESC LIMIT $1`, last+1)
		return err
	})
	if err != nil {
		return r, err
	}
	if r.More = len(r.History) > last; r.More {
		r.History = r.History[:last]
	}
	for _, g := range living {
		r.Living = append(r.Living, Standing{Generation: g})
	}
	for _, g := range groups {
		r.Tenants += g.Tenants
		if s := serves(r.Living, g.Release); s != nil {
			s.Tenants += g.Tenants
			s.Slugs = append(s.Slugs, g.Slugs...)
		}
	}
	for i := range r.Living {
		s := &r.Living[i]
		s.StandsBy = s.State == "draining" && i > 0 && r.Living[i-1].Probation
		if slices.Sort(s.Slugs); len(s.Slugs) > mostSlugs {
			s.Slugs = s.Slugs[:mostSlugs]
		}
		if s.State == "draining" && s.Tenants > 0 {
			if s.Staying, err = a.Staying(ctx, s.Release); err != nil {
				return r, err
			}
			s.Tenants = len(s.Staying)
		}
	}
	return r, nil
}

// mostSlugs is how many tenants of a release are named.
const mostSlugs = 60

// serves is who serves the tenants that are assigned to a release: its newest
// process, or, where none lives or they are assigned to none, who has the port.
func serves(living []Standing, release string) *Standing {
	at := slices.IndexFunc(living, func(s Standing) bool { return s.Release == release && s.State != "warming" })
	if at < 0 {
		at = slices.IndexFunc(living, func(s Standing) bool { return s.State == "serving" })
	}
	if at < 0 {
		return nil
	}
	return &living[at]
}
