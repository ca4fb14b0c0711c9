export { applyKyverno, type KyvernoFinding } from './apply.ts';
export { runKyvernoTest } from './check.ts';
export type { TestFiles, TestPorts, TestRow } from './model.ts';
