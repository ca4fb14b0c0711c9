import { mkdirSync } from 'node:fs';
import type { Random } from '../../base/index.ts';
import type { Kernel, KernelPorts } from '../../kernel/index.ts';
import { sqliteLog } from '../../kernel/drivers/sqlite-log.ts';
import type { ValueTransform } from '../../kernel/encryption/transform.ts';
import type { Log } from '../../kernel/store/log.ts';
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
  /** Settles a text among all that share the store; absent where nobody does. */
  readonly agree?: (name: string, mine: string) => Promise<string>;
  /** Writes again what old keys, or none, protected. */
  opened(kernel: Kernel): Promise<void>;
}

/** What seals values before they are kept, and what is left to do when the kernel is open. */
async function encryptionOf(
  file: string,
  random: Random,
): Promise<{ transform: ValueTransform; seal: (log: Log) => Log; rewrite: (kernel: Kernel) => Promise<void> }> {
  const { readEncryption } = await import('../../kernel/encryption/drivers/configuration.ts');
  const { encryptedLog } = await import('../../kernel/encryption/encrypted-log.ts');
  const { rewriteStale } = await import('../../kernel/encryption/rewrite.ts');
  const transform = readEncryption(file, random);
  return {
    transform,
    seal: log => encryptedLog(log, transform),
    rewrite: async kernel => void (await rewriteStale(kernel.journal, transform)),
  };
}

/**
 * The store a Tenon runs on: a file of its own, or an etcd that others share. What a choice does not need is not loaded.
 * Faults: address, configuration.
 */
export async function chooseStore(
  { store, encryption }: StoreSettings,
  state: StateFolder,
  random: Random,
): Promise<StoreChoice> {
  const sealed = encryption === undefined ? undefined : await encryptionOf(encryption, random);
  const opened = async (kernel: Kernel): Promise<void> => sealed?.rewrite(kernel);
  if (store !== undefined) {
    const { EtcdJournal } = await import('../../kernel/drivers/etcd-journal.ts');
    const { agreeOnEtcd } = await import('../../kernel/drivers/etcd-agreement.ts');
    const transform = sealed ? { transform: sealed.transform } : {};
    return {
      ports: { shared: parts => EtcdJournal.open({ ...parts, ...transform, address: store }) },
      agree: (name, mine) => agreeOnEtcd(store, name, mine, sealed?.transform),
      opened,
    };
  }
  mkdirSync(state.file('store'), { recursive: true, mode: 0o700 });
  const log = sqliteLog(state.file('store'), { erase: sealed !== undefined });
  return { ports: { log: sealed ? sealed.seal(log) : log }, backup: file => log.backup(file), opened };
}
