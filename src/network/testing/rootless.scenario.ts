/** Pods without root. Run by network.test.ts as an unprivileged user. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RootlessPodNetwork } from '../drivers/rootless.ts';
import { until } from './clock.ts';
import { greet } from './traffic.ts';

assert.notEqual(process.getuid?.(), 0);
const folder = join(mkdtempSync(join(tmpdir(), 'tenon-rootless-')), 'pods');
const options = { stateId: `test${process.pid}`, folder, nameservers: [] };
let network = new RootlessPodNetwork(options);
await network.open();
const request = (name: string, isolation: 'namespace' | 'address' = 'namespace') => ({
  pod: { namespace: 'default', name, uid: name },
  sandboxId: name,
  hostNetwork: false,
  isolation,
  ports: [{ containerPort: 18080, protocol: 'TCP' as const }],
  labels: {},
  annotations: {},
});
const a = await network.attach(request('a'));
const b = await network.attach(request('b'));
const c = await network.attach(request('c', 'address'));
assert.equal(new Set([a, b, c].flatMap(pod => pod.ips)).size, 3);
const server = (name: string): string =>
  `require('net').createServer(s => s.end('${name}')).listen(18080, '0.0.0.0', () => console.log('up'))`;
const children = [a, b].map(pod => {
  const enter = ['--net=' + pod.netnsPath!, '--user=' + pod.usernsPath!, '--preserve-credentials'];
  return spawn('nsenter', [...enter, process.execPath, '-e', server(pod.sandboxId)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
});
// Two pods bind one port, both on 0.0.0.0.
await until('a answers', async () => (await greet(undefined, a.ips[0]!, 18080)) === 'a', 10_000);
await until('b answers', async () => (await greet(undefined, b.ips[0]!, 18080)) === 'b', 10_000);
const connection = await network.dial('a', 18080, AbortSignal.timeout(3000));
let said = '';
for await (const chunk of connection.source) said += String(Buffer.from(chunk));
assert.equal(said, 'a');
await assert.rejects(network.dial('a', 18081, AbortSignal.timeout(3000)), /18081/);

network.close();
network = new RootlessPodNetwork(options);
await network.open();
assert.equal((await network.list()).length, 3, 'adopted');
assert.equal(await greet(undefined, b.ips[0]!, 18080, 3000), 'b');
for (const child of children) child.kill();
await network.remove();
rmSync(folder, { recursive: true, force: true });
console.log('ok');
process.exit(0);
