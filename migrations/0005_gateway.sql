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
CREATE TABLE "identity_providers" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"issuer" text NOT NULL,
	"client_id" text NOT NULL,
	"client_secret_ct" "bytea",
	"secret_generation" bigint DEFAULT 0 NOT NULL,
	"claim" text NOT NULL,
	"assume_s256" boolean DEFAULT false NOT NULL,
	"config_ids" text[],
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "identity_providers" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "mcp_grants" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"instance_id" text NOT NULL,
	"oauth_client_id" text NOT NULL,
	"client_name" text,
	"redirect_uri" text NOT NULL,
	"resource" text NOT NULL,
	"scope" text NOT NULL,
	"signed_in_by" text NOT NULL,
	"client_id" text,
	"code_mac" "bytea",
	"code_challenge" text,
	"code_used_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"last_refreshed_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"revoked_reason" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mcp_grants" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "mcp_refresh_tokens" (
	"token_mac" "bytea" PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"grant_id" text NOT NULL,
	"used_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mcp_refresh_tokens" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "mcp_sign_ins" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"config_id" text NOT NULL,
	"kind" text NOT NULL,
	"user_identifier" text,
	"client_id" text,
	"request_mac" "bytea",
	"browser_mac" "bytea",
	"pkce_verifier_ct" "bytea",
	"request_ct" "bytea",
	"facts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"proven_at" timestamp (3) with time zone,
	"used_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "mcp_sign_ins" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "oauth_clients" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text,
	"redirect_uris" text[] NOT NULL,
	"last_allowed_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "oauth_clients" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
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
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "approvals" ADD CONSTRAINT "approvals_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "identity_providers" ADD CONSTRAINT "identity_providers_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_grants" ADD CONSTRAINT "mcp_grants_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_grants" ADD CONSTRAINT "mcp_grants_instance_id_mcp_instances_id_fk" FOREIGN KEY ("instance_id") REFERENCES "public"."mcp_instances"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_grants" ADD CONSTRAINT "mcp_grants_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_refresh_tokens" ADD CONSTRAINT "mcp_refresh_tokens_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_refresh_tokens" ADD CONSTRAINT "mcp_refresh_tokens_grant_id_mcp_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."mcp_grants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_sign_ins" ADD CONSTRAINT "mcp_sign_ins_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_sign_ins" ADD CONSTRAINT "mcp_sign_ins_config_id_mcp_configs_id_fk" FOREIGN KEY ("config_id") REFERENCES "public"."mcp_configs"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mcp_sign_ins" ADD CONSTRAINT "mcp_sign_ins_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_token" ON "approvals" USING btree ("token_id");--> statement-breakpoint
CREATE UNIQUE INDEX "approvals_current" ON "approvals" USING btree ("environment_id","call_mac") WHERE is_current;--> statement-breakpoint
CREATE INDEX "approvals_page" ON "approvals" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "approvals_of_user" ON "approvals" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "approvals_open" ON "approvals" USING btree ("expires_at") WHERE status in ('pending', 'approved', 'running');--> statement-breakpoint
CREATE INDEX "approvals_kept" ON "approvals" USING btree ("ended_at") WHERE arguments_ct IS NOT NULL OR result_ct IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "identity_providers_environment" ON "identity_providers" USING btree ("environment_id");--> statement-breakpoint
CREATE UNIQUE INDEX "mcp_grants_code" ON "mcp_grants" USING btree ("code_mac");--> statement-breakpoint
CREATE INDEX "mcp_grants_page" ON "mcp_grants" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "mcp_grants_instance" ON "mcp_grants" USING btree ("instance_id");--> statement-breakpoint
CREATE INDEX "mcp_grants_oauth_client" ON "mcp_grants" USING btree ("oauth_client_id");--> statement-breakpoint
CREATE INDEX "mcp_grants_age" ON "mcp_grants" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "mcp_refresh_tokens_grant" ON "mcp_refresh_tokens" USING btree ("grant_id");--> statement-breakpoint
CREATE INDEX "mcp_refresh_tokens_age" ON "mcp_refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE UNIQUE INDEX "mcp_sign_ins_request" ON "mcp_sign_ins" USING btree ("request_mac");--> statement-breakpoint
CREATE INDEX "mcp_sign_ins_browser" ON "mcp_sign_ins" USING btree ("browser_mac");--> statement-breakpoint
CREATE INDEX "mcp_sign_ins_age" ON "mcp_sign_ins" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "mcp_sign_ins_begun" ON "mcp_sign_ins" USING btree ("environment_id","created_at");--> statement-breakpoint
CREATE INDEX "oauth_clients_unused" ON "oauth_clients" USING btree ("created_at") WHERE last_allowed_at IS NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "mcp_instances_config_user_client" ON "mcp_instances" USING btree ("config_id","user_id",coalesce("client_id", ''));--> statement-breakpoint
CREATE INDEX "mcp_instances_page" ON "mcp_instances" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "mcp_instances_user" ON "mcp_instances" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "mcp_instances_client" ON "mcp_instances" USING btree ("client_id");--> statement-breakpoint
CREATE POLICY "own_environment" ON "approvals" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "identity_providers" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "mcp_grants" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "mcp_refresh_tokens" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "mcp_sign_ins" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "system_only" ON "oauth_clients" AS PERMISSIVE FOR ALL TO public USING (current_setting('grantway.environment_id', true) = '*') WITH CHECK (current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "approvals" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "identity_providers" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "mcp_grants" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "mcp_refresh_tokens" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "mcp_sign_ins" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "oauth_clients" FORCE ROW LEVEL SECURITY;
