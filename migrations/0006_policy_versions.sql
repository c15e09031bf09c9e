ALTER TABLE "mcp_config_versions" ADD COLUMN "name" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "description" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "actor_kind" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "actor_id" text;--> statement-breakpoint
ALTER TABLE "mcp_config_versions" ADD COLUMN "restored_from" integer;