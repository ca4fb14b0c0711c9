export { checkPodSecurity } from './checks.ts';
export type { PodSecurityViolation } from './model.ts';
