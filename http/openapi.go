package http

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// openAPI describes the API, for programs and for the page that explains it. Its
// tests hold every request and every answer of theirs against it.
//
//go:embed openapi.json
var openAPI []byte

// description is what is read of it here.
type description struct {
	Tags       []struct{ Name, Description string }
	Paths      map[string]map[string]operation // by path and method
	Components struct {
		Parameters map[string]parameter
	}

	served []byte // with the address of this server
	etag   string
}

// operation is what can be asked of a path.
type operation struct {
	ID          string `json:"operationId"`
	Tags        []string
	Summary     string
	Description string
	Parameters  []parameter
	RequestBody struct {
		Content map[string]struct{ Example json.RawMessage }
	}
	Responses map[string]struct {
		Content map[string]json.RawMessage
	}
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
	Required bool
	Example  any
}

// newDescription reads it, for a server at an address.
func newDescription(base string) (d description) {
	if err := json.Unmarshal(openAPI, &d); err != nil {
		panic(fmt.Errorf("openapi.json: %w", err)) // it is ours
	}
	for _, methods := range d.Paths {
		for _, o := range methods {
			for i, p := range o.Parameters {
				if p.Ref != "" {
					o.Parameters[i] = d.Components.Parameters[p.Ref[strings.LastIndex(p.Ref, "/")+1:]]
				}
			}
		}
	}
	d.served = bytes.Replace(openAPI, []byte(`"url": "/api/v1"`), []byte(`"url": "`+base+`/api/v1"`), 1)
	sum := sha256.Sum256(d.served)
	d.etag = `"` + hex.EncodeToString(sum[:8]) + `"`
	return d
}

func (s *Server) showOpenAPI(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", s.api.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.api.served))
	return nil
}
