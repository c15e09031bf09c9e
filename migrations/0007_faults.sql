ALTER TABLE "connected_accounts" ADD COLUMN "grant_expires_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "expiry_warned_days" integer;--> statement-breakpoint
CREATE INDEX "connected_accounts_ending" ON "connected_accounts" USING btree ("grant_expires_at") WHERE grant_expires_at IS NOT NULL;