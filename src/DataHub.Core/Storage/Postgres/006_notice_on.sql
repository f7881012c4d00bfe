-- Day on which the next notice of an exchange's deadline is due. Exchanges that run already are looked at once, which gives them theirs.
ALTER TABLE datahub.exchange ADD COLUMN notice_on date;
UPDATE datahub.exchange_hub SET notice_on = '2000-01-01' WHERE NOT final AND due_on IS NOT NULL;
DROP INDEX datahub.exchange_due;
CREATE INDEX exchange_notice ON datahub.exchange_hub (node, notice_on) WHERE notice_on IS NOT NULL;
