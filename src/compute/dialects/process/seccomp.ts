import { SECCOMP_REFUSED } from '../../engine/seccomp.ts';
import { REFUSED_NUMBERS } from './syscalls.ts';

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_EQUAL = 0x35;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const ERRNO_EPERM = 0x0005_0001;
const KILL = 0x8000_0000;
const ARCH_X86_64 = 0xc000_003e;
const X32_BIT = 0x4000_0000;

/** Classic BPF of the default profile for x86-64 (seccomp(2)): other architectures' calls end the process. */
export function seccompFilter(): Uint8Array {
  const numbers = SECCOMP_REFUSED.flatMap(name => {
    const number = REFUSED_NUMBERS[name];
    return number === undefined ? [] : [number];
  });
  const code: [operation: number, yes: number, no: number, value: number][] = [
    [LOAD_WORD, 0, 0, 4],
    [JUMP_EQUAL, 1, 0, ARCH_X86_64],
    [RETURN, 0, 0, KILL],
    [LOAD_WORD, 0, 0, 0],
    [JUMP_GREATER_EQUAL, numbers.length + 1, 0, X32_BIT],
    ...numbers.map((number, index): [number, number, number, number] => [
      JUMP_EQUAL,
      numbers.length - index,
      0,
      number,
    ]),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, ERRNO_EPERM],
  ];
  const bytes = new Uint8Array(code.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, [operation, yes, no, value]] of code.entries()) {
    view.setUint16(index * 8, operation, true);
    view.setUint8(index * 8 + 2, yes);
    view.setUint8(index * 8 + 3, no);
    view.setUint32(index * 8 + 4, value, true);
  }
  return bytes;
}
