package app

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of failure an Error is. The http room turns it into a
// status in one place; the command line into an exit code.
type Kind int

const (
	Internal        Kind = iota // our fault: the log has the cause, the person an apology
	Malformed                   // the input could not be read at all
	Invalid                     // the input was read and breaks a rule; Fields names where
	Unauthenticated             // who are you?
	Forbidden                   // known, and not allowed
	NotFound                    // no such thing, or not this tenant's
	Conflict                    // the state of the thing does not allow it now
	Stale                       // the caller's version is not the newest
	Unconditional               // the caller must say which version it changes
	TooLarge                    // over a limit in bytes
	TooMany                     // over a rate
	Unavailable                 // try again later
)

// Error is a failure with two texts: Message for the person (what failed, why,
// what to do next), Err for the log. Fields names the parts of the input at fault.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Field
	Wait    time.Duration // of TooMany, where it is known
	Err     error
}

// Field is one fault of an input: where, in the sender's own terms
// (pages[0].elements[2].size, rows[7].name), and what is wrong.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Errorf makes an Error of a kind with a message for the person.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Error is the text for the log: the message, the fields and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Field, f.Message)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf is the kind of the Error in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
