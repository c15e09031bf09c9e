DROP INDEX "connected_accounts_user";--> statement-breakpoint
ALTER TABLE "connected_accounts" ALTER COLUMN "user_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "user_id" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD COLUMN "client_id" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "label" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "label_given" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "is_default" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "connected_by_user_id" text;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD COLUMN "connected_by_client_id" text;--> statement-breakpoint
ALTER TABLE "tool_calls" ADD COLUMN "account_label" text;--> statement-breakpoint
ALTER TABLE "authorization_links" ADD CONSTRAINT "authorization_links_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connected_accounts" ADD CONSTRAINT "connected_accounts_connected_by_user_id_users_id_fk" FOREIGN KEY ("connected_by_user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "authorization_links_person" ON "authorization_links" USING btree ("user_id") WHERE user_id IS NOT NULL;--> statement-breakpoint
CREATE UNIQUE INDEX "connected_accounts_default" ON "connected_accounts" USING btree ("connection_id",coalesce("user_id", '')) WHERE is_default;--> statement-breakpoint
CREATE UNIQUE INDEX "connected_accounts_label" ON "connected_accounts" USING btree ("connection_id",coalesce("user_id", ''),"label");--> statement-breakpoint
CREATE INDEX "connected_accounts_at_provider" ON "connected_accounts" USING btree ("connection_id","provider_account_id");--> statement-breakpoint
CREATE INDEX "connected_accounts_connected_by" ON "connected_accounts" USING btree ("connected_by_user_id");