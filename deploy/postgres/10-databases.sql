-- Run once, when the server's data folder is new. Two databases, each with an account that has no other.
SET log_min_error_statement = 'panic';
\set datahub_password `cat /run/secrets/datahub_db_password`
\set meishan_password `cat /run/secrets/meishan_db_password`

CREATE ROLE datahub LOGIN PASSWORD :'datahub_password';
CREATE DATABASE datahub OWNER datahub TEMPLATE template0;
REVOKE ALL ON DATABASE datahub FROM PUBLIC;

-- Meishan's exchange database (contracts/native/meishan.md).
CREATE ROLE meishan LOGIN PASSWORD :'meishan_password';
CREATE DATABASE meishan OWNER meishan TEMPLATE template0;
REVOKE ALL ON DATABASE meishan FROM PUBLIC;

REVOKE ALL ON DATABASE postgres FROM PUBLIC;
