CREATE TABLE "salvaged_credentials" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"grant_id" text NOT NULL,
	"based_on" bigint NOT NULL,
	"credential_ct" "bytea" NOT NULL,
	"access_fingerprint" "bytea" NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"not_before" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "salvaged_credentials" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "connections" ADD COLUMN "provider_probe_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "data_keys" ADD COLUMN "state_changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "data_keys" ADD COLUMN "canary" "bytea";--> statement-breakpoint
ALTER TABLE "salvaged_credentials" ADD CONSTRAINT "salvaged_credentials_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "salvaged_credentials" ADD CONSTRAINT "salvaged_credentials_connected_account_id_connected_accounts_id_fk" FOREIGN KEY ("connected_account_id") REFERENCES "public"."connected_accounts"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "salvaged_credentials_once" ON "salvaged_credentials" USING btree ("connected_account_id","access_fingerprint");--> statement-breakpoint
CREATE INDEX "salvaged_credentials_due" ON "salvaged_credentials" USING btree ("not_before");--> statement-breakpoint
CREATE UNIQUE INDEX "data_keys_staged" ON "data_keys" USING btree ("purpose",coalesce("environment_id", '')) WHERE state = 'staged';--> statement-breakpoint
CREATE POLICY "own_environment" ON "salvaged_credentials" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "salvaged_credentials" FORCE ROW LEVEL SECURITY;
