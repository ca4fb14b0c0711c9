export { type AuditPolicy, parseAuditPolicy } from './audit/policy.ts';
export { parseTokenFile } from './authn/staticToken.ts';
export { type RoleGuard, roleGuard } from './authz/guard.ts';
export { type CertificateRequest, issue, type KeyPair, signPublicKey } from './drivers/certificate.ts';
export { makeSigningRequest, readSigningRequest, type SigningRequest } from './drivers/signingRequest.ts';
export type { ApiOptions, RunningApi } from './drivers/options.ts';
export { startApi } from './drivers/start.ts';
export { humanDuration } from './tables/format.ts';
export { type Column, shapeOf, type TableShape } from './tables/table.ts';
