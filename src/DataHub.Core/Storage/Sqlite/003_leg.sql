-- When the running leg began, which it is, and what it has used of its days. Null for legs that began before these columns.
ALTER TABLE exchange ADD COLUMN leg_started_on TEXT;
ALTER TABLE exchange ADD COLUMN leg_term TEXT;
ALTER TABLE exchange ADD COLUMN leg_allowed_days INTEGER;
ALTER TABLE exchange ADD COLUMN leg_used_days INTEGER;
