package http

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"majestic/app"
	"majestic/http/views"
)

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request) error {
	given := r.URL.Query().Get("token")
	token, err := s.o.App.SetupToken(r.Context())
	switch {
	case err != nil:
		return err
	case token == "":
		return app.Errorf(app.Conflict, "this server is set up already; sign in instead")
	case subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1:
		return app.Errorf(app.Forbidden, "this is not the setup link that the server printed; look at its output, and open the whole link")
	}
	return show(w, r, http.StatusOK, views.SetUp(s.shell("Set up"), views.SetUpForm{Token: given}))
}

func (s *Server) setUp(w http.ResponseWriter, r *http.Request) error {
	if err := s.readForm(w, r); err != nil {
		return err
	}
	f := views.SetUpForm{
		Token: r.PostForm.Get("token"), Name: r.PostForm.Get("name"),
		Email: r.PostForm.Get("email"), Workspace: r.PostForm.Get("workspace"),
	}
	u := app.NewUser{Name: f.Name, Email: f.Email, Password: r.PostForm.Get("password")}
	session, tenant, err := s.o.App.SetUp(r.Context(), f.Token, u, f.Workspace)
	var e *app.Error
	if errors.As(err, &e) && e.Kind == app.Invalid && !wantsProblem(r) {
		entryOf(r).err = err
		f.Faults = byField(e.Fields)
		return show(w, r, http.StatusUnprocessableEntity, views.SetUp(s.shell("Set up"), f))
	}
	if err != nil {
		return err
	}
	s.setSession(w, app.SignedIn{Session: session})
	starter, err := s.o.App.In(tenant.ID).Designs(r.Context(), app.PageRequest{Limit: 1})
	if err != nil || len(starter.Data) == 0 {
		return seeOther(w, views.Workspace(tenant.Slug))
	}
	return seeOther(w, views.Workspace(tenant.Slug, "designs", starter.Data[0].ID))
}

// byField is each field's first fault, as a sentence.
func byField(fields []app.Field) map[string]string {
	faults := map[string]string{}
	for _, f := range fields {
		if faults[f.Field] == "" {
			faults[f.Field] = sentence(f.Message)
		}
	}
	return faults
}
