package http

import (
	"crypto/sha256"
	"errors"
	"io"
	"mime/multipart"
	"net/http"

	"majestic/app"
)

func (s *Server) listAssets(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	page, err := pageOf(r)
	if err != nil {
		return err
	}
	assets, err := t.Assets(r.Context(), page)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, assets)
}

func (s *Server) createAsset(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	name, data, err := readUpload(w, r)
	if err != nil {
		return err
	}
	// What was sent is the file: the boundary around it is another in every request.
	sum := sha256.Sum256(data)
	once, err := onceOf(r, append(sum[:], name...))
	if err != nil {
		return err
	}
	a, err := t.CreateAsset(r.Context(), once, name, data)
	if err != nil {
		return err
	}
	sayReplayed(w, once)
	w.Header().Set("Location", s.o.BaseURL+"/api/v1/assets/"+a.ID)
	return writeJSON(w, http.StatusCreated, a)
}

func (s *Server) getAsset(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	a, err := t.Asset(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, a)
}

func (s *Server) deleteAsset(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	if err := t.DeleteAsset(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) getAssetFile(w http.ResponseWriter, r *http.Request, t app.Tenant) error {
	a, f, err := t.OpenAsset(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	defer f.Close()
	return serveFile(w, r, file{content: f, name: a.Name, mediaType: a.MediaType, sha256: a.SHA256, made: a.CreatedAt})
}

func (s *Server) showAsset(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.getAssetFile(w, r, v.Tenant)
}

// showFetched shows an image from another server to a person who looks at a design.
func (s *Server) showFetched(w http.ResponseWriter, r *http.Request, v visit) error {
	mediaType, sum, f, err := v.OpenFetched(r.Context(), r.URL.Query().Get("address"))
	if err != nil {
		return err
	}
	defer f.Close()
	return serveFile(w, r, file{content: f, name: "image", mediaType: mediaType, sha256: sum, changes: true})
}

// readUpload reads the one file of a multipart form.
func readUpload(w http.ResponseWriter, r *http.Request) (name string, data []byte, err error) {
	holdToTime(w)
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadBody)
	form, err := r.MultipartReader()
	if errors.Is(err, http.ErrMissingBoundary) {
		return "", nil, app.Errorf(app.Malformed, "the Content-Type lacks its boundary; let your HTTP library write this header")
	}
	if err != nil {
		return "", nil, unsupported("multipart/form-data", r)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", nil, formError(err)
		}
		switch {
		case part.FormName() != "file":
			return "", nil, invalid(app.Field{Field: part.FormName(), Message: "there is no such field; what is uploaded is sent as file"})
		case part.FileName() == "" || data != nil:
			return "", nil, invalid(app.Field{Field: "file", Message: "must be one file with its name"})
		}
		name = part.FileName()
		if data, err = io.ReadAll(part); err != nil {
			return "", nil, formError(err)
		}
	}
	if data == nil {
		return "", nil, invalid(app.Field{Field: "file", Message: "is missing"})
	}
	return name, data, nil
}

func formError(err error) error {
	if errors.Is(err, multipart.ErrMessageTooLarge) {
		return app.Errorf(app.Malformed, "the form's headers are too long")
	}
	return bodyError(err)
}
