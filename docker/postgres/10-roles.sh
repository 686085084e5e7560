#!/bin/sh
# Runs once, when the volume is empty. Two roles: the owner migrates; the application reads and writes rows and can
# neither bypass row-level security, nor truncate, nor alter a table.
set -eu

psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set owner_password="$DATABASE_OWNER_PASSWORD" --set app_password="$DATABASE_APP_PASSWORD" \
    --set database="$POSTGRES_DB" <<'SQL'
CREATE ROLE perennial_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE perennial_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
ALTER DATABASE :"database" OWNER TO perennial_owner;
ALTER SCHEMA public OWNER TO perennial_owner;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO perennial_app;
GRANT USAGE ON SCHEMA public TO perennial_app;
ALTER DEFAULT PRIVILEGES FOR ROLE perennial_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO perennial_app;
ALTER DEFAULT PRIVILEGES FOR ROLE perennial_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO perennial_app;
SQL
