ALTER TABLE "data_keys" ADD COLUMN "state_changed_at" timestamp (3) with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "data_keys" ADD COLUMN "canary" "bytea";--> statement-breakpoint
CREATE UNIQUE INDEX "data_keys_staged" ON "data_keys" USING btree ("purpose",coalesce("environment_id", '')) WHERE state = 'staged';