-- When the running leg began, which it is, and what it has used of its days. Null for legs that began before these columns.
ALTER TABLE datahub.exchange
  ADD COLUMN leg_started_on date,
  ADD COLUMN leg_term text,
  ADD COLUMN leg_allowed_days integer,
  ADD COLUMN leg_used_days integer;
