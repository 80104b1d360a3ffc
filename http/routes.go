package http

import "net/http"

// route is a pattern of http.ServeMux and who answers it.
type route struct {
	pattern string
	handler handler
}

// handler answers a request, or says in an error why it cannot.
type handler func(w http.ResponseWriter, r *http.Request) error

// routes is all there is. Whom a route is for stands before its handler: open to
// all, to a person who is signed in, to an operator, to a member of the workspace in
// the path, to an editor among them, or to the tenant of an API key. What a member or
// a key may do there is app's to say.
func (s *Server) routes() []route {
	return []route{
		{"GET /healthz", s.healthz},
		{"GET /readyz", s.readyz},
		{"GET /version", s.version},

		{"GET /static/{file}", s.showStatic},
		{"GET /fonts/{file}", s.showFont},

		{"GET /{$}", s.showFront},
		{"GET /setup", s.showSetup},
		{"POST /setup", s.setUp},
		{"GET /signin", s.showSignIn},
		{"POST /signin", s.signIn},
		{"POST /signout", s.signOut},
		{"GET /reset", s.showReset},
		{"POST /reset", s.askReset},
		{"GET /reset/new", s.showNewPassword},
		{"POST /reset/new", s.setNewPassword},
		{"GET /invitation", s.showInvitation},
		{"POST /invitation", s.acceptInvitation},

		{"GET /account", s.person(s.showAccount)},
		{"POST /account/name", s.person(s.rename)},
		{"POST /account/password", s.person(s.changePassword)},
		{"POST /account/address", s.person(s.changeAddress)},
		{"GET /account/address", s.showAddress},
		{"POST /account/address/confirm", s.confirmAddress},
		{"POST /account/sessions/end", s.person(s.endSessions)},
		{"POST /account/sessions/{id}/end", s.person(s.endOneSession)},
		{"GET /workspaces/new", s.person(s.showNewWorkspace)},
		{"POST /workspaces/new", s.person(s.createWorkspace)},

		{"GET /operator/releases", s.operator(s.showReleases)},

		{"GET /t/{slug}", s.member(s.toGallery)},
		{"GET /t/{slug}/{$}", s.member(s.showGallery)},
		{"GET /t/{slug}/version", s.member(s.showVersion)},
		{"GET /t/{slug}/new", s.editor(s.showTemplates)},
		{"POST /t/{slug}/designs", s.editor(s.postDesign)},
		{"GET /t/{slug}/designs/{id}", s.member(s.showDesign)},
		{"PUT /t/{slug}/designs/{id}", s.editor(s.saveDesign)},
		{"POST /t/{slug}/designs/{id}/name", s.editor(s.postName)},
		{"POST /t/{slug}/designs/{id}/duplicate", s.editor(s.postDuplicate)},
		{"POST /t/{slug}/designs/{id}/archive", s.editor(s.postArchive)},
		{"POST /t/{slug}/designs/{id}/unarchive", s.editor(s.postUnarchive)},
		{"GET /t/{slug}/designs/{id}/edit", s.member(s.showEditor)},
		{"POST /t/{slug}/designs/{id}/draw", s.editor(s.drawDocument)},
		{"POST /t/{slug}/designs/{id}/copies", s.editor(s.copyDesign)},
		{"GET /t/{slug}/designs/{id}/canvas", s.member(s.showCanvas)},
		{"GET /t/{slug}/designs/{id}/history", s.member(s.showHistory)},
		{"POST /t/{slug}/designs/{id}/publish", s.editor(s.postPublish)},
		{"GET /t/{slug}/designs/{id}/versions/{version}", s.member(s.showPast)},
		{"POST /t/{slug}/designs/{id}/versions/{version}/restore", s.editor(s.postRestore)},
		{"GET /t/{slug}/designs/{id}/versions/{version}/thumbnail", s.member(s.showThumbnail)},
		{"POST /t/{slug}/designs/{id}/renders", s.member(s.postRender)},
		{"GET /t/{slug}/renders", s.member(s.showRenders)},
		{"GET /t/{slug}/renders/{id}", s.member(s.showRender)},
		{"POST /t/{slug}/renders/{id}/cancel", s.member(s.postCancel)},
		{"GET /t/{slug}/renders/{id}/events", s.member(s.streamRender)},
		{"GET /t/{slug}/renders/{id}/file", s.member(s.showRenderFile)},
		{"GET /t/{slug}/designs/{id}/batch", s.editor(s.showUpload)},
		{"POST /t/{slug}/designs/{id}/batch", s.editor(s.postUpload)},
		{"GET /t/{slug}/drafts/{id}", s.editor(s.showDraft)},
		{"GET /t/{slug}/drafts/{id}/faults", s.editor(s.showBadRows)},
		{"POST /t/{slug}/drafts/{id}", s.editor(s.postBatch)},
		{"GET /t/{slug}/batches", s.member(s.showBatches)},
		{"GET /t/{slug}/batches/{id}", s.member(s.showBatch)},
		{"GET /t/{slug}/batches/{id}/events", s.member(s.streamBatch)},
		{"GET /t/{slug}/batches/{id}/archive", s.member(s.showArchive)},
		{"POST /t/{slug}/batches/{id}/cancel", s.member(s.postBatchCancel)},
		{"POST /t/{slug}/batches/{id}/retry", s.member(s.postRetry)},
		{"POST /t/{slug}/assets", s.editor(s.uploadAsset)},
		{"GET /t/{slug}/assets/{id}", s.member(s.showAsset)},
		{"GET /t/{slug}/fonts.css", s.member(s.showFontSheet)},
		{"GET /t/{slug}/fonts", s.member(s.showFonts)},
		{"POST /t/{slug}/fonts", s.editor(s.postFont)},
		{"GET /t/{slug}/fonts/{id}", s.member(s.showFontFile)},
		{"POST /t/{slug}/fonts/{id}/delete", s.editor(s.postFontDelete)},
		{"GET /t/{slug}/fetched", s.member(s.showFetched)},
		{"GET /t/{slug}/members", s.member(s.showMembers)},
		{"POST /t/{slug}/members/{id}/role", s.member(s.changeRole)},
		{"POST /t/{slug}/members/{id}/remove", s.member(s.removeMember)},
		{"POST /t/{slug}/leave", s.member(s.leave)},
		{"POST /t/{slug}/invitations", s.member(s.invite)},
		{"POST /t/{slug}/invitations/{id}/withdraw", s.member(s.withdraw)},
		{"GET /t/{slug}/keys", s.member(s.showKeys)},
		{"POST /t/{slug}/keys", s.member(s.createKey)},
		{"POST /t/{slug}/keys/{id}/revoke", s.member(s.revokeKey)},

		{"GET /api/v1/designs", s.key(s.listDesigns)},
		{"POST /api/v1/designs", s.key(s.createDesign)},
		{"GET /api/v1/designs/{id}", s.key(s.getDesign)},
		{"PUT /api/v1/designs/{id}", s.key(s.putDesign)},
		{"DELETE /api/v1/designs/{id}", s.key(s.deleteDesign)},
		{"POST /api/v1/designs/{id}/publish", s.key(s.publishDesign)},
		{"GET /api/v1/designs/{id}/versions", s.key(s.listDesignVersions)},
		{"POST /api/v1/assets", s.key(s.createAsset)},
		{"GET /api/v1/assets/{id}", s.key(s.getAsset)},
		{"GET /api/v1/assets/{id}/file", s.key(s.getAssetFile)},
		{"GET /api/v1/families", s.key(s.listFamilies)},
		{"GET /api/v1/fonts", s.key(s.listFonts)},
		{"POST /api/v1/fonts", s.key(s.createFont)},
		{"GET /api/v1/fonts/{id}", s.key(s.getFont)},
		{"DELETE /api/v1/fonts/{id}", s.key(s.deleteFont)},
		{"GET /api/v1/fonts/{id}/file", s.key(s.getFontFile)},
		{"GET /api/v1/renders", s.key(s.listRenders)},
		{"POST /api/v1/renders", s.key(s.createRender)},
		{"GET /api/v1/renders/{id}", s.key(s.getRender)},
		{"DELETE /api/v1/renders/{id}", s.key(s.cancelRender)},
		{"GET /api/v1/renders/{id}/file", s.key(s.getRenderFile)},
		{"POST /api/v1/batches", s.key(s.createBatch)},
		{"GET /api/v1/batches/{id}", s.key(s.getBatch)},
		{"DELETE /api/v1/batches/{id}", s.key(s.cancelBatch)},
		{"GET /api/v1/batches/{id}/items", s.key(s.listBatchItems)},
		{"GET /api/v1/batches/{id}/archive", s.key(s.getArchive)},
		{"GET /api/v1/batches/{id}/events", s.key(s.streamProgress)},
	}
}
