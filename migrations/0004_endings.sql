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
ALTER TABLE "clients" ADD COLUMN "previous_secret_mac" "bytea";--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "previous_secret_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "environments" ADD COLUMN "forgotten_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "incident_items" ADD CONSTRAINT "incident_items_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_items" ADD CONSTRAINT "incident_items_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "revocations" ADD CONSTRAINT "revocations_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "incident_items_left" ON "incident_items" USING btree ("incident_id","connected_account_id") WHERE ended_at IS NULL;--> statement-breakpoint
CREATE INDEX "incidents_page" ON "incidents" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "incidents_running" ON "incidents" USING btree ("id") WHERE finished_at IS NULL;--> statement-breakpoint
CREATE INDEX "revocations_page" ON "revocations" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "revocations_of_account" ON "revocations" USING btree ("connected_account_id","id");--> statement-breakpoint
CREATE INDEX "revocations_of_incident" ON "revocations" USING btree ("incident_id","status") WHERE incident_id IS NOT NULL;--> statement-breakpoint
CREATE INDEX "revocations_due" ON "revocations" USING btree ("connection_id","next_attempt_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "revocations_rate" ON "revocations" USING btree ("connection_id","attempted_at");--> statement-breakpoint
CREATE POLICY "own_environment" ON "incident_items" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "incidents" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "revocations" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "incident_items" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "incidents" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "revocations" FORCE ROW LEVEL SECURITY;
