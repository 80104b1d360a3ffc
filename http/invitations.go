package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

// showInvitation shows what a person is invited to, and the way in that fits them.
func (s *Server) showInvitation(w http.ResponseWriter, r *http.Request) error {
	return s.invitation(w, r, r.URL.Query().Get("token"), "", nil)
}

// acceptInvitation lets in who is signed in, or makes an account for who has none.
func (s *Server) acceptInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	token := r.PostForm.Get("token")
	user, err := s.user(r)
	switch {
	case err == nil:
		slug, err := s.o.App.Accept(r.Context(), token, user)
		if err != nil {
			return s.deadLink(w, r, err, "Go to the start", "/")
		}
		return seeOther(w, views.Workspace(slug))
	case app.KindOf(err) != app.Unauthenticated:
		return err
	}
	name := r.PostForm.Get("name")
	in, slug, err := s.o.App.Join(r.Context(), token, name, r.PostForm.Get("password"))
	if app.KindOf(err) == app.Invalid && !wantsProblem(r) {
		said := s.note(w, r, err)
		return s.invitation(w, r, token, name, byField(said.fields))
	}
	if err != nil {
		return s.deadLink(w, r, err, "Sign in", "/signin")
	}
	s.setSession(w, in)
	return seeOther(w, views.Workspace(slug))
}

func (s *Server) invitation(w http.ResponseWriter, r *http.Request, token, name string, faults map[string]string) error {
	i, err := s.o.App.Invitation(r.Context(), token)
	if err != nil {
		return s.deadLink(w, r, err, "Go to the start", "/")
	}
	page := views.InvitationPage{Invited: i, Token: token, Name: name, Faults: faults}
	shell := s.shell("Join " + i.Workspace)
	user, err := s.user(r)
	if err == nil {
		shell.User = &user
	} else if app.KindOf(err) != app.Unauthenticated {
		return err
	}
	status := http.StatusOK
	if faults != nil {
		status = http.StatusUnprocessableEntity
	}
	return show(w, r, status, views.Invitation(shell, page))
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	email, role := r.PostForm.Get("email"), r.PostForm.Get("role")
	_, err := v.Invite(r.Context(), v.user, email, role)
	if refused(r, err) {
		said := s.note(w, r, err)
		return s.members(w, r, v, said.status, views.MembersPage{Email: email, Role: role, Fault: said.text()})
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "members"))
}

// linkInvitation shows an invitation's link in its own answer, to be handed over. Where
// there is a mail server, only who reads the mail shows that the address is theirs.
func (s *Server) linkInvitation(w http.ResponseWriter, r *http.Request, v visit) error {
	if s.o.Mails {
		return app.Errorf(app.Forbidden, "this server mails its invitations; invite them again to send another mail")
	}
	i, token, err := v.LinkInvitation(r.Context(), r.PathValue("id"))
	if refused(r, err) {
		said := s.note(w, r, err)
		return s.members(w, r, v, said.status, views.MembersPage{Role: app.Editor, Message: sentence(said.message)})
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.members(w, r, v, http.StatusCreated, views.MembersPage{Role: app.Editor, Link: s.o.BaseURL + "/invitation?token=" + token, LinkFor: i.Email})
}

func (s *Server) withdraw(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := v.Withdraw(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "members"))
}
