DROP TABLE settlement_issuers;
DROP TABLE settlements;
DROP TABLE business_days;
DROP TABLE account_log;
DROP TABLE attempt_log;
DROP TABLE log_head;
DROP TABLE batch_leaves;
DROP TABLE batches;
