import { spawn } from 'node:child_process';
import { inNetns } from '../../ebpf/drivers/system.ts';
import { networkFaults } from '../faults.ts';

/** Applies libnftables JSON commands as one transaction, in a network namespace or here. */
export async function applyNft(commands: { readonly nftables: readonly unknown[] }, netnsPath?: string): Promise<void> {
  const start = (): ReturnType<typeof spawn> => spawn('nft', ['-j', '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const child = netnsPath ? inNetns(netnsPath, start) : start();
  const problems: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => problems.push(chunk));
  const ended = new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('close', code =>
      resolve(code === 0 ? undefined : Buffer.concat(problems).toString().slice(0, 2000) || `exit ${code}`),
    );
  });
  child.stdin!.on('error', () => undefined);
  child.stdin!.end(JSON.stringify(commands));
  const detail = await ended;
  if (detail !== undefined) throw networkFaults.error('command-failed', { command: 'nft', detail });
}

/** Commands that remove a table, present or not. */
export const withoutTable = (name: string): { nftables: unknown[] } => ({
  nftables: [{ add: { table: { family: 'inet', name } } }, { delete: { table: { family: 'inet', name } } }],
});
