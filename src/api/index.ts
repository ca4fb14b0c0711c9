export { type RoleGuard, roleGuard } from './authz/guard.ts';
export { type CertificateRequest, issue, type KeyPair, signPublicKey } from './drivers/certificate.ts';
export { type ApiOptions, type RunningApi, startApi } from './drivers/start.ts';
