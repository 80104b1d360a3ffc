package backup

import (
	"cmp"
	"time"

	"majestic/app"
)

// Copies are the backups that a schedule makes, for operators.
func (k *Keeper) Copies(s Schedule, now time.Time) app.Copies {
	state, err := k.Health(s, now)
	all := app.Copies{State: state, Every: s.Every, Trial: s.Trial, Place: k.Place, Carried: s.Command != ""}
	list, lerr := k.List()
	if err = cmp.Or(err, lerr); err != nil {
		all.Problem = err.Error()
	}
	for _, b := range list {
		one := app.Copy{ID: b.ID, At: b.At, Took: b.Took, Version: b.Version, Bytes: b.Bytes(), Missing: len(b.Missing)}
		if d := b.Drill; d != nil {
			one.Trial = &app.Outcome{At: d.At, Took: d.Took, Said: d.Drawn, Error: d.Error}
		}
		if c := b.Command; c != nil {
			one.Command = &app.Outcome{At: c.At, Took: c.Took, Said: c.Output, Error: c.Error}
		}
		all.All = append(all.All, one)
	}
	return all
}
