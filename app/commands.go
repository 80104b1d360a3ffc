package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// TenantCommand is the verb: app tenant.
type TenantCommand struct {
	Create TenantCreate `cmd:"" help:"Make a workspace for a customer."`
	List   TenantList   `cmd:"" help:"List the workspaces."`
}

// TenantCreate is the verb: app tenant create NAME.
type TenantCreate struct {
	Name string `arg:"" help:"What people call it."`
	JSON bool   `name:"json" help:"One JSON object."`
}

// Run makes the tenant.
func (c *TenantCreate) Run(ctx context.Context, a *App, out io.Writer) error {
	t, err := a.CreateTenant(ctx, c.Name)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(t)
	}
	fmt.Fprintf(out, "made the workspace %s\n", t.Slug)
	return nil
}

// TenantList is the verb: app tenant list.
type TenantList struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run lists the tenants.
func (c *TenantList) Run(ctx context.Context, a *App, out io.Writer) error {
	all, err := a.Tenants(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"tenants": all})
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SLUG\tNAME\tCREATED")
	for _, row := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\n", row.Slug, row.Name, row.CreatedAt.Local().Format(time.DateTime))
	}
	return t.Flush()
}

// UserCommand is the verb: app user.
type UserCommand struct {
	Create UserCreate `cmd:"" help:"Make an account that owns a workspace."`
}

// UserCreate is the verb: app user create EMAIL.
type UserCreate struct {
	Email        string `arg:"" help:"The address to sign in with."`
	Tenant       string `required:"" help:"The workspace that the account will own." placeholder:"SLUG"`
	Name         string `help:"The person's name; without it the address." placeholder:"NAME"`
	PasswordFile []byte `type:"filecontent" help:"A file with the password, - for standard input; without it one is made and printed." placeholder:"FILE"`
	JSON         bool   `name:"json" help:"One JSON object."`
}

// Run makes the user.
func (c *UserCreate) Run(ctx context.Context, a *App, out io.Writer) error {
	u := NewUser{Name: c.Name, Email: c.Email, Password: trimEOL(c.PasswordFile)}
	if u.Name == "" {
		u.Name = c.Email
	}
	made := ""
	if c.PasswordFile == nil {
		made = newToken()[:20]
		u.Password = made
	}
	user, err := a.CreateUser(ctx, u, c.Tenant)
	if err != nil {
		return err
	}
	if c.JSON {
		answer := map[string]any{"id": user.ID, "email": user.Email}
		if made != "" {
			answer["password"] = made
		}
		return json.NewEncoder(out).Encode(answer)
	}
	fmt.Fprintf(out, "made the account %s\n", user.Email)
	if made != "" {
		fmt.Fprintf(out, "its password, shown this once: %s\n", made)
	}
	return nil
}

// APIKeyCommand is the verb: app apikey.
type APIKeyCommand struct {
	Create APIKeyCreate `cmd:"" help:"Make a key for programs."`
}

// APIKeyCreate is the verb: app apikey create --tenant SLUG.
type APIKeyCreate struct {
	Tenant  string        `required:"" help:"The workspace that the key opens." placeholder:"SLUG"`
	Name    string        `help:"What the key is for." default:"key" placeholder:"NAME"`
	Expires time.Duration `help:"How long it is good for, as in 720h; without it until it is revoked." placeholder:"DURATION"`
	JSON    bool          `name:"json" help:"One JSON object."`
}

// Run makes the key and shows it, this once.
func (c *APIKeyCreate) Run(ctx context.Context, a *App, out io.Writer) error {
	t, err := a.TenantBySlug(ctx, c.Tenant)
	if err != nil {
		return err
	}
	var expires *time.Time
	if c.Expires != 0 {
		at := time.Now().Add(c.Expires)
		expires = &at
	}
	key, err := a.In(t.ID).CreateAPIKey(ctx, c.Name, expires)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]string{"key": key})
	}
	fmt.Fprintln(out, key)
	return nil
}

func trimEOL(b []byte) string {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return string(b)
}

// FontsCommand is the verb: app fonts.
type FontsCommand struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run lists the families that every design may use, and whose they are.
func (c *FontsCommand) Run(out io.Writer) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"families": Families()})
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAMILY\tWEIGHTS\tLICENSE\tPACKAGE")
	for _, f := range Families() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.weights(), f.License, f.Package)
	}
	return t.Flush()
}
