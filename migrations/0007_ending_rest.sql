CREATE TABLE "credential_reads" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"client_id" text NOT NULL,
	"connected_account_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "credential_reads" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "audit_events" ALTER COLUMN "environment_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "clients" ADD COLUMN "credential_read" jsonb;--> statement-breakpoint
ALTER TABLE "credential_reads" ADD CONSTRAINT "credential_reads_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential_reads" ADD CONSTRAINT "credential_reads_client_id_clients_id_fk" FOREIGN KEY ("client_id") REFERENCES "public"."clients"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credential_reads_client" ON "credential_reads" USING btree ("client_id","created_at");--> statement-breakpoint
CREATE POLICY "own_environment" ON "credential_reads" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "credential_reads" FORCE ROW LEVEL SECURITY;
