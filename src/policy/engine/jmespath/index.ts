export { compileJmes, type JmesProgram } from './compile.ts';
export { asTime, formatGoDuration, parseGoDuration } from './functions/go-time.ts';
export type { JmesPorts } from './functions/define.ts';
export { goJson } from './functions/standard.ts';
export { JMES_FUNCTIONS } from './functions/index.ts';
export { isTruthy, JmesError, type JmesValue } from './value.ts';
