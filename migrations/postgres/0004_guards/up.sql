-- What is written once is never changed: a correction is another row.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$$;
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers EXECUTE FUNCTION refuse_change();
CREATE TRIGGER redemptions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON redemptions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER reversals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reversals EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credits EXECUTE FUNCTION refuse_change();
CREATE TRIGGER fundings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fundings EXECUTE FUNCTION refuse_change();
CREATE TRIGGER funding_returns_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON funding_returns EXECUTE FUNCTION refuse_change();
CREATE TRIGGER credit_reversals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credit_reversals EXECUTE FUNCTION refuse_change();
CREATE TRIGGER idempotency_records_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON idempotency_records EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_leaves_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON batch_leaves EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attempt_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON attempt_log EXECUTE FUNCTION refuse_change();
CREATE TRIGGER account_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON account_log EXECUTE FUNCTION refuse_change();
CREATE TRIGGER log_sizes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON log_sizes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER rollups_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rollups EXECUTE FUNCTION refuse_change();
CREATE TRIGGER account_rollups_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON account_rollups EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wallet_rollups_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wallet_rollups EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlement_issuers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_issuers EXECUTE FUNCTION refuse_change();
CREATE TRIGGER card_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON card_changes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER registry_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON registry_changes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER merchant_updates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON merchant_updates EXECUTE FUNCTION refuse_change();
CREATE TRIGGER clock_eras_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON clock_eras EXECUTE FUNCTION refuse_change();
CREATE TRIGGER early_closes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON early_closes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER inquiries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON inquiries EXECUTE FUNCTION refuse_change();
CREATE TRIGGER wrong_pins_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wrong_pins EXECUTE FUNCTION refuse_change();
CREATE TRIGGER merchant_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON merchant_changes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER terminal_changes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON terminal_changes EXECUTE FUNCTION refuse_change();
CREATE TRIGGER uncounted_pins_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON uncounted_pins EXECUTE FUNCTION refuse_change();
