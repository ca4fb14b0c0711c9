export { checkPodSecurity, type PodSecurityViolation } from './checks.ts';
