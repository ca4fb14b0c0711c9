export { Assembler, HELPER } from './assembler.ts';
export {
  ATTACH,
  attachToDevice,
  BpfMap,
  BpfObject,
  loadProgram,
  MAP,
  type MapShape,
  openPinned,
  PROGRAM,
  replaceProgram,
  testRun,
} from './drivers/bpf.ts';
export { RingReader } from './drivers/ring.ts';
export { mountAt, SystemCallError, unmount } from './drivers/system.ts';
