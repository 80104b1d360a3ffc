package postgres

import (
	"strings"
	"testing"
)

// What pgx alone knows, and the password, do not reach PostgreSQL's own programs.
func TestConnection(t *testing.T) {
	for of, want := range map[string]string{
		"postgres://majestic@/majestic?host=%2Ftmp%2Fa%20b&port=5432":                     "postgres://majestic@/majestic?host=%2Ftmp%2Fa%20b&port=5432",
		"postgres://ada:s3cret@db.example.com:5433/shop?sslmode=require&pool_max_conns=4": "postgres://ada@db.example.com:5433/shop?sslmode=require",
		"postgres://db/shop?user=ada&password=s3cret&statement_cache_capacity=9":          "postgres://db/shop?user=ada",
		"host=db user=ada password='s3 \\'cret' dbname=shop":                              "host=db user=ada  dbname=shop",
		"host=db password = s3cret dbname=shop":                                           "host=db  dbname=shop",
	} {
		if is := connection(of); is != want || strings.Contains(is, "s3") {
			t.Errorf("%s: %s", of, is)
		}
	}
}

// No program older than the server is taken, and of the others the oldest.
func TestFitting(t *testing.T) {
	found := []version{{17, "17"}, {16, "16"}, {13, "13"}}
	for major, want := range map[int]string{13: "13", 14: "16", 16: "16", 17: "17"} {
		if bin, err := fitting(found, "pg_dump", major); bin != want || err != nil {
			t.Errorf("%d: %q, %v", major, bin, err)
		}
	}
	for _, c := range []struct {
		found []version
		words string
	}{{found, "pg_dump here is of version 17, which cannot read it: apt-get install postgresql-client-18"}, {nil, "not installed: apt-get install postgresql-client-18"}} {
		if bin, err := fitting(c.found, "pg_dump", 18); bin != "" || err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q, %v", bin, err)
		}
	}
}
