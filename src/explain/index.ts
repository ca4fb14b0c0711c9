export { describePlace, parseTarget, type Target } from './engine/place.ts';
export { PROFILES } from './engine/profiles.ts';
export { prepare, type Prepared, whyFlow } from './engine/why.ts';
export { explainFaults } from './faults.ts';
export type { Documents, FlowQuestion, Journey, Place } from './model.ts';
export { journeyJson, journeyText } from './report.ts';
