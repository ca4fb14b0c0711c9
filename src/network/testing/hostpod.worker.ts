/** A process on the node's network in a control group of its own: `hostpod.worker.ts GROUP`, driven by messages. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatagrams } from './datagrams.ts';
import { greet, serveInside } from './traffic.ts';

/** What a test asks of the process. */
export type Order =
  | { readonly serve: number }
  | { readonly echo: { readonly address: string; readonly port: number } }
  | { readonly dial: { readonly address: string; readonly port: number; readonly limit_ms: number } };

const [, , group = ''] = process.argv;
// Sockets belong to the group their process is in when they are made.
writeFileSync(join(group, 'cgroup.procs'), String(process.pid));

async function obey(order: Order): Promise<string> {
  if ('dial' in order) return greet(undefined, order.dial.address, order.dial.port, order.dial.limit_ms);
  if ('serve' in order) {
    await serveInside(undefined, order.serve, 'hostpod');
    return 'serves';
  }
  const socket = await openDatagrams(undefined, order.echo.address, order.echo.port);
  socket.on('message', (bytes, from) => socket.send(`echo ${String(bytes)}`, from.port, from.address));
  return 'echoes';
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  void obey(order).then(answer => process.send?.({ id, answer }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, answer: 'ready' });
