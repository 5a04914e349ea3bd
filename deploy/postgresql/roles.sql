-- The roles of Longshore in one database, and its schema:
--
--   longshore_owner       owns the tables and brings them up to date: `longshore topology declare`, once for each version
--   longshore_worker      reads and writes rows, and may change no table: the workers
--   longshore_autoscaler  reads how much there is to do, and nothing else
--
--   psql --set=ON_ERROR_STOP=1 --file=deploy/postgresql/roles.sql DATABASE
--
-- As a superuser, or as a role that may create roles and owns the database. May be run again at any time: after the first
-- `topology declare`, to let the autoscaler read its views. `--set=schema=NAME` for another schema than `longshore`.
-- The roles have no passwords yet, so that none is written down here: \password longshore_worker.

\if :{?schema}
\else
    \set schema longshore
\endif

BEGIN;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['longshore_owner', 'longshore_worker', 'longshore_autoscaler']) AS name
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) \gexec

SELECT format('CREATE SCHEMA %I', :'schema')
WHERE NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = :'schema') \gexec

ALTER SCHEMA :"schema" OWNER TO longshore_owner;
REVOKE ALL ON SCHEMA :"schema" FROM PUBLIC;
GRANT USAGE ON SCHEMA :"schema" TO longshore_worker, longshore_autoscaler;

-- Tables that are there, and those that a later version makes.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA :"schema" TO longshore_worker;
ALTER DEFAULT PRIVILEGES FOR ROLE longshore_owner IN SCHEMA :"schema"
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO longshore_worker;

-- Which version the tables have is the owner's to say.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %I.catalog FROM longshore_worker', :'schema')
WHERE to_regclass(format('%I.catalog', :'schema')) IS NOT NULL \gexec
SELECT format('GRANT SELECT ON %I.%I TO longshore_autoscaler', :'schema', name)
FROM unnest(ARRAY['longshore_load', 'longshore_unsent']) AS name
WHERE to_regclass(format('%I.%I', :'schema', name)) IS NOT NULL \gexec

ALTER ROLE longshore_owner IN DATABASE :"DBNAME" SET search_path = :"schema";
ALTER ROLE longshore_worker IN DATABASE :"DBNAME" SET search_path = :"schema";
ALTER ROLE longshore_autoscaler IN DATABASE :"DBNAME" SET search_path = :"schema";

COMMIT;
