package http

import (
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showReset(w http.ResponseWriter, r *http.Request) error {
	return show(w, r, http.StatusOK, views.AskReset(s.shell("Set a new password"), r.URL.Query().Get("email"), ""))
}

// askReset says the same whether there is such an account or not.
func (s *Server) askReset(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	email := r.PostForm.Get("email")
	err := s.o.App.AskReset(r.Context(), email, s.visitor(r))
	if refused(r, err) {
		said := s.note(w, r, err)
		return show(w, r, said.status, views.AskReset(s.shell("Set a new password"), email, said.text()))
	}
	if err != nil {
		return err
	}
	title, text := "Look into your mail", "If there is an account with "+email+", a mail is on its way to it. Its link is good for an hour."
	if !s.o.Mails {
		title = "Ask for your link"
		text = "This server sends no mails. If there is an account with " + email + ", whoever runs the server finds a link in its log, which is good for an hour."
	}
	return show(w, r, http.StatusOK, views.Message(s.shell(title), views.MessagePage{Text: text, Link: "Back to signing in", To: "/signin"}))
}

func (s *Server) showNewPassword(w http.ResponseWriter, r *http.Request) error {
	token := r.URL.Query().Get("token")
	if err := s.o.App.CheckReset(r.Context(), token); err != nil {
		return s.deadLink(w, r, err, "Ask for another link", "/reset")
	}
	return show(w, r, http.StatusOK, views.NewPassword(s.shell("Set a new password"), token, ""))
}

func (s *Server) setNewPassword(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	token := r.PostForm.Get("token")
	in, err := s.o.App.Reset(r.Context(), token, r.PostForm.Get("password"))
	if app.KindOf(err) == app.Invalid && !wantsProblem(r) {
		said := s.note(w, r, err)
		return show(w, r, said.status, views.NewPassword(s.shell("Set a new password"), token, byField(said.fields)["password"]))
	}
	if err != nil {
		return s.deadLink(w, r, err, "Ask for another link", "/reset")
	}
	s.setSession(w, in)
	return seeOther(w, "/")
}

// deadLink says on a page that a link from a mail opens nothing, and what would.
func (s *Server) deadLink(w http.ResponseWriter, r *http.Request, err error, label, to string) error {
	if kind := app.KindOf(err); kind != app.NotFound && kind != app.Conflict || wantsProblem(r) {
		return err
	}
	said := s.note(w, r, err)
	return show(w, r, said.status, views.Message(s.shell("This link does not work"), views.MessagePage{Text: sentence(said.message), Link: label, To: to}))
}

// text is what a person reads of a fault that is said above a form.
func (f fault) text() string {
	if len(f.fields) == 1 {
		return sentence("The " + f.fields[0].Field + " " + f.fields[0].Message)
	}
	return sentence(f.message)
}
