CREATE TABLE "file_links" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"kind" text NOT NULL,
	"token_mac" "bytea" NOT NULL,
	"user_id" text NOT NULL,
	"client_id" text,
	"instance_id" text,
	"name" text,
	"file_id" text,
	"used_at" timestamp (3) with time zone,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "file_links" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "file_totals" (
	"environment_id" text PRIMARY KEY NOT NULL,
	"files" bigint NOT NULL,
	"bytes" bigint NOT NULL
);
--> statement-breakpoint
ALTER TABLE "file_totals" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "files" (
	"id" text PRIMARY KEY NOT NULL,
	"environment_id" text NOT NULL,
	"user_id" text,
	"user_identifier" text NOT NULL,
	"client_id" text,
	"tool_call_id" text,
	"link_id" text,
	"name" text NOT NULL,
	"content_type" text NOT NULL,
	"size" bigint NOT NULL,
	"sha256" text,
	"status" text DEFAULT 'writing' NOT NULL,
	"key_ct" "bytea",
	"expires_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "files" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "file_links" ADD CONSTRAINT "file_links_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "file_links" ADD CONSTRAINT "file_links_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "file_links" ADD CONSTRAINT "file_links_file_id_files_id_fk" FOREIGN KEY ("file_id") REFERENCES "public"."files"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "file_totals" ADD CONSTRAINT "file_totals_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_environment_id_environments_id_fk" FOREIGN KEY ("environment_id") REFERENCES "public"."environments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "files" ADD CONSTRAINT "files_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "file_links_token" ON "file_links" USING btree ("token_mac");--> statement-breakpoint
CREATE INDEX "file_links_of_user" ON "file_links" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "file_links_of_file" ON "file_links" USING btree ("file_id");--> statement-breakpoint
CREATE INDEX "file_links_age" ON "file_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "files_page" ON "files" USING btree ("environment_id","id");--> statement-breakpoint
CREATE INDEX "files_of_user" ON "files" USING btree ("user_id","id");--> statement-breakpoint
CREATE INDEX "files_age" ON "files" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "files_unfinished" ON "files" USING btree ("created_at") WHERE status <> 'ready';--> statement-breakpoint
CREATE POLICY "own_environment" ON "file_links" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "file_totals" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
CREATE POLICY "own_environment" ON "files" AS PERMISSIVE FOR ALL TO public USING (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*') WITH CHECK (environment_id = current_setting('grantway.environment_id', true) OR current_setting('grantway.environment_id', true) = '*');--> statement-breakpoint
ALTER TABLE "file_links" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "file_totals" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "files" FORCE ROW LEVEL SECURITY;
