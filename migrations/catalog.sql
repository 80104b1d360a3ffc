-- What a release finds in the database. A promise is what it may rely on: none may
-- go. A demand is what its writes must keep: none may come, unless it is only of
-- columns that are new.
WITH
spaces AS (
	SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'migrations_check')
),
tables AS (
	SELECT c.*, c.oid::regclass::text AS name FROM pg_class c WHERE relnamespace IN (SELECT oid FROM spaces) AND relkind IN ('r', 'p', 'v', 'm', 'S')
),
columns AS (
	SELECT a.*, t.name AS parent, atthasdef OR attidentity <> '' AS has_default
	FROM pg_attribute a JOIN tables t ON t.oid = attrelid WHERE attnum > 0 AND NOT attisdropped AND t.relkind <> 'S'
),
constraints AS (
	SELECT k.*, t.name AS parent, regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', '') AS definition,
		ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = conrelid AND attnum = ANY(conkey)) AS names
	FROM pg_constraint k JOIN tables t ON t.oid = conrelid WHERE contype IN ('c', 'f', 'p', 'u', 'x')
),
indexes AS (
	SELECT i.*, t.name AS parent, indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition,
		CASE WHEN 0 = ANY(indkey) THEN '{}' ELSE ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY(indkey)) END AS names
	FROM pg_index i JOIN tables t ON t.oid = indrelid WHERE indisvalid
),
functions AS (
	SELECT p.*, p.oid::regprocedure::text AS name FROM pg_proc p WHERE pronamespace IN (SELECT oid FROM spaces) AND prokind IN ('f', 'p')
),
policies AS (
	SELECT p.*, format('%I.%I', schemaname, tablename)::regclass::text AS parent FROM pg_policies p WHERE schemaname <> 'migrations_check'
),
rights AS (
	SELECT 'table ' || name AS of, (aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))).* FROM tables
	UNION ALL SELECT 'column ' || parent || '.' || attname, (aclexplode(attacl)).* FROM columns
	UNION ALL SELECT 'function ' || name, (aclexplode(coalesce(proacl, acldefault('f', proowner)))).* FROM functions
	UNION ALL SELECT 'schema ' || nspname, (aclexplode(coalesce(nspacl, acldefault('n', nspowner)))).* FROM pg_namespace WHERE oid IN (SELECT oid FROM spaces)
)
SELECT true AS promise, CASE relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' ELSE 'table' END AS kind,
	name AS parent, '' AS name, '' AS definition, '{}'::text[] AS columns FROM tables
UNION ALL SELECT true, 'row security', name, '', '', '{}' FROM tables WHERE relrowsecurity
UNION ALL SELECT true, 'column', parent, attname, format_type(atttypid, atttypmod), '{}' FROM columns
UNION ALL SELECT true, 'default', parent, attname, '', '{}' FROM columns WHERE has_default
-- A CHECK may go: then more may be written, and nothing less.
UNION ALL SELECT true, 'constraint', parent, conname, definition, '{}' FROM constraints WHERE contype <> 'c'
UNION ALL SELECT true, 'index', parent, name, definition, '{}' FROM indexes
UNION ALL SELECT true, 'trigger', t.name, tgname, pg_get_triggerdef(g.oid), '{}' FROM pg_trigger g JOIN tables t ON t.oid = tgrelid WHERE NOT tgisinternal AND tgname <> 'migrations_check'
UNION ALL SELECT true, 'policy', parent, policyname, format('%s for %s to %s using (%s) with check (%s)', permissive, cmd, roles, qual, with_check), '{}' FROM policies
UNION ALL SELECT true, 'function', '', name, format('returns %s, %s, definer %s, %s', pg_get_function_result(oid), provolatile, prosecdef, proconfig), '{}' FROM functions
UNION ALL SELECT true, 'value', format_type(enumtypid, NULL), enumlabel, '', '{}' FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE typnamespace IN (SELECT oid FROM spaces)
UNION ALL SELECT true, 'grant', of, format('%s to %s', privilege_type, CASE grantee WHEN 0 THEN 'public' ELSE grantee::regrole::text END), '', '{}' FROM rights
UNION ALL SELECT false, 'NOT NULL', parent, attname, '', ARRAY[attname::text] FROM columns WHERE attnotnull
UNION ALL SELECT false, 'NOT NULL without a default', parent, attname, '', '{}' FROM columns WHERE attnotnull AND NOT has_default
UNION ALL SELECT false, 'constraint', parent, conname, definition, names FROM constraints
UNION ALL SELECT false, 'unique index', parent, name, definition, names FROM indexes WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
UNION ALL SELECT false, 'row security', name, '', '', '{}' FROM tables WHERE relrowsecurity
UNION ALL SELECT false, 'restrictive policy', parent, policyname, qual, '{}' FROM policies WHERE permissive = 'RESTRICTIVE'
