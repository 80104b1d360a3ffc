package http

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"majestic/app"
	"majestic/http/views"
)

// linkAge is how long a picture may be shown without asking again whether another
// version was published, or the key has changed.
const linkAge = 5 * time.Minute

// showPicture shows the picture that a signed address asks for, drawn now when
// nobody has asked for it before.
func (s *Server) showPicture(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	_, ending, _ := strings.Cut(r.PathValue("file"), ".")
	format, ok := map[string]string{"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp"}[ending]
	if !ok {
		return app.Errorf(app.NotFound, "there is no such picture here")
	}
	q, err := linkRequest(r.PathValue("design"), format, r.URL.RawQuery)
	if err != nil {
		return err
	}
	made, err := s.linked(r.Context(), t, q)
	if err != nil {
		return err
	}
	f, err := t.RenderFile(r.Context(), made)
	if err != nil {
		return err
	}
	defer f.Close()
	return serveFile(w, r, file{
		content: f, name: "image" + made.Extension(), mediaType: mediaType(made.Format), sha256: *made.SHA256, made: *made.FinishedAt, keep: linkAge, public: true,
	})
}

// linked is a render that has a file. All who want it at once wait for one, which is
// drawn on when the first of them has gone.
func (s *Server) linked(ctx context.Context, t app.Tenant, q app.RenderRequest) (made app.Render, err error) {
	link, err := q.Link()
	if err != nil {
		return made, err
	}
	flight := s.links.DoChan(string(link), func() (_ any, err error) {
		defer func() {
			if v := recover(); v != nil { // beyond the reach of the request's own, it would end the process
				err = fmt.Errorf("panic: %v", v)
			}
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Wait)
		defer cancel()
		made, err := t.LinkedRender(ctx, q)
		if err != nil || made.Finished() {
			return made, err
		}
		err = t.FollowRender(ctx, s.o.Events, made.ID, func(now app.Render) error {
			made = now
			return nil
		})
		return made, err
	})
	select {
	case <-ctx.Done():
		return made, ctx.Err()
	case done := <-flight:
		if done.Err != nil {
			return made, done.Err
		}
		made = done.Val.(app.Render)
	}
	switch made.Status {
	case app.Succeeded:
		return made, nil
	case app.Failed:
		return made, app.Errorf(app.Invalid, "the picture cannot be drawn: %s", *made.Error)
	default:
		return made, app.Errorf(app.Unavailable, "the picture is not drawn yet; ask again in a moment")
	}
}

// linkOptions are what an address may ask for besides variables, each after an
// underscore. A variable whose own name begins with one has another before it.
var linkOptions = []string{"version", "scale", "page", "quality", "transparent", "optimize"}

func linkRequest(design, format, query string) (q app.RenderRequest, err error) {
	q = app.RenderRequest{Design: design, Variables: map[string]string{}, Output: app.Output{Format: format}}
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, &app.Error{Kind: app.Malformed, Message: "the address has something behind its question mark that cannot be read", Err: err}
	}
	var faults []app.Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values.Get(name)
		fault := ""
		switch option, ours := strings.CutPrefix(name, "_"); {
		case len(values[name]) > 1:
			fault = "is there more than once"
		case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			fault = "must be text in UTF-8, without NUL characters"
		case !ours:
			q.Variables[name] = value
		case strings.HasPrefix(option, "_"):
			q.Variables[option] = value
		default:
			fault = setOption(&q, option, value)
		}
		if fault != "" {
			faults = append(faults, app.Field{Field: name, Message: fault})
		}
	}
	if faults != nil {
		return q, &app.Error{Kind: app.Invalid, Message: "the picture cannot be made as asked", Fields: faults}
	}
	return q, nil
}

func setOption(q *app.RenderRequest, option, value string) (fault string) {
	var err error
	whole := func(to *int) {
		if *to, err = strconv.Atoi(value); err != nil || *to == 0 {
			fault = "must be a whole number, and not 0"
		}
	}
	yes := func(to *bool) {
		if *to = value == "true"; !*to && value != "false" {
			fault = "must be true or false"
		}
	}
	switch option {
	case "version":
		whole(&q.Version)
	case "page":
		whole(&q.Page)
	case "quality":
		whole(&q.Quality)
	case "scale":
		if q.Scale, err = strconv.ParseFloat(value, 64); err != nil || q.Scale == 0 {
			fault = "must be from 0.1 to 4"
		}
	case "transparent":
		yes(&q.Transparent)
	case "optimize":
		yes(&q.Optimize)
	default:
		fault = "there is no such option; there are _" + strings.Join(linkOptions, ", _") + "; a variable of this name has one underscore more"
	}
	return fault
}

// linkBody is the address of a picture, and how pages show it.
type linkBody struct {
	Address string `json:"address"`
	Tags    string `json:"tags"`
}

// getLink writes the address of the picture that the form of a design asks for.
func (s *Server) getLink(w http.ResponseWriter, r *http.Request, v visit) error {
	d, err := v.PublishedDesign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	o, err := outputForm(r.URL.Query())
	if err != nil {
		return err
	}
	if o.Format == "pdf" {
		return invalid(app.Field{Field: "format", Message: "a PDF has no such address; choose an image"})
	}
	if o, err = d.Document.Output(o); err != nil {
		return err
	}
	link, err := s.linkTo(r.Context(), v, d, variables(r.URL.Query()), o)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, linkBody{link.Address, link.Tags()})
}

func (s *Server) postLinkKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := v.RotateLinkKey(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "designs", r.PathValue("id"))+"#address")
}

// linkTo is the address of a picture of a design, and the key that signs it; none
// for who may only look.
func (s *Server) linkTo(ctx context.Context, v visit, d app.Design, variables map[string]string, o app.Output) (*views.Link, error) {
	key, err := v.LinkKey(ctx, d.ID)
	if err != nil || key == "" {
		return nil, err
	}
	q := url.Values{}
	for name, value := range variables {
		if strings.HasPrefix(name, "_") {
			name = "_" + name
		}
		q.Set(name, value)
	}
	option := func(name, value string, usual bool) {
		if !usual {
			q.Set("_"+name, value)
		}
	}
	option("scale", strconv.FormatFloat(o.Scale, 'f', -1, 64), o.Scale == 1)
	option("page", strconv.Itoa(o.Page), o.Page == 1)
	option("quality", strconv.Itoa(o.Quality), o.Quality == app.DefaultQuality || !app.HasQuality(o.Format))
	option("transparent", "true", !o.Transparent)
	option("optimize", "true", !o.Optimize)
	query := q.Encode()
	address := s.o.BaseURL + "/i/" + d.ID + "/" + app.SignLink(key, query) + "." + o.Format
	if query != "" {
		address += "?" + query
	}
	width, height := d.Document.Pages[o.Page-1].Size(o.Scale)
	return &views.Link{Key: key, Address: address, Width: width, Height: height}, nil
}

// linkable is a file that was asked for as near as an address can ask for it.
func linkable(doc app.Document, last app.Output) app.Output {
	if last.Format == "pdf" {
		last = app.Output{}
	}
	o, err := doc.Output(last)
	if err != nil { // the document has changed since
		o, _ = doc.Output(app.Output{})
	}
	return o
}
