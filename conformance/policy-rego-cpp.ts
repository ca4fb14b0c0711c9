import { opaRunner } from './policy-opa.ts';

/** Cases of another implementation of Rego, in the form of OPA's own. */
export const runner = opaRunner('policy/rego-cpp', 'v1');
