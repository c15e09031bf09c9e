CREATE TABLE "sweep_marks" (
	"name" text PRIMARY KEY NOT NULL,
	"reached" text NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sweep_marks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tool_calls" DROP CONSTRAINT "tool_calls_environment_id_environments_id_fk";
--> statement-breakpoint
SELECT set_config('grantway.environment_id', '*', true);--> statement-breakpoint
-- Calls without an outcome were found by the index so far; from here on they are not before the mark.
INSERT INTO "sweep_marks" (name, reached) SELECT 'unfinished tool calls', coalesce((SELECT min(id) FROM tool_calls WHERE outcome = 'pending'), (SELECT max(id) FROM tool_calls), 'tc_');--> statement-breakpoint
SELECT set_config('grantway.environment_id', '', true);--> statement-breakpoint
DROP INDEX "tool_calls_pending";--> statement-breakpoint
CREATE POLICY "system_only" ON "sweep_marks" AS PERMISSIVE FOR ALL TO public USING (current_setting('grantway.environment_id', true) = '*') WITH CHECK (current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "sweep_marks" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "tool_calls" SET (fillfactor = 80);--> statement-breakpoint
-- Tells whoever listens which row is not as it was; packages/db/src/changes.ts. When an account was last used is nobody's concern.
CREATE FUNCTION grantway_tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('grantway_changes', old.id);
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE FUNCTION grantway_tell_account_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op = 'UPDATE' THEN
    new.last_used_at := old.last_used_at;
    IF new IS NOT DISTINCT FROM old THEN
      RETURN NULL;
    END IF;
  END IF;
  -- The connection's accounts, as a list, are another matter than the connection's own row.
  PERFORM pg_notify('grantway_changes', CASE
    WHEN tg_op = 'INSERT' THEN 'accounts:' || new.connection_id
    WHEN tg_op = 'DELETE' THEN old.id || ' accounts:' || old.connection_id
    WHEN (old.connection_id, old.user_id, old.label, old.provider_account_label, old.is_default, old.status)
      IS NOT DISTINCT FROM (new.connection_id, new.user_id, new.label, new.provider_account_label, new.is_default, new.status) THEN old.id
    ELSE old.id || ' accounts:' || old.connection_id END);
  RETURN NULL;
END $$;--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "environments" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "clients" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "users" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "connections" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "mcp_configs" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER UPDATE OR DELETE ON "mcp_instances" FOR EACH ROW EXECUTE FUNCTION grantway_tell_change();--> statement-breakpoint
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON "connected_accounts" FOR EACH ROW EXECUTE FUNCTION grantway_tell_account_change();
