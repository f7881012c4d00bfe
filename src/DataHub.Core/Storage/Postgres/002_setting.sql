-- What all processes of a deployment must agree on; a value is written once.
CREATE TABLE datahub.setting (
  name text PRIMARY KEY,
  value text NOT NULL
);
