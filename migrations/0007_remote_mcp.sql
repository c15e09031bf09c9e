ALTER TABLE "connections" ADD COLUMN "mcp" jsonb;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "mcp_header_ct" "bytea";--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "mcp_header_generation" bigint DEFAULT 0 NOT NULL;