export { kyvernoPorts } from '../kyverno-ports.ts';
export { BACKGROUND_USER } from './model.ts';
export { type RunningKyverno, startKyverno } from './start.ts';
export { accountOf } from '../../dialects/kyverno/checks/access.ts';
