export { Assembler, HELPER } from './assembler.ts';
export {
  BpfMap,
  BpfObject,
  enableStats,
  loadProgram,
  MAP,
  type MapShape,
  openPinned,
  PROGRAM,
  programStats,
  testRun,
} from './drivers/bpf.ts';
export { RingReader } from './drivers/ring.ts';
export { mountAt, SystemCallError, unmount } from './drivers/system.ts';
