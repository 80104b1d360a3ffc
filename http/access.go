package http

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"majestic/app"
	"majestic/app/logs"
	"majestic/http/views"
)

// visit is a person in one of their workspaces.
type visit struct {
	app.Tenant
	path       string
	user       app.User
	workspaces []app.Membership
	here       app.Membership
}

// member opens a workspace to those who belong to it. To all others it is not there.
func (s *Server) member(h func(http.ResponseWriter, *http.Request, visit) error) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, user app.User) (err error) {
		v := visit{path: r.URL.Path, user: user}
		if v.Tenant, v.here, v.workspaces, err = s.o.App.Enter(r.Context(), user.ID, r.PathValue("slug")); err != nil {
			return err
		}
		v.Tenant = v.Tenant.By(user.Name)
		noteTenant(r, v.Tenant)
		return s.share(w, r, v.Tenant, func() error {
			w.Header().Set("Cache-Control", "private, no-cache")
			return h(w, r, v)
		})
	})
}

// operator opens what is for those who run the installation. To all others it is not there.
func (s *Server) operator(h func(http.ResponseWriter, *http.Request, app.User) error) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, user app.User) error {
		if !user.Operator {
			return nothingAt(r)
		}
		return h(w, r, user)
	})
}

// signedIn opens what is for people with an account. Who is signed out is asked to
// sign in, and comes back.
func (s *Server) signedIn(h func(http.ResponseWriter, *http.Request, app.User) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := s.sameOrigin(r); err != nil {
			return err
		}
		user, err := s.user(r)
		if app.KindOf(err) == app.Unauthenticated && r.Method != http.MethodPost && r.Method != http.MethodPut && !wantsStream(r) {
			return seeOther(w, "/signin?next="+url.QueryEscape(r.URL.RequestURI()))
		}
		if err != nil {
			return err
		}
		return h(w, r, user)
	}
}

// person opens what is somebody's own.
func (s *Server) person(h func(http.ResponseWriter, *http.Request, app.User) error) handler {
	return s.signedIn(func(w http.ResponseWriter, r *http.Request, user app.User) error {
		w.Header().Set("Cache-Control", "private, no-cache")
		return h(w, r, user)
	})
}

// key opens a tenant to a program that brings one of its API keys.
func (s *Server) key(h func(http.ResponseWriter, *http.Request, app.Tenant) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		tenant, err := s.authorize(w, r)
		if err != nil {
			return err
		}
		return s.share(w, r, tenant, func() error {
			w.Header().Set("Cache-Control", "private, no-cache")
			return h(w, r, tenant)
		})
	}
}

// signed opens a tenant to who has the signed address of a picture of its designs, for
// pictures alone, and counts the request against the design's rate.
func (s *Server) signed(h func(http.ResponseWriter, *http.Request, app.Tenant) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		signature, _, _ := strings.Cut(r.PathValue("file"), ".")
		tenant, err := s.o.App.AuthorizeLink(r.Context(), r.PathValue("design"), signature, r.URL.RawQuery)
		if err != nil {
			return err
		}
		noteTenant(r, tenant)
		if !passed(r) && s.limits.take(w, r.PathValue("design")) != nil {
			return app.Errorf(app.TooMany, "the pictures of this design are asked for too often; go on in a moment")
		}
		return s.share(w, r, tenant, func() error { return h(w, r, tenant) })
	}
}

// authorize finds the tenant of a key, and counts the request against the key's rate.
// Who has passed a request on has done both.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) (app.Tenant, error) {
	if passed(r) {
		tenant := s.o.App.ForProgram(r.Header.Get(passedTenant), r.Header.Get(passedRelease), r.Header.Get(passedKey), scopePassed(r))
		noteTenant(r, tenant)
		if tenant.Release() == s.o.Release {
			return tenant, nil
		}
		return tenant.LookUp(r.Context()) // it was assigned, perhaps, after the other had looked
	}
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || key == "" {
		return app.Tenant{}, app.Errorf(app.Unauthenticated, "send an API key: Authorization: Bearer KEY; make one on the page API keys, or with: app apikey create --tenant SLUG")
	}
	id, tenant, err := s.o.App.Authorize(r.Context(), strings.TrimSpace(key))
	if err != nil {
		return app.Tenant{}, err
	}
	noteTenant(r, tenant)
	return tenant, s.limits.take(w, id)
}

// scopePassed is what the key may do, in the words of this release or of one before.
func scopePassed(r *http.Request) string {
	switch scope := r.Header.Get(passedScope); {
	case scope != "":
		return scope
	case r.Header.Get(passedReadOnly) != "":
		return app.ReadScope
	}
	return app.WriteScope
}

// noteTenant has each line about the request tell whose it is.
func noteTenant(r *http.Request, t app.Tenant) {
	logs.Note(r.Context(), slog.String("tenant", t.ID()))
}

// sameOrigin refuses what another site makes a person's browser send.
func (s *Server) sameOrigin(r *http.Request) error {
	if err := s.origin.Check(r); err != nil {
		return &app.Error{Kind: app.Forbidden, Err: err,
			Message: "this form was not sent from our own page; open the page here and send it again (behind a proxy, BASE_URL must be the address that people use)"}
	}
	return nil
}

// user is who is signed in.
func (s *Server) user(r *http.Request) (app.User, error) {
	token := s.session(r)
	if token == "" {
		return app.User{}, app.Errorf(app.Unauthenticated, "you are not signed in; sign in to go on")
	}
	return s.o.App.Session(r.Context(), token, s.visitor(r))
}

// session is the token of who is signed in.
func (s *Server) session(r *http.Request) string {
	c, err := r.Cookie(s.cookieName("session"))
	if err != nil {
		return ""
	}
	return c.Value
}

// visitor is where a request comes from.
func (s *Server) visitor(r *http.Request) app.Visitor {
	v := app.Visitor{Address: s.client(r), Agent: r.UserAgent()}
	if c, err := r.Cookie(s.cookieName("device")); err == nil {
		v.Device = c.Value
	}
	return v
}

// deviceLife is how long a device is known after a sign-in.
const deviceLife = 365 * 24 * time.Hour

// setSession gives the tokens of a sign-in to the browser.
func (s *Server) setSession(w http.ResponseWriter, in app.SignedIn) {
	s.setCookie(w, "session", in.Session, app.SessionLife)
	if in.Device != "" {
		s.setCookie(w, "device", in.Device, deviceLife)
	}
}

// endSession takes the session's token away; the device stays known.
func (s *Server) endSession(w http.ResponseWriter) {
	s.setCookie(w, "session", "", -time.Second)
	w.Header().Set("Clear-Site-Data", `"cache"`)
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// cookieName has the prefix by which browsers hold a cookie to this host and to
// https; over plain http they would refuse it.
func (s *Server) cookieName(name string) string {
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// shell is the frame of a page for nobody in particular.
func (s *Server) shell(title string) views.Shell {
	return views.Shell{Title: title, Release: s.o.Release, Generation: s.o.Generation, Static: s.o.Static, Muted: s.o.App.Muted(), Mails: s.o.Mails}
}

// shellFor is the frame of a page in a workspace.
func (s *Server) shellFor(v visit, title string) views.Shell {
	shell := s.shell(title)
	shell.User, shell.Workspaces, shell.Here, shell.Path, shell.Module = &v.user, v.workspaces, v.here.Slug, v.path, "app.js"
	return shell
}

// easelFor is the frame of a page on which designs' fonts are drawn.
func (s *Server) easelFor(v visit, title string) views.Shell {
	shell := s.shellFor(v, title)
	shell.Fonts = []string{s.fonts.sheet, views.Workspace(v.here.Slug, "fonts.css")}
	return shell
}

// shellOf is the frame of a page for a person, in no workspace.
func (s *Server) shellOf(r *http.Request, user app.User, title string) (views.Shell, error) {
	all, err := s.o.App.Memberships(r.Context(), user.ID)
	shell := s.shell(title)
	shell.User, shell.Workspaces, shell.Path = &user, all, r.URL.Path
	return shell, err
}

func wantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}

func seeOther(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
