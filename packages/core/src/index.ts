export * from './access-tokens.ts';
export { approvalArgument, approvalTool, findApprovedCall } from './approval-answers.ts';
export { createApprovalLink, decideApproval, getApproval, listApprovals } from './approval-decisions.ts';
export { type ApprovalView, decideByLink, viewApproval } from './approval-links.ts';
export { sweepApprovals } from './approval-sweep.ts';
export { mayAsk } from './approvals.ts';
export * from './audit-events.ts';
export { createAuditLog } from './audit-log.ts';
export * from './authorization-links.ts';
export * from './authorization-requests.ts';
export * from './bootstrap.ts';
export { allowedTools, deniesReads, policyKey, policyOf } from './call-policy.ts';
export { canonicalJson } from './canonical-json.ts';
export * from './choose.ts';
export * from './clients.ts';
export * from './config-overview.ts';
export * from './config-versions.ts';
export * from './connected-accounts.ts';
export * from './connections.ts';
export * from './connectors.ts';
export * from './consent.ts';
export * from './credential-reads.ts';
export * from './ctx.ts';
export * from './direct-calls.ts';
export * from './environments.ts';
export * from './events.ts';
export { createExpectations, OutdatedInstance } from './expectations.ts';
export * from './expiry-warnings.ts';
export * from './file-links.ts';
export type { FileModules } from './file-modules.ts';
export { openDiskStore } from './file-stores/disk-store.ts';
export type { FileStore } from './file-stores/file-store.ts';
export { openS3Store, type S3Options } from './file-stores/s3-store.ts';
export { createFile, deleteFile, getFile, listFiles, openFile } from './files.ts';
export * from './grants.ts';
export * from './identity-provider.ts';
export * from './incidents.ts';
export { tellOfExpiredInstances } from './instance-expiry.ts';
export * from './instance-life.ts';
export { createInstanceRows } from './instance-rows.ts';
export { type Count, createLocalLimiter, createProviderPauses, type Limiter, type LimitReached, type ProviderPauses } from './limits.ts';
export type { ChoiceView } from './lookup.ts';
export { createMcpConfig, deleteMcpConfig, getMcpConfig, listMcpConfigs, updateMcpConfig } from './mcp-configs.ts';
export * from './mcp-grant-tokens.ts';
export {
  allowClient,
  denyClient,
  getMcpGrant,
  listMcpGrants,
  ownGrants,
  pruneGrants,
  revokeMcpGrant,
  revokeOwnGrant,
} from './mcp-grants.ts';
export * from './mcp-instances.ts';
export * from './mcp-sign-ins.ts';
export * from './oauth-clients.ts';
export { finishSignIn, startSignIn } from './oidc-sign-in.ts';
export * from './open-instance.ts';
export { createOpenedInstances, type Remembered } from './opened-instances.ts';
export * from './operator-deeds.ts';
export { accountArgument, type NameableAccount } from './owned-accounts.ts';
export { decodeCursor, type Page, toPage } from './pagination.ts';
export { createQuestions } from './questions.ts';
export * from './remote-accounts.ts';
export * from './remote-calls.ts';
export * from './remote-catalogs.ts';
export * from './remote-definitions.ts';
export * from './remote-links.ts';
export * from './remote-servers.ts';
export * from './remote-tools.ts';
export * from './remote-watches.ts';
export * from './remotes.ts';
export { confirmReplacement } from './replacement.ts';
export { afterRestore } from './restore.ts';
export type { Restrictions } from './restrictions.ts';
export * from './revocations.ts';
export * from './session-tokens.ts';
export { sweepFiles } from './stored-files.ts';
export * from './tool-call-audit.ts';
export * from './tool-call-log.ts';
export * from './tool-calls.ts';
export { createToolFinder, type FoundTool, type ToolFinder, type ToolQuery } from './tool-finder.ts';
export * from './tools.ts';
export * from './users.ts';
export type { VerificationView } from './verification.ts';
export * from './verify-account.ts';
export * from './webhook-deliveries.ts';
export * from './webhook-endpoints.ts';
