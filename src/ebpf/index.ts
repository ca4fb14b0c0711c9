export { Assembler, HELPER } from './assembler.ts';
export {
  ATTACH,
  BpfMap,
  BpfObject,
  enableStats,
  linkProgram,
  loadProgram,
  MAP,
  type MapShape,
  openPinned,
  PROGRAM,
  programStats,
  replaceProgram,
  testRun,
} from './drivers/bpf.ts';
export { RingReader } from './drivers/ring.ts';
export { mountAt, SystemCallError, unmount } from './drivers/system.ts';
