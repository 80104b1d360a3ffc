package app

import "time"

// Backlog is what is not done in the queue of a release, and what was given up there
// lately. It is for operators.
type Backlog struct {
	Release   string
	Running   int
	Available int
	Waiting   int // for their time, and thumbnails for the rest
	Discarded int
	Oldest    time.Duration // how long the oldest has waited that could run
}
