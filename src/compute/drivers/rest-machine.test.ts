import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { answerContract, type ContractState, FRESH } from '../dialects/firecracker/contract.ts';
import { lowerBoot, type RestMachineSpec, type RestRequest } from '../dialects/firecracker/requests.ts';
import { dialVsock, RestMachine } from './rest-machine.ts';

const SPEC: RestMachineSpec = {
  kernel: '/k',
  initramfs: '/i',
  bootArgs: 'console=ttyS0',
  memory_bytes: 200 * 1024 * 1024 + 1,
  processors: 3,
  drives: [{ id: 'root', path: '/r.ext4', root: true, readOnly: true }],
  interfaces: [{ id: 'eth0', device: 'tap0', mac: '02:00:00:00:00:07' }],
  vsock: { cid: 3, path: '/v.sock' },
  metadata: { interfaces: ['eth0'], content: { pod: { name: 'p' } } },
};

/** A server that holds the interface's rules. */
async function contract(): Promise<{ machine: RestMachine; seen: RestRequest[]; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-rest-'));
  const path = join(folder, 'api');
  const seen: RestRequest[] = [];
  let state: ContractState = FRESH;
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const method = incoming.method as RestRequest['method'];
    const call = { method, path: incoming.url ?? '', ...(text ? { body: JSON.parse(text) as object } : {}) };
    seen.push(call as RestRequest);
    const answer = answerContract(state, call as RestRequest);
    ({ state } = answer);
    outgoing.statusCode = answer.status;
    const body = answer.fault ? { fault_message: answer.fault } : answer.status === 200 ? { state: state.phase } : '';
    outgoing.end(body === '' ? '' : JSON.stringify(body));
  });
  await new Promise<void>(resolve => server.listen(path, () => resolve()));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>(resolve => server.close(() => resolve()));
    rmSync(folder, { recursive: true });
  };
  return { machine: new RestMachine(path), seen, close };
}

describe('machines behind a REST interface', () => {
  it('boots, is kept and goes on, stops', async () => {
    const { machine, seen, close } = await contract();
    try {
      assert.equal(await machine.phase(), 'Not started');
      await machine.boot(SPEC);
      assert.equal(await machine.phase(), 'Running');
      await machine.snapshot({ state: '/s', memory: '/m' });
      assert.equal(await machine.phase(), 'Running');
      await machine.stop();
      const config = seen.find(({ path }) => path === '/machine-config')?.body;
      assert.deepEqual(config, { vcpu_count: 4, mem_size_mib: 201, track_dirty_pages: false });
    } finally {
      await close();
    }
  });

  it('is made of a snapshot only while fresh, with devices of its own', async () => {
    const files = { state: '/s', memory: '/m', interfaces: SPEC.interfaces, vsockPath: '/other' };
    const first = await contract();
    try {
      await first.machine.restore(files);
      assert.equal(await first.machine.phase(), 'Running');
      assert.deepEqual(first.seen[0]?.body?.network_overrides, [{ iface_id: 'eth0', host_dev_name: 'tap0' }]);
      await assert.rejects(first.machine.boot(SPEC), /PUT \/machine-config: .*not supported after starting/);
    } finally {
      await first.close();
    }
    const second = await contract();
    try {
      await second.machine.send(lowerBoot(SPEC)[1]!);
      await assert.rejects(second.machine.restore(files), /not allowed after configuring/);
    } finally {
      await second.close();
    }
  });

  it('connects to a port of the guest, and keeps what follows the answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tenon-rest-'));
    const path = join(folder, 'v');
    const server = createSocketServer(socket =>
      socket.once('data', line =>
        String(line) === 'CONNECT 52\n' ? socket.write('OK 1073741824\nhello') : socket.end(),
      ),
    );
    await new Promise<void>(resolve => server.listen(path, () => resolve()));
    try {
      const socket = await dialVsock(path, 52, 5000);
      const first = await new Promise<unknown>(resolve => socket.once('data', resolve));
      assert.equal(String(first), 'hello');
      socket.destroy();
      await assert.rejects(dialVsock(path, 53, 5000), /vsock port 53: refused/);
      await assert.rejects(new RestMachine(join(folder, 'none')).phase(), /GET \/: .*ENOENT/);
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the rules the calls are held to', () => {
  const boot = lowerBoot(SPEC);
  const after = (count: number): ContractState => {
    let state: ContractState = FRESH;
    for (const call of boot.slice(0, count)) ({ state } = answerContract(state, call));
    return state;
  };
  const running = after(boot.length);
  const put = (path: string, body: Record<string, unknown>): RestRequest => ({ method: 'PUT', path, body });
  const cases: readonly (readonly [string, ContractState, RestRequest, RegExp])[] = [
    ['an odd number of processors', FRESH, put('/machine-config', { vcpu_count: 3, mem_size_mib: 1 }), /even number/],
    ['a missing field', FRESH, put('/machine-config', { vcpu_count: 1 }), /mem_size_mib/],
    [
      'an unknown field',
      FRESH,
      put('/boot-source', { kernel_image_path: '/k', kernel: '/k' }),
      /unknown field `kernel`/,
    ],
    ['a value of another type', FRESH, put('/boot-source', { kernel_image_path: 3 }), /kernel_image_path/],
    ['another id than the path’s', FRESH, put('/drives/a', { ...boot[2]?.body }), /does not match/],
    ['a reserved context', FRESH, put('/vsock', { guest_cid: 2, uds_path: '/v' }), /3 or more/],
    ['metadata of no interface', FRESH, put('/mmds/config', { network_interfaces: ['x'] }), /not known/],
    ['a start without a kernel', FRESH, put('/actions', { action_type: 'InstanceStart' }), /boot source/],
    ['a second start', running, put('/actions', { action_type: 'InstanceStart' }), /already running/],
    [
      'a snapshot while running',
      running,
      put('/snapshot/create', { snapshot_path: 's', mem_file_path: 'm' }),
      /paused/,
    ],
    ['a path nobody has', FRESH, put('/nothing', {}), /Invalid request/],
  ];
  for (const [name, state, call, wanted] of cases)
    it(`refuse ${name}`, () => {
      const { status, fault } = answerContract(state, call);
      assert.equal(status, 400);
      assert.match(fault ?? '', wanted);
    });
});
