CREATE TABLE "verifications" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"link_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"session_id" text,
	"kind" text NOT NULL,
	"request_mac" "bytea",
	"browser_mac" "bytea",
	"code_mac" "bytea",
	"code_challenge" text,
	"tries" integer DEFAULT 0 NOT NULL,
	"sealed_ct" "bytea",
	"facts" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"proven_at" timestamp (3) with time zone,
	"outcome" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "verifications" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "user_verify_url" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "app_state" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "code_challenge" text;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification" jsonb;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification_secret_ct" "bytea";--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification_secret_generation" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "identity_match" jsonb DEFAULT '{"policy":"any"}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "on_account_change" text DEFAULT 'refuse' NOT NULL;--> statement-breakpoint
ALTER TABLE "consent_sessions" ADD COLUMN "verification_mode" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_link_id_authorization_links_id_fk" FOREIGN KEY ("link_id") REFERENCES "public"."authorization_links"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_connected_account_id_connected_accounts_id_fk" FOREIGN KEY ("connected_account_id") REFERENCES "public"."connected_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "verifications_request" ON "verifications" USING btree ("request_mac");--> statement-breakpoint
CREATE INDEX "verifications_account" ON "verifications" USING btree ("connected_account_id");--> statement-breakpoint
CREATE INDEX "verifications_link" ON "verifications" USING btree ("link_id");--> statement-breakpoint
CREATE INDEX "verifications_open" ON "verifications" USING btree ("expires_at") WHERE outcome IS NULL;--> statement-breakpoint
CREATE POLICY "own_environment" ON "verifications" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "verifications" FORCE ROW LEVEL SECURITY;
