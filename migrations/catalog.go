package migrations

import (
	"context"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed catalog.sql
var catalogSQL string

// catalog is what a release finds in the database; see catalog.sql.
type catalog struct {
	facts map[fact]trait
}

// fact names a promise or a demand.
type fact struct {
	Promise            bool
	Kind, Parent, Name string
}

type trait struct {
	Definition string
	Columns    []string
}

func readCatalog(ctx context.Context, conn *pgx.Conn) (catalog, error) {
	c := catalog{map[fact]trait{}}
	rows, err := conn.Query(ctx, catalogSQL)
	if err != nil {
		return c, fmt.Errorf("read the catalog: %w", err)
	}
	var f fact
	var t trait
	_, err = pgx.ForEachRow(rows, []any{&f.Promise, &f.Kind, &f.Parent, &f.Name, &t.Definition, &t.Columns}, func() error {
		c.facts[f] = t
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("read the catalog: %w", err)
	}
	return c, nil
}

// broken tells what a release that was written for c misses in another catalog,
// and what it would not know how to keep.
func (c catalog) broken(after catalog) (all []string) {
	for f, was := range c.facts {
		now, there := after.facts[f]
		switch {
		case there && now.Definition != was.Definition:
			all = append(all, fmt.Sprintf("%s was %s, and is %s", f, was.Definition, now.Definition))
		case f.Promise && !there:
			all = append(all, f.String()+" is gone; the last release uses it: take it away in contract/, when the release that does without it has been out")
		}
	}
	for f, now := range after.facts {
		if _, was := c.facts[f]; f.Promise || was || !c.has(f.Parent) || c.excused(f, now) {
			continue
		}
		all = append(all, f.String()+" is new; the last release does not know it, and its writes would fail: ask for it in contract/")
	}
	slices.Sort(all)
	return slices.Compact(all) // a constraint is a promise and a demand
}

// forget leaves out what has a word in its name.
func (c catalog) forget(word string) {
	maps.DeleteFunc(c.facts, func(f fact, _ trait) bool { return strings.Contains(f.Parent+" "+f.Name, word) })
}

func (c catalog) has(table string) bool {
	_, ok := c.facts[fact{true, "table", table, ""}]
	return ok
}

// excused tells whether a demand is only of columns that c does not have.
func (c catalog) excused(f fact, t trait) bool {
	known := func(column string) bool {
		_, ok := c.facts[fact{true, "column", f.Parent, column}]
		return ok
	}
	return len(t.Columns) > 0 && !slices.ContainsFunc(t.Columns, known)
}

func (f fact) String() string {
	return strings.Join(slices.DeleteFunc([]string{f.Kind, f.Parent, f.Name}, func(s string) bool { return s == "" }), " ")
}
