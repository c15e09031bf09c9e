-- Without FORCE the tables' owner, which is the role the broker runs as, would bypass the policies.
ALTER TABLE "audit_events" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "authorization_links" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "clients" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "connected_accounts" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "connections" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "consent_sessions" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "idempotency_keys" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "mcp_config_versions" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "mcp_configs" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "mcp_instances" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "tool_calls" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
