ALTER TABLE "data_key_wraps" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "data_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "signing_keys" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY "system_only" ON "data_key_wraps" AS PERMISSIVE FOR ALL TO public USING (current_setting('grantway.environment_id', true) = '*') WITH CHECK (current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "system_only" ON "data_keys" AS PERMISSIVE FOR ALL TO public USING (current_setting('grantway.environment_id', true) = '*') WITH CHECK (current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "system_only" ON "signing_keys" AS PERMISSIVE FOR ALL TO public USING (current_setting('grantway.environment_id', true) = '*') WITH CHECK (current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "data_key_wraps" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "data_keys" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "signing_keys" FORCE ROW LEVEL SECURITY;
