// Package jobs does the long work: River holds the queue, one queue a release, so
// that new code's jobs never reach old code and the reverse. A worker loads
// through app, draws the canvas, has it captured, and saves through app.
package jobs
