package app

import "context"

// Program is who comes with an API key: what the key is, and what it opens.
type Program struct {
	Workspace TenantRow `json:"workspace"`
	Key       APIKey    `json:"key"`
}

// Program tells a program of itself.
func (t Tenant) Program(ctx context.Context) (p Program, err error) {
	key, err := parseID("API key", t.caller.key)
	if err != nil {
		return p, err
	}
	if p.Workspace, err = one[TenantRow](ctx, t.sight(), "workspace", `SELECT `+tenantColumns+` FROM tenants WHERE id = $1`, t.id); err != nil {
		return p, err
	}
	p.Key, err = one[APIKey](ctx, t.sight(), "API key", `SELECT `+keyColumns+` FROM api_keys WHERE id = $1`, key)
	return p, err
}
