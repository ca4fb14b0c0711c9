export { describePlace, parseTarget, type Target } from './engine/place.ts';
export { PROFILES } from './dialects/profiles.ts';
export { type Mutation, mutate, readCases, runCases, type TestCase, type TestResult } from './engine/cases.ts';
export { type FlowChange, type ObjectChange, plan, type Plan } from './engine/plan.ts';
export { prepare, type Prepared, whyFlow } from './engine/why.ts';
export { explainFaults } from './faults.ts';
export type { Documents, FlowQuestion, Journey, Place } from './model.ts';
export { formatOrigin, journeyJson, journeyText } from './report.ts';
