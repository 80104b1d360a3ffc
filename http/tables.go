package http

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"majestic/app"
)

// sentTable is a table as it came, with the fields that came beside it.
type sentTable struct {
	name   string
	data   []byte
	fields url.Values
}

// isTable tells whether a request brings a table, and not JSON.
func isTable(r *http.Request) bool {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t == "text/csv" || t == "multipart/form-data"
}

// readTable reads a table: the body itself, with the fields in the address, or the
// field csv of a form.
func readTable(w http.ResponseWriter, r *http.Request) (t sentTable, err error) {
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !isTable(r) {
		return t, unsupported("multipart/form-data", r)
	}
	body, err := readBody(w, r, maxBatchBody)
	if err != nil {
		return t, err
	}
	if mediaType == "text/csv" {
		return sentTable{data: body, fields: r.URL.Query()}, nil
	}
	if parameters["boundary"] == "" {
		return t, app.Errorf(app.Malformed, "the Content-Type lacks its boundary; let your HTTP library write this header")
	}
	t.fields = url.Values{}
	form := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return t, formError(err)
		}
		data, err := io.ReadAll(part)
		switch name := part.FormName(); {
		case err != nil:
			return t, formError(err)
		case name == "csv" && t.data != nil || t.fields.Has(name):
			return t, invalid(app.Field{Field: name, Message: "is there twice; send it once"})
		case name == "csv":
			t.name, t.data = part.FileName(), data
		default:
			t.fields.Set(name, string(data))
		}
	}
}

// sum stands for all that counts of the body: the boundaries in it are others each time.
func (t sentTable) sum() []byte {
	of := sha256.New()
	io.WriteString(of, t.fields.Encode()+"\n"+t.name+"\n")
	of.Write(t.data)
	return of.Sum(nil)
}

// tableFields are what may come beside a table.
const tableFields = "design, format, scale, page, pages, quality, transparent, optimize, file_names, skip_bad_rows, webhook_url"

// request is the batch that is asked for; columns are variables by their names.
func (t sentTable) request() (q app.BatchRequest, err error) {
	if t.data == nil {
		return q, invalid(app.Field{Field: "csv", Message: "is missing; it is the table"})
	}
	var in outputBody
	var faults []app.Field
	for name, values := range t.fields {
		var err error
		switch value := values[0]; name {
		case "design":
			q.Design = value
		case "format":
			in.Format = value
		case "scale":
			in.Scale, err = number(strconv.ParseFloat(value, 64))
		case "page":
			in.Page, err = number(strconv.Atoi(value))
		case "pages":
			in.Pages = value
		case "quality":
			in.Quality, err = number(strconv.Atoi(value))
		case "transparent":
			in.Transparent, err = strconv.ParseBool(value)
		case "optimize":
			in.Optimize, err = strconv.ParseBool(value)
		case "file_names":
			q.FileNames = value
		case "skip_bad_rows":
			q.SkipBadRows, err = strconv.ParseBool(value)
		case "webhook_url":
			q.WebhookURL = value
		default:
			faults = append(faults, app.Field{Field: name, Message: "there is no such field; there are csv, " + tableFields})
		}
		if err != nil {
			faults = append(faults, app.Field{Field: name, Message: "must be a number, or true or false, not " + strconv.Quote(values[0])})
		}
	}
	output, more := in.output()
	if faults = append(faults, more...); faults != nil {
		return q, invalid(faults...)
	}
	q.Output, q.Name = output, strings.TrimSpace(t.name)
	if q.Table, err = app.ReadTable(bytes.NewReader(t.data)); err != nil {
		return q, err
	}
	return q, nil
}

func number[T int | float64](n T, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return &n, nil
}
