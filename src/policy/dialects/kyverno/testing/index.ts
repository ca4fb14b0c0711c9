export { runKyvernoTest } from './check.ts';
export type { TestFiles, TestPorts, TestRow } from './model.ts';
