CREATE TABLE "approvals" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"token_id" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"call_mac" "bytea" NOT NULL,
	"is_current" boolean DEFAULT true NOT NULL,
	"user_id" text NOT NULL,
	"user_identifier" text NOT NULL,
	"via" text NOT NULL,
	"client_id" text,
	"mcp_instance_id" text,
	"mcp_config_name" text,
	"mcp_config_version" integer,
	"tool_name" text NOT NULL,
	"effect" text NOT NULL,
	"connector" text NOT NULL,
	"connection_id" text NOT NULL,
	"connection_name" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"account_label" text,
	"approvers" text NOT NULL,
	"arguments_ct" "bytea",
	"decided_by_kind" text,
	"decided_by_id" text,
	"decided_at" timestamp (3) with time zone,
	"reason" text,
	"tool_call_id" text,
	"claimed_at" timestamp (3) with time zone,
	"fault_code" text,
	"result_ct" "bytea",
	"told_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "approvals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_token" ON "approvals" USING btree ("token_id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_current" ON "approvals" USING btree ("environment_id","call_mac") WHERE is_current;--> statement-breakpoint
CREATE INDEX "approvals_page" ON "approvals" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "approvals_of_user" ON "approvals" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "approvals_open" ON "approvals" USING btree ("expires_at") WHERE status in ('pending', 'approved', 'running');--> statement-breakpoint
CREATE INDEX "approvals_kept" ON "approvals" USING btree ("ended_at") WHERE arguments_ct IS NOT NULL OR result_ct IS NOT NULL;--> statement-breakpoint
CREATE POLICY "own_environment" ON "approvals" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "approvals" FORCE ROW LEVEL SECURITY;
