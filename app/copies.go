package app

import "time"

// Copies are the backups of the instance, as operators see them.
type Copies struct {
	State   string        // how they are, as far as nothing is wrong
	Problem string        // what is wrong with them, "" for nothing
	Every   time.Duration // between two; 0 is never
	Trial   time.Duration // between two trials
	Place   string
	Carried bool   // a command takes each elsewhere
	All     []Copy // the newest first
}

// Copy is one of them.
type Copy struct {
	ID      string
	At      time.Time
	Took    time.Duration
	Version string
	Bytes   int64
	Missing int      // files that rows name, and that were not there
	Trial   *Outcome // of restoring it, nil when it was not tried
	Command *Outcome // of taking it elsewhere, nil when it was not
}

// Outcome is what came of something that was done with a backup.
type Outcome struct {
	At    time.Time
	Took  time.Duration
	Said  string
	Error string // "" where it went well
}
