package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showMembers(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.members(w, r, v, http.StatusOK, views.MembersPage{Role: app.Editor})
}

func (s *Server) changeRole(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	return s.toMembers(w, r, v, v.ChangeRole(r.Context(), r.PathValue("id"), r.PostForm.Get("role")))
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.toMembers(w, r, v, v.RemoveMember(r.Context(), r.PathValue("id")))
}

func (s *Server) leave(w http.ResponseWriter, r *http.Request, v visit) error {
	err := v.Leave(r.Context(), v.user)
	if err == nil {
		return seeOther(w, "/")
	}
	return s.toMembers(w, r, v, err)
}

// toMembers goes back to the page of the members, or says there why nothing was changed.
func (s *Server) toMembers(w http.ResponseWriter, r *http.Request, v visit, err error) error {
	if refused(r, err) {
		said := s.note(w, r, err)
		return s.members(w, r, v, said.status, views.MembersPage{Role: app.Editor, Message: sentence(said.message)})
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(v.here.Slug, "members"))
}

func (s *Server) members(w http.ResponseWriter, r *http.Request, v visit, status int, page views.MembersPage) (err error) {
	if page.Members, err = v.Members(r.Context()); err != nil {
		return err
	}
	if page.Owns = v.here.Owns(); page.Owns {
		if page.Invitations, err = v.Invitations(r.Context()); err != nil {
			return err
		}
	}
	return show(w, r, status, views.Members(s.shellFor(v, "Members"), page))
}
