// Package upgrade knows the processes of an instance. A release is an executable,
// named by the first 12 hex digits of its SHA-256 and kept under releases/; a
// generation is one running process of a release, numbered, with a lock that is
// held exactly as long as the process lives and a control socket on which it
// answers.
//
// It imports nothing of the house, so any Go program could use it.
package upgrade
