package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// TenantCommand is the verb: app tenant.
type TenantCommand struct {
	Create TenantCreate `cmd:"" help:"Make a workspace for a customer."`
	List   TenantList   `cmd:"" help:"List the workspaces."`
	Keep   TenantKeep   `cmd:"" help:"Set for how long a workspace keeps its renders."`
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

// TenantKeep is the verb: app tenant keep SLUG.
type TenantKeep struct {
	Slug string `arg:"" help:"The workspace."`
	Days int    `help:"Days after which renders and batches are removed, with their files; 0 keeps them for ever." required:"" placeholder:"DAYS"`
}

// Run sets it.
func (c *TenantKeep) Run(ctx context.Context, a *App, out io.Writer) error {
	t, err := a.TenantBySlug(ctx, c.Slug)
	if err != nil {
		return err
	}
	days, said := &c.Days, "after "+plural(c.Days, "day", "days")+" its renders are removed"
	if c.Days == 0 {
		days, said = nil, "its renders are kept for ever"
	}
	if err := a.In(t.ID).SetKeepRenders(ctx, days); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %s\n", t.Slug, said)
	return nil
}

// UserCommand is the verb: app user.
type UserCommand struct {
	Create        UserCreate        `cmd:"" help:"Make an account in a workspace."`
	List          UserList          `cmd:"" help:"List the accounts, and what they belong to."`
	ResetPassword UserResetPassword `cmd:"" help:"Give an account another password, and sign it out everywhere."`
}

// UserCreate is the verb: app user create EMAIL.
type UserCreate struct {
	Email        string `arg:"" help:"The address to sign in with."`
	Tenant       string `required:"" help:"The workspace that the account belongs to." placeholder:"SLUG"`
	Role         string `help:"owner, editor or viewer of that workspace." default:"owner" enum:"owner,editor,viewer"`
	Name         string `help:"The person's name; without it the address." placeholder:"NAME"`
	PasswordFile []byte `type:"filecontent" help:"A file with the password, - for standard input; without it one is made and printed." placeholder:"FILE"`
	JSON         bool   `name:"json" help:"One JSON object."`
}

// Run makes the user.
func (c *UserCreate) Run(ctx context.Context, a *App, out io.Writer) error {
	password, made := passwordIn(c.PasswordFile)
	u := NewUser{Name: c.Name, Email: c.Email, Password: password}
	if u.Name == "" {
		u.Name = c.Email
	}
	user, err := a.CreateUser(ctx, u, c.Tenant, c.Role)
	if err != nil {
		return err
	}
	if c.JSON {
		answer := map[string]any{"id": user.ID, "email": user.Email}
		if made {
			answer["password"] = password
		}
		return json.NewEncoder(out).Encode(answer)
	}
	fmt.Fprintf(out, "made the account %s\n", user.Email)
	if made {
		fmt.Fprintf(out, "its password, shown this once: %s\n", password)
	}
	return nil
}

// UserList is the verb: app user list.
type UserList struct {
	JSON bool `name:"json" help:"One JSON object."`
}

// Run lists the users.
func (c *UserList) Run(ctx context.Context, a *App, out io.Writer) error {
	all, err := a.Users(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"users": all})
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "EMAIL\tNAME\tWORKSPACES")
	for _, u := range all {
		var in []string
		for _, slug := range slices.Sorted(maps.Keys(u.Workspaces)) {
			in = append(in, slug+" ("+u.Workspaces[slug]+")")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", u.Email, u.Name, strings.Join(in, ", "))
	}
	return t.Flush()
}

// UserResetPassword is the verb: app user reset-password EMAIL.
type UserResetPassword struct {
	Email        string `arg:"" help:"The address that the account is signed in to with."`
	PasswordFile []byte `type:"filecontent" help:"A file with the password, - for standard input; without it one is made and printed." placeholder:"FILE"`
	JSON         bool   `name:"json" help:"One JSON object."`
}

// Run sets the password.
func (c *UserResetPassword) Run(ctx context.Context, a *App, out io.Writer) error {
	password, made := passwordIn(c.PasswordFile)
	if err := a.SetPassword(ctx, c.Email, password); err != nil {
		return err
	}
	if c.JSON {
		answer := map[string]any{"email": c.Email}
		if made {
			answer["password"] = password
		}
		return json.NewEncoder(out).Encode(answer)
	}
	fmt.Fprintf(out, "set another password for %s, and signed it out everywhere\n", c.Email)
	if made {
		fmt.Fprintf(out, "the password, shown this once: %s\n", password)
	}
	return nil
}

// passwordIn is the password in a file, or one that is made.
func passwordIn(file []byte) (password string, made bool) {
	if file == nil {
		return newToken()[:20], true
	}
	return trimEOL(file), false
}

// APIKeyCommand is the verb: app apikey.
type APIKeyCommand struct {
	Create APIKeyCreate `cmd:"" help:"Make a key for programs."`
}

// APIKeyCreate is the verb: app apikey create --tenant SLUG.
type APIKeyCreate struct {
	Tenant  string        `required:"" help:"The workspace that the key opens." placeholder:"SLUG"`
	Name    string        `help:"What the key is for." default:"key" placeholder:"NAME"`
	Scope   string        `help:"read, to look and download; write, to change and render as well; or admin, to make and revoke keys, too." default:"write" enum:"read,write,admin"`
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
	key, err := a.In(t.ID).CreateAPIKey(ctx, c.Name, c.Scope, expires)
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

// FontSource says whose files are drawn with.
type FontSource func() (string, error)

// Run lists the families that every design may use, and whose they are.
func (c *FontsCommand) Run(source FontSource, out io.Writer) error {
	files, err := source()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(out).Encode(map[string]any{"families": Families(), "files": files})
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "FAMILY\tWEIGHTS\tLICENSE\tPACKAGE")
	for _, f := range Families() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", f.Name, f.Weights(), f.License, f.Package)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\nthe files are of %s\n", files)
	return err
}
