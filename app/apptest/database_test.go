package apptest_test

import (
	"testing"

	"majestic/app/apptest"
)

func TestDatabase(t *testing.T) {
	other := apptest.Database(t)
	count := func(sql string, args ...any) (n int) {
		t.Helper()
		if err := other.Pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}

	var name, role string
	t.Run("a test", func(t *testing.T) {
		db := apptest.Database(t)
		if err := db.Pool.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
			t.Fatal(err)
		}
		role = name + "_tenant"
		if _, err := db.Pool.Exec(t.Context(), "CREATE TABLE mine (); CREATE ROLE "+role+"; GRANT ALL ON mine TO "+role); err != nil {
			t.Fatal(err)
		}
		if count("SELECT count(*) FROM pg_class WHERE relname = 'mine'") != 0 {
			t.Error("two databases are one")
		}
		if count("SELECT count(*) FROM pg_database WHERE datname = $1", name) != 1 {
			t.Errorf("no database %q", name)
		}
	})
	if count("SELECT count(*) FROM pg_database WHERE datname = $1", name) != 0 || count("SELECT count(*) FROM pg_roles WHERE rolname = $1", role) != 0 {
		t.Errorf("%s or its role is still there", name)
	}
}
