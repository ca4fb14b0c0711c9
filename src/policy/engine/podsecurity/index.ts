export { checkPodSecurity } from './checks.ts';
export type { PodSecurityViolation } from './model.ts';
export { judgePodSecurity, type PodSecurityVerdict } from './namespace.ts';
export { podSecurityStep } from './step.ts';
