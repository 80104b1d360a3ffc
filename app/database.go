package app

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// explain gives the database's own refusals, wherever they come from, a kind and
// a text for the person. SQLSTATEs are those of PostgreSQL's appendix A.
func explain(err error) error {
	var ours *Error
	if err == nil || errors.As(err, &ours) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		if connecting := new(pgconn.ConnectError); errors.As(err, &connecting) || pgconn.SafeToRetry(err) ||
			errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) {
			return &Error{Kind: Unavailable, Message: "the database does not answer; try again in a moment", Err: err}
		}
		return err
	}
	switch {
	case pg.Code == "22021", pg.Code == "22P05": // character_not_in_repertoire, untranslatable_character
		return &Error{Kind: Invalid, Message: "a text holds a character that cannot be kept, a NUL or bytes that are no UTF-8; take it out and send it again", Err: err}
	case pg.Code == "53100": // disk_full
		return &Error{Kind: Unavailable, Message: "the server's disk is full, so nothing was kept; free some space and try again", Err: err}
	case strings.HasPrefix(pg.Code, "53"), strings.HasPrefix(pg.Code, "57P"), strings.HasPrefix(pg.Code, "08"):
		return &Error{Kind: Unavailable, Message: "the database cannot work right now; try again in a moment", Err: err}
	}
	return err
}
