package app

import (
	"errors"

	"github.com/jackc/pgx/v5/pgconn"
)

// The roles in a workspace. Viewers look and download; editors also change things
// and render; owners also say who belongs to it and which keys open it.
const (
	Viewer = "viewer"
	Editor = "editor"
	Owner  = "owner"
)

// Roles are all, the least first.
func Roles() []string { return []string{Viewer, Editor, Owner} }

// right is what a caller may do with a tenant; each includes those before it.
type right int

const (
	toLook right = iota
	toEdit
	toOwn
)

// caller is who a Tenant was opened to.
type caller struct {
	right   right
	program bool   // with an API key
	key     string // its id
	name    string // of a person
}

// memberWith is the caller for a role.
func memberWith(role string) caller {
	switch role {
	case Owner:
		return caller{right: toOwn}
	case Editor:
		return caller{right: toEdit}
	}
	return caller{right: toLook}
}

// programWith is the caller for a key of a scope.
func programWith(key, scope string) caller {
	c := caller{right: toLook, program: true, key: key}
	switch scope {
	case AdminScope:
		c.right = toOwn
	case WriteScope:
		c.right = toEdit
	}
	return c
}

// scope is that of a program's key.
func (c caller) scope() string { return Scopes()[c.right] }

// called is who a caller is to those who read it later.
func (c caller) called() string {
	if c.program {
		return "API"
	}
	return c.name
}

// By is the tenant, opened to a person of whom it became known what they are called.
func (t Tenant) By(name string) Tenant {
	t.caller.name = name
	return t
}

// as is the tenant, opened to somebody.
func (t Tenant) as(c caller) Tenant {
	t.caller = c
	return t
}

// house is the tenant as the house itself has it, for what it keeps on its own account.
func (t Tenant) house() Tenant { return t.as(caller{right: toOwn}) }

// may is the one check of what somebody may do; each method that does more than
// look begins with it. Where one forgets, the transaction of who may only look
// is read only.
func (t Tenant) may(r right) error {
	switch {
	case t.caller.right >= r:
		return nil
	case t.caller.program && r == toOwn:
		return Errorf(Forbidden, "this API key may not manage keys; an owner of the workspace does, on its pages, or a key that was made there for it")
	case t.caller.program:
		return Errorf(Forbidden, "this API key may only read; make one that may write, on the page API keys or with: app apikey create --tenant SLUG")
	case r == toOwn:
		return Errorf(Forbidden, "only an owner of this workspace may do this; ask one of them")
	default:
		return Errorf(Forbidden, "you are a viewer of this workspace: you may look and download; ask an owner to make you an editor")
	}
}

// readOnly tells whether a transaction that may only read was asked to write.
func readOnly(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == "25006"
}
