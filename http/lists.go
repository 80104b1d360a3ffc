package http

import (
	"net/http"
	"strconv"

	"majestic/app"
)

// pageOf reads which part of a list is wanted: ?limit=&after=.
func pageOf(r *http.Request) (p app.PageRequest, err error) {
	q := r.URL.Query()
	p.After = q.Get("after")
	if !q.Has("limit") {
		return p, nil
	}
	if p.Limit, err = strconv.Atoi(q.Get("limit")); err != nil || p.Limit == 0 {
		return p, &app.Error{Kind: app.Malformed, Message: "limit must be from 1 to 100", Fields: []app.Field{{Field: "limit", Message: "must be from 1 to 100"}}}
	}
	return p, nil
}
