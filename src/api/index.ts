export { type RoleGuard, roleGuard } from './authz/guard.ts';
export { type ApiOptions, type RunningApi, startApi } from './drivers/start.ts';
