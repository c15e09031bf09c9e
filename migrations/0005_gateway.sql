DROP INDEX "mcp_instances_config_user";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "restrictions" jsonb;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "policy" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "description" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "actor_kind" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "actor_id" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "restored_from" integer;--> statement-breakpoint
ALTER TABLE "mcp_instances" ADD COLUMN "previous_secret_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mcp_instances" ADD COLUMN "expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "mcp_instances" ADD COLUMN "url_life_seconds" integer;--> statement-breakpoint
ALTER TABLE "mcp_instances" ADD COLUMN "session_epoch" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "mcp_instances_config_user_client" ON "mcp_instances" USING btree ("config_id","user_id",coalesce("client_id", ''));--> statement-breakpoint
CREATE INDEX "mcp_instances_page" ON "mcp_instances" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "mcp_instances_user" ON "mcp_instances" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "mcp_instances_client" ON "mcp_instances" USING btree ("client_id");