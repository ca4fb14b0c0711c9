export { applyKyverno, type KyvernoApplication, type KyvernoFinding, resourceName } from './apply.ts';
export { runKyvernoTest } from './check.ts';
export type { TestFiles, TestPorts, TestRow } from './model.ts';
