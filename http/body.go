package http

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	v2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"majestic/app"
)

// The limits of a body, in bytes.
const (
	maxBody       = 2 << 20
	maxBatchBody  = 32 << 20
	maxUploadBody = app.MaxAssetBytes + 1<<20
)

// bodyTime is how long a body may take to arrive.
const bodyTime = 5 * time.Minute

// readJSON reads a body into v strictly: an unknown field or one of the wrong
// type is named, and nothing is guessed. It answers with the body as sent.
func readJSON(w http.ResponseWriter, r *http.Request, limit int64, v any) ([]byte, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return nil, unsupported("application/json", r)
	}
	data, err := readBody(w, r, limit)
	if err != nil {
		return nil, err
	}
	if err := app.CheckJSON(data, "the body"); err != nil {
		return nil, err
	}
	err = v2.Unmarshal(data, v, v2.RejectUnknownMembers(true))
	var s *v2.SemanticError
	switch {
	case err == nil:
		return data, nil
	case !errors.As(err, &s):
		return nil, fmt.Errorf("read the body: %w", err)
	}
	path := fieldPath(s.JSONPointer)
	if path == "" {
		return nil, app.Errorf(app.Invalid, "the body must be %s", describe(s.GoType))
	}
	f := app.Field{Field: path, Message: "must be " + describe(s.GoType)}
	if errors.Is(err, v2.ErrUnknownName) {
		f.Message = "there is no such field; there are " + strings.Join(names(v), ", ")
	}
	return nil, invalid(f)
}

// readBody reads all of a body, up to a limit.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	holdToTime(w)
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, bodyError(err)
	}
	entryOf(r).body = data
	return data, nil
}

// holdToTime bounds how long a body may take. It costs a slow sender the
// connection; net/http sets the next request's own deadline.
func holdToTime(w http.ResponseWriter) {
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
}

// bodyError is why a body could not be read: mostly the sender's doing.
func bodyError(err error) error {
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return app.Errorf(app.TooLarge, "the body is larger than %d MiB, the most that is read here", e.Limit>>20)
	}
	return &app.Error{Kind: app.Malformed, Message: "the body did not arrive whole; send it again", Err: err}
}

// unsupported refuses a body of another type than the one that is read here.
func unsupported(want string, r *http.Request) error {
	got := cmp.Or(r.Header.Get("Content-Type"), "none")
	return &refusal{status: http.StatusUnsupportedMediaType, message: fmt.Sprintf("send the body with Content-Type: %s, not %s", want, got)}
}

// writeJSON answers a program.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	w.Write(b.Bytes())
	return nil
}

// invalid refuses a body for fields that break a rule.
func invalid(fields ...app.Field) error {
	message := "some fields of the body cannot be used"
	if len(fields) == 1 {
		message = fmt.Sprintf("the field %s cannot be used: %s", fields[0].Field, fields[0].Message)
	}
	return &app.Error{Kind: app.Invalid, Message: message, Fields: fields}
}

// within puts the fields of an error below a field of the body.
func within(prefix string, err error) error {
	var e *app.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	moved := *e
	moved.Fields = make([]app.Field, len(e.Fields))
	for i, f := range e.Fields {
		moved.Fields[i] = app.Field{Field: strings.TrimSuffix(prefix+"."+f.Field, "."), Message: f.Message}
	}
	return &moved
}

// fieldPath writes /rows/3/name as rows[3].name.
func fieldPath(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch _, err := strconv.Atoi(token); {
		case err == nil:
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
	}
	return b.String()
}

// describe names a type as its sender thinks of it.
func describe(t reflect.Type) string {
	if t == nil {
		return "something else"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	default:
		return "an object"
	}
}

// names are the fields that a body may have.
func names(v any) []string {
	var list []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(v).Elem()) {
		if !f.Anonymous {
			list = append(list, f.Tag.Get("json"))
		}
	}
	return list
}
