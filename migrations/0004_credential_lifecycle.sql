CREATE TABLE "credential_reads" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"client_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "credential_reads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "events" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigserial NOT NULL,
	"environment_id" text NOT NULL,
	"type" text NOT NULL,
	"connected_account_id" text,
	"data" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "events" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "incident_items" (
	"incident_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"connection_id" text NOT NULL,
	"grant_id" text NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"revocation_id" text,
	CONSTRAINT "incident_items_incident_id_connected_account_id_pk" PRIMARY KEY("incident_id","connected_account_id")
);
--> statement-breakpoint
ALTER TABLE "incident_items" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "incidents" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"filter" jsonb NOT NULL,
	"total" integer NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "incidents" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "revocations" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"connection_id" text NOT NULL,
	"connection_name" text NOT NULL,
	"connector" text NOT NULL,
	"provider_account_id" text,
	"grant_id" text NOT NULL,
	"cause" text NOT NULL,
	"incident_id" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"detail" text,
	"credential_ct" "bytea",
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempted_at" timestamp (3) with time zone,
	"next_attempt_at" timestamp (3) with time zone NOT NULL,
	"give_up_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "revocations" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
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
CREATE TABLE "webhook_deliveries" (
	"endpoint_id" text NOT NULL,
	"event_id" text NOT NULL,
	"environment_id" text NOT NULL,
	"seq" bigint NOT NULL,
	"connected_account_id" text,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"give_up_at" timestamp (3) with time zone DEFAULT now() + interval '3 days' NOT NULL,
	"claim" uuid,
	"claimed_until" timestamp (3) with time zone,
	"last_attempt_at" timestamp (3) with time zone,
	"last_status" integer,
	"last_error" text,
	"delivered_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_deliveries_endpoint_id_event_id_pk" PRIMARY KEY("endpoint_id","event_id")
);
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"url" text NOT NULL,
	"description" text NOT NULL,
	"event_types" text[],
	"status" text DEFAULT 'ENABLED' NOT NULL,
	"reason" text,
	"failing_since" timestamp (3) with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"not_before" timestamp (3) with time zone,
	"secret_generation" bigint NOT NULL,
	"secret_ct" "bytea" NOT NULL,
	"previous_secret_ct" "bytea",
	"previous_secret_expires_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP INDEX "connected_accounts_user";--> statement-breakpoint
ALTER TABLE "audit_events" ALTER COLUMN "environment_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "connected_accounts" ALTER COLUMN "user_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "user_id" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "client_id" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "user_verify_url" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "app_state" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "code_challenge" text;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "previous_secret_mac" "bytea";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "previous_secret_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "credential_read" jsonb;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "label" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "label_given" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "is_default" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "connected_by_user_id" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "connected_by_client_id" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "grant_expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "expiry_warned_days" integer;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification" jsonb;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification_secret_ct" "bytea";--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "verification_secret_generation" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "mcp" jsonb;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "mcp_header_ct" "bytea";--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "mcp_header_generation" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "identity_match" jsonb DEFAULT '{"policy":"any"}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "on_account_change" text DEFAULT 'refuse' NOT NULL;--> statement-breakpoint
ALTER TABLE "consent_sessions" ADD COLUMN "fields" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "consent_sessions" ADD COLUMN "verification_mode" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "forgotten_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "tool_calls" ADD COLUMN "account_label" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "credential_reads" ADD CONSTRAINT "credential_reads_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential_reads" ADD CONSTRAINT "credential_reads_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_items" ADD CONSTRAINT "incident_items_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_items" ADD CONSTRAINT "incident_items_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_link_id_authorization_links_id_fk" FOREIGN KEY ("link_id") REFERENCES "public"."authorization_links"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "verifications" ADD CONSTRAINT "verifications_connected_account_id_connected_accounts_id_fk" FOREIGN KEY ("connected_account_id") REFERENCES "public"."connected_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_id_webhook_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_id_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credential_reads_client" ON "credential_reads" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE INDEX "events_page" ON "events" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "events_of_account" ON "events" USING btree ("connected_account_id","id");--> statement-breakpoint
CREATE INDEX "events_age" ON "events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "incident_items_left" ON "incident_items" USING btree ("incident_id","connected_account_id") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX "incidents_page" ON "incidents" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "incidents_running" ON "incidents" USING btree ("id") WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX "revocations_page" ON "revocations" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "revocations_of_account" ON "revocations" USING btree ("connected_account_id","id");--> statement-breakpoint
CREATE INDEX "revocations_of_incident" ON "revocations" USING btree ("incident_id","status") WHERE incident_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "revocations_due" ON "revocations" USING btree ("connection_id","next_attempt_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "revocations_rate" ON "revocations" USING btree ("connection_id","attempted_at");--> statement-breakpoint
CREATE UNIQUE INDEX "verifications_request" ON "verifications" USING btree ("request_mac");--> statement-breakpoint
CREATE INDEX "verifications_account" ON "verifications" USING btree ("connected_account_id");--> statement-breakpoint
CREATE INDEX "verifications_link" ON "verifications" USING btree ("link_id");--> statement-breakpoint
CREATE INDEX "verifications_open" ON "verifications" USING btree ("expires_at") WHERE outcome IS NULL;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_due" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_turn" ON "webhook_deliveries" USING btree ("endpoint_id","connected_account_id","seq") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "webhook_deliveries_event" ON "webhook_deliveries" USING btree ("event_id");--> statement-breakpoint
CREATE INDEX "webhook_endpoints_page" ON "webhook_endpoints" USING btree ("environment_id","id");--> statement-breakpoint
ALTER TABLE "authorization_links" ADD CONSTRAINT "authorization_links_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD CONSTRAINT "connected_accounts_connected_by_user_id_users_id_fk" FOREIGN KEY ("connected_by_user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "authorization_links_person" ON "authorization_links" USING btree ("user_id") WHERE user_id IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "connected_accounts_default" ON "connected_accounts" USING btree ("connection_id",coalesce("user_id", '')) WHERE is_default;--> statement-breakpoint
CREATE UNIQUE INDEX "connected_accounts_label" ON "connected_accounts" USING btree ("connection_id",coalesce("user_id", ''),"label");--> statement-breakpoint
CREATE INDEX "connected_accounts_at_provider" ON "connected_accounts" USING btree ("connection_id","provider_account_id");--> statement-breakpoint
CREATE INDEX "connected_accounts_connected_by" ON "connected_accounts" USING btree ("connected_by_user_id");--> statement-breakpoint
CREATE INDEX "connected_accounts_ending" ON "connected_accounts" USING btree ("grant_expires_at") WHERE grant_expires_at IS NOT NULL;--> statement-breakpoint
CREATE POLICY "own_environment" ON "credential_reads" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "events" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "incident_items" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "incidents" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "revocations" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "verifications" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "webhook_deliveries" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "webhook_endpoints" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "credential_reads" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "events" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "incident_items" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "incidents" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "revocations" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "verifications" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" FORCE ROW LEVEL SECURITY;