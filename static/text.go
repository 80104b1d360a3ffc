package static

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Text is a file of ours that is zipped once, for all browsers that take that, when
// the first one asks: a release that warms up has better to do.
type Text struct {
	plain  string
	zipped func() []byte
}

// NewText makes one.
func NewText(plain string) *Text {
	return &Text{plain, sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // which is a level
		w.Write([]byte(plain))                                // a bytes.Buffer takes all
		w.Close()
		return b.Bytes()
	})}
}

// ServeHTTP answers with the text; what kind it is, the caller has said.
func (t *Text) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept-Encoding")
	if !takesGzip.MatchString(r.Header.Get("Accept-Encoding")) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(t.plain))
		return
	}
	w.Header().Set("Content-Encoding", "gzip")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(t.zipped()))
}

var takesGzip = regexp.MustCompile(`(?i)(^|[ ,])gzip *(,|$|; *q=(0\.[0-9]*[1-9]|1))`)
