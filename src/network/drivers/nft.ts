import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inNetns } from '../../ebpf/drivers/system.ts';
import { networkFaults } from '../faults.ts';

const MESSAGE_LENGTH_MAX = 2000;

/** An open descriptor of a file that is already removed: nft cannot read from the sockets Node gives as standard input. */
function spill(text: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-nft-'));
  try {
    writeFileSync(join(folder, 'rules'), text, { mode: 0o600 });
    return openSync(join(folder, 'rules'), 'r');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Applies libnftables JSON commands as one transaction, in a network namespace or here. */
export async function applyNft(commands: { readonly nftables: readonly unknown[] }, netnsPath?: string): Promise<void> {
  const input = spill(JSON.stringify(commands));
  const start = (): ReturnType<typeof spawn> => spawn('nft', ['-j', '-f', '-'], { stdio: [input, 'ignore', 'pipe'] });
  let child: ReturnType<typeof spawn>;
  try {
    child = netnsPath ? inNetns(netnsPath, start) : start();
  } finally {
    closeSync(input);
  }
  const problems: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => problems.push(chunk));
  const detail = await new Promise<string | undefined>(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('close', code => {
      const said = Buffer.concat(problems).toString().trim().slice(0, MESSAGE_LENGTH_MAX);
      resolve(code === 0 ? undefined : said || `exit ${code}`);
    });
  });
  if (detail !== undefined) throw networkFaults.error('command-failed', { command: 'nft', detail });
}

/** Commands that remove a table, present or not. */
export const withoutTable = (name: string): { nftables: unknown[] } => ({
  nftables: [{ add: { table: { family: 'inet', name } } }, { delete: { table: { family: 'inet', name } } }],
});
