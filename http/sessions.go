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
		Text: "You are signed in, and you belong to no workspace. Make one, or ask somebody to invite you to theirs.",
		Link: "New workspace", To: "/workspaces/new",
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
	in, err := s.o.App.SignIn(r.Context(), email, r.PostForm.Get("password"), s.visitor(r))
	if kind := app.KindOf(err); (kind == app.Unauthenticated || kind == app.TooMany) && !wantsProblem(r) {
		said := s.note(w, r, err)
		return show(w, r, said.status, views.SignIn(s.shell("Sign in"), email, next, sentence(said.message)))
	}
	if err != nil {
		return err
	}
	s.setSession(w, in)
	return seeOther(w, inside(next))
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sameOrigin(r); err != nil {
		return err
	}
	if token := s.session(r); token != "" {
		if err := s.o.App.SignOut(r.Context(), token); err != nil {
			return err
		}
	}
	s.endSession(w)
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

// inside is a place of ours to go to after signing in; anything else would let a
// link lead people elsewhere.
func inside(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || strings.Contains(next, `\`) {
		return "/"
	}
	for _, place := range []string{"/t/", "/operator/", "/account", "/workspaces/", "/invitation"} {
		if strings.HasPrefix(u.Path, place) {
			return next
		}
	}
	return "/"
}
