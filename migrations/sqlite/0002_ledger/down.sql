DROP TABLE idempotency_records;
DROP TABLE fundings;
DROP TABLE credit_run_banks;
DROP TABLE credit_runs;
DROP TABLE credits;
DROP TABLE reversals;
DROP TABLE redemptions;
DROP TABLE transfers;
