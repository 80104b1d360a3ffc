package backup

import "time"

// Choose tells which of some backups stay.
func Choose(k Keep, all []Backup) []bool { return k.choose(all) }

// Due tells whether a clock that has tried nothing yet would make a backup, and try the newest.
func Due(k *Keeper, s Schedule, all []Backup, now time.Time) (due, untried bool) {
	c := &clock{Keeper: k, Schedule: s}
	return c.due(all, now), c.untried(all, now)
}
