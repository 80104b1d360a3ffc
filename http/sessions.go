package http

import (
	"net/http"
	"net/url"
	"strings"

	"majestic/app"
	"majestic/http/views"
)

// showFront takes a visitor to where they belong.
func (s *Server) showFront(w http.ResponseWriter, r *http.Request) error {
	token, err := s.o.App.SetupToken(r.Context())
	if err != nil {
		return err
	}
	if token != "" {
		return show(w, r, http.StatusOK, views.Message(s.shell("Majestic is not set up yet"), views.MessagePage{
			Text: "Open the setup link to make the first account. The server printed it when it started, and prints it at every start until then.",
		}))
	}
	user, err := s.user(r)
	if app.KindOf(err) == app.Unauthenticated {
		return seeOther(w, "/signin")
	}
	if err != nil {
		return err
	}
	workspaces, err := s.o.App.Memberships(r.Context(), user.ID)
	if err != nil {
		return err
	}
	if len(workspaces) > 0 {
		return seeOther(w, views.Workspace(workspaces[0].Slug))
	}
	shell := s.shell("No workspace yet")
	shell.User = &user
	return show(w, r, http.StatusOK, views.Message(shell, views.MessagePage{
		Text: "You are signed in, and you belong to no workspace. Ask whoever runs this server to let you into one.",
	}))
}

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.user(r); err == nil {
		return seeOther(w, "/")
	}
	return show(w, r, http.StatusOK, views.SignIn(s.shell("Sign in"), "", r.URL.Query().Get("next"), ""))
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	email, next := r.PostForm.Get("email"), r.PostForm.Get("next")
	token, err := s.o.App.SignIn(r.Context(), email, r.PostForm.Get("password"))
	if app.KindOf(err) == app.Unauthenticated && !wantsProblem(r) {
		entryOf(r).err = err
		return show(w, r, http.StatusUnauthorized, views.SignIn(s.shell("Sign in"), email, next, "The address or the password is not right. Try again."))
	}
	if err != nil {
		return err
	}
	s.setSession(w, token)
	return seeOther(w, inside(next))
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sameOrigin(r); err != nil {
		return err
	}
	if c, err := r.Cookie(s.cookieName()); err == nil {
		if err := s.o.App.SignOut(r.Context(), c.Value); err != nil {
			return err
		}
	}
	s.setSession(w, "")
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return seeOther(w, "/signin")
}

// readForm reads a posted form that our own page has sent.
func (s *Server) readForm(w http.ResponseWriter, r *http.Request) error {
	if err := s.sameOrigin(r); err != nil {
		return err
	}
	if t, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); t != "application/x-www-form-urlencoded" {
		return unsupported("application/x-www-form-urlencoded", r)
	}
	holdToTime(w)
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		return bodyError(err)
	}
	return nil
}

// inside is a place of a workspace, or of operators, to go to after signing in;
// anything else would let a link lead people elsewhere.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/t/") && !strings.HasPrefix(u.Path, "/operator/") || strings.Contains(next, `\`) {
		return "/"
	}
	return next
}
