import { mkdirSync } from 'node:fs';
import type { Random } from '../../base/index.ts';
import type { Kernel, KernelPorts } from '../../kernel/index.ts';
import { EtcdJournal } from '../../kernel/drivers/etcd-journal.ts';
import { sqliteLog } from '../../kernel/drivers/sqlite-log.ts';
import { readEncryption } from '../../kernel/encryption/drivers/configuration.ts';
import { encryptedLog } from '../../kernel/encryption/encrypted-log.ts';
import { rewriteStale } from '../../kernel/encryption/rewrite.ts';
import type { StateFolder } from './state.ts';

/** Where objects are kept, as a person chose it. */
export interface StoreSettings {
  /** `etcd://host:port`; the state folder when absent. */
  readonly store?: string;
  /** An EncryptionConfiguration file. */
  readonly encryption?: string;
}

/** The kernel's store ports, and what is left to do once the kernel is open. */
export interface StoreChoice {
  readonly ports: Pick<KernelPorts, 'log' | 'shared'>;
  /** Writes a consistent copy to a file while the store is used; absent where others keep the store. */
  readonly backup?: (file: string) => Promise<void>;
  /** Writes again what old keys, or none, protected. */
  opened(kernel: Kernel): Promise<void>;
}

/** The store a Tenon runs on: a file of its own, or an etcd that others share. Faults: address, configuration. */
export function chooseStore({ store, encryption }: StoreSettings, state: StateFolder, random: Random): StoreChoice {
  const transform = encryption === undefined ? undefined : readEncryption(encryption, random);
  const opened = async (kernel: Kernel): Promise<void> => {
    if (transform) await rewriteStale(kernel.journal, transform);
  };
  if (store !== undefined) {
    const sealed = transform ? { transform } : {};
    return { ports: { shared: parts => EtcdJournal.open({ ...parts, ...sealed, address: store }) }, opened };
  }
  mkdirSync(state.file('store'), { recursive: true, mode: 0o700 });
  const log = sqliteLog(state.file('store'), { erase: transform !== undefined });
  return { ports: { log: transform ? encryptedLog(log, transform) : log }, backup: file => log.backup(file), opened };
}
