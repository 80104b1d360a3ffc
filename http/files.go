package http

import (
	"cmp"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"
)

// file is something stored, on its way out.
type file struct {
	content   io.ReadSeeker
	name      string
	mediaType string
	sha256    string
	made      time.Time
	changes   bool          // what is at the address
	keep      time.Duration // how long a browser may; 0 is a day
	public    bool          // anybody may, for as long, and then asks whether it has changed
}

const (
	day  = 24 * time.Hour
	year = 365 * day
)

// alone is the policy of a drawing that somebody opens by itself: it is a document
// of our site then.
const alone = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// serveFile sends a file, whole or the range asked for.
func serveFile(w http.ResponseWriter, r *http.Request, f file) error {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": f.name}))
	h.Set("ETag", `"`+f.sha256+`"`)
	h.Set("Cache-Control", fmt.Sprintf("private, max-age=%.0f, immutable", cmp.Or(f.keep, day).Seconds()))
	if f.public {
		h.Set("Cache-Control", fmt.Sprintf("public, max-age=%.0f", f.keep.Seconds()))
	}
	if f.changes {
		h.Set("Cache-Control", "private, max-age=60")
	}
	if f.mediaType == "image/svg+xml" {
		h.Set("Content-Security-Policy", alone)
	}
	http.ServeContent(w, r, "", f.made, f.content)
	return nil
}
