import type { Text } from '../../base/index.ts';
import { KERNEL_INSTALL, MACHINE_BINARY, MACHINE_INSTALL } from './microvm/machine.ts';
import { ociDialects } from './index.ts';

/** One RuntimeClass handler: what runs its pods, and what a machine needs for it. */
export interface Handler {
  readonly handler: string;
  /** Which driver: lists of system calls, an OCI command line, a virtual machine, a shim, or WebAssembly. */
  readonly driver: 'process' | 'oci' | 'machine' | 'shim' | 'wasm';
  /** Absent where Tenon brings all it needs. */
  readonly binary?: string;
  readonly install?: string;
  readonly what: Text;
}

const oci: readonly Handler[] = ociDialects.map(({ handler, binary, install }) => ({
  handler,
  driver: 'oci',
  binary,
  install,
  what: { en: `OCI runtime, ${binary}`, zh: `OCI 运行时 ${binary}` },
}));

/** Every handler a RuntimeClass can name. `tenon doctor`, the docs and the Fault for what is missing read this table. */
export const handlers: readonly Handler[] = [
  {
    handler: 'process',
    driver: 'process',
    what: { en: 'containers of namespaces, without any other program', zh: '命名空间容器,无需其他程序' },
  },
  { handler: 'wasm', driver: 'wasm', what: { en: 'WebAssembly (WASI)', zh: 'WebAssembly(WASI)' } },
  ...oci,
  {
    handler: 'microvm',
    driver: 'machine',
    binary: MACHINE_BINARY,
    install: `${MACHINE_INSTALL} ${KERNEL_INSTALL.split(' ').at(-1)}`,
    what: {
      en: 'virtual machines, software emulation unless TENON_KVM=yes',
      zh: '虚拟机,除非 TENON_KVM=yes 否则用软件模拟',
    },
  },
  {
    handler: 'kata',
    driver: 'machine',
    binary: MACHINE_BINARY,
    install: `${MACHINE_INSTALL} ${KERNEL_INSTALL.split(' ').at(-1)}`,
    what: {
      en: 'the same virtual machines, sized by Kata annotations',
      zh: '同样的虚拟机,按 Kata 注解设定大小',
    },
  },
];

/** The entry of a handler; undefined for one nobody knows. */
export const handlerOf = (name: string): Handler | undefined => handlers.find(({ handler }) => handler === name);
