-- The passwords of the roles, from the container's secrets: run once, when the database is made.
\set owner_password `cat /run/secrets/postgresql-owner`
\set worker_password `cat /run/secrets/postgresql-worker`
ALTER ROLE longshore_owner PASSWORD :'owner_password';
ALTER ROLE longshore_worker PASSWORD :'worker_password';
