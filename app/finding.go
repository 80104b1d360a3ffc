package app

import "time"

// Finding is how one thing is that the machine or the instance must have. It is for
// operators.
type Finding struct {
	Name    string
	Why     string // it is needed
	Found   string // what is there
	Problem string // what is wrong, "" for nothing
	Remedy  string // what to do about it
	At      time.Time
}
