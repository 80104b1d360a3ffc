package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, user app.User) error {
	return s.account(w, r, user, http.StatusOK, views.AccountPage{Name: user.Name, Done: r.URL.Query().Get("done")})
}

func (s *Server) rename(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	page := views.AccountPage{Name: r.PostForm.Get("name"), Form: "name"}
	return s.toAccount(w, r, user, page, s.o.App.Rename(r.Context(), user, page.Name))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	err := s.o.App.ChangePassword(r.Context(), user, s.session(r), r.PostForm.Get("present"), r.PostForm.Get("password"))
	return s.toAccount(w, r, user, views.AccountPage{Name: user.Name, Form: "password"}, err)
}

func (s *Server) changeAddress(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	page := views.AccountPage{Name: user.Name, Email: r.PostForm.Get("email"), Form: "address"}
	return s.toAccount(w, r, user, page, s.o.App.ChangeEmail(r.Context(), user, page.Email, r.PostForm.Get("present")))
}

// showAddress asks to confirm a new address. The link alone changes nothing: programs
// that look into mails open it, too.
func (s *Server) showAddress(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	email, err := s.o.App.NewEmail(r.Context(), token)
	if err != nil {
		return s.deadLink(w, r, err, "Go to your account", "/account")
	}
	return show(w, r, http.StatusOK, views.ConfirmAddress(s.shell("Confirm your new address"), token, email))
}

func (s *Server) confirmAddress(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	if err := s.o.App.ConfirmEmail(r.Context(), r.PostForm.Get("token")); err != nil {
		return s.deadLink(w, r, err, "Go to your account", "/account")
	}
	return seeOther(w, "/account?done=confirmed")
}

// endSessions signs a person out everywhere, here as well.
func (s *Server) endSessions(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.o.App.EndSessions(r.Context(), user.ID); err != nil {
		return err
	}
	s.endSession(w)
	return seeOther(w, "/signin")
}

func (s *Server) endOneSession(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.o.App.EndSession(r.Context(), user.ID, r.PathValue("id")); err != nil {
		return err
	}
	return seeOther(w, "/account?done=ended")
}

func (s *Server) showNewWorkspace(w http.ResponseWriter, r *http.Request, user app.User) error {
	return s.newWorkspace(w, r, user, http.StatusOK, "", "")
}

func (s *Server) createWorkspace(w http.ResponseWriter, r *http.Request, user app.User) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	name := r.PostForm.Get("name")
	row, err := s.o.App.CreateWorkspace(r.Context(), user, name)
	if refused(r, err) {
		said := s.note(w, r, err)
		return s.newWorkspace(w, r, user, said.status, name, said.text())
	}
	if err != nil {
		return err
	}
	return seeOther(w, views.Workspace(row.Slug))
}

func (s *Server) newWorkspace(w http.ResponseWriter, r *http.Request, user app.User, status int, name, fault string) error {
	shell, err := s.shellOf(r, user, "New workspace")
	if err != nil {
		return err
	}
	return show(w, r, status, views.NewWorkspace(shell, name, fault))
}

// toAccount goes back to the account's page, which says what was done, or what is wrong with its form.
func (s *Server) toAccount(w http.ResponseWriter, r *http.Request, user app.User, page views.AccountPage, err error) error {
	if refused(r, err) {
		said := s.note(w, r, err)
		if page.Faults = byField(said.fields); len(page.Faults) == 0 {
			page.Message = sentence(said.message)
		}
		return s.account(w, r, user, said.status, page)
	}
	if err != nil {
		return err
	}
	return seeOther(w, "/account?done="+page.Form)
}

func (s *Server) account(w http.ResponseWriter, r *http.Request, user app.User, status int, page views.AccountPage) (err error) {
	if page.Sessions, err = s.o.App.Sessions(r.Context(), user.ID, s.session(r)); err != nil {
		return err
	}
	shell, err := s.shellOf(r, user, "Your account")
	if err != nil {
		return err
	}
	return show(w, r, status, views.Account(shell, page))
}
