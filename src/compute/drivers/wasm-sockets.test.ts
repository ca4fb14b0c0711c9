import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { answerOnce, closeAll, grantsOf, type World, worldFor } from './wasm-sockets-testing.ts';
import { mayReach, socketAddressOf } from './wasm-world-addresses.ts';
import { Fields } from './wasm-world-fields.ts';
import { type FutureIncomingResponse, OutgoingRequest } from './wasm-world-http.ts';
import { Refused } from './wasm-world-io.ts';
import { outgoingHandler } from './wasm-world-outgoing.ts';
import { candidates } from './wasm-world-sockets.ts';

interface Handler {
  handle(request: OutgoingRequest, options: undefined): FutureIncomingResponse;
}

const HERE = '127.0.0.1';
after(closeAll);
const refused =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Refused && error.payload === code;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const text = (data: Uint8Array): string => Buffer.from(data).toString();

/** A listening socket of the world, and its port. */
async function listening({ tcp, network }: World) {
  const socket = tcp();
  socket.startBind(network, socketAddressOf('0.0.0.0', 0));
  await socket.subscribe().block();
  socket.finishBind();
  socket.startListen();
  socket.finishListen();
  return { socket, port: socket.localAddress().val.port };
}

describe('wasi:sockets tcp', () => {
  it('listens at the pod’s address, accepts, and streams until the other end has said all', async () => {
    const world = worldFor(grantsOf(HERE));
    const { socket, port } = await listening(world);
    assert.deepEqual(socket.localAddress(), socketAddressOf(HERE, port));
    assert.throws(() => socket.accept(), refused('would-block'));
    const asked = connect(port, HERE).end('hello');
    const heard: Buffer[] = [];
    asked.on('data', (chunk: Buffer) => heard.push(chunk));
    await socket.subscribe().block();
    const [taken, input, output] = socket.accept();
    assert.equal(taken.remoteAddress().val.port, (asked.address() as AddressInfo).port);
    assert.equal(text(await input.blockingRead(100n)), 'hello');
    await assert.rejects(
      input.blockingRead(1n),
      (error: Refused) => (error.payload as { tag: string }).tag === 'closed',
    );
    await output.blockingWriteAndFlush(bytes('and back'));
    taken.shutdown('send');
    assert.throws(() => output.checkWrite(), Refused);
    await new Promise(resolve => asked.on('close', resolve));
    assert.equal(Buffer.concat(heard).toString(), 'and back');
    for (const held of [input, output, taken, socket]) held[Symbol.dispose]();
  });

  it('connects from the pod’s address, and tells what a connection failed with', async () => {
    const world = worldFor(grantsOf(HERE));
    const { socket: server, port } = await listening(world);
    const client = world.tcp();
    client.startConnect(world.network, socketAddressOf(HERE, port));
    assert.throws(() => client.finishConnect(), refused('would-block'));
    await client.subscribe().block();
    const [answers, output] = client.finishConnect();
    assert.deepEqual(client.localAddress().val.address, [127, 0, 0, 1]);
    await server.subscribe().block();
    const [taken, input, replies] = server.accept();
    await output.blockingWriteAndFlush(bytes('x'));
    assert.equal(text(await input.blockingRead(9n)), 'x');
    assert.throws(() => client.startConnect(world.network, socketAddressOf(HERE, port)), refused('invalid-state'));
    for (const held of [answers, output, taken, input, replies, server]) held[Symbol.dispose]();
    const late = world.tcp();
    late.startConnect(world.network, socketAddressOf(HERE, port));
    await late.subscribe().block();
    assert.throws(() => late.finishConnect(), refused('connection-refused'));
  });

  it('holds back what nobody reads, both ways', async () => {
    const world = worldFor(grantsOf(HERE));
    const { socket: server, port } = await listening(world);
    server.setReceiveBufferSize(65_536n);
    const asked = connect(port, HERE);
    await server.subscribe().block();
    const [, input, output] = server.accept();
    const much = Buffer.alloc(32 * 1024 * 1024, 'm');
    let isSent = false;
    asked.end(much, () => (isSent = true));
    let wrote = 0;
    for (let room = output.checkWrite(); room > 0n; room = output.checkWrite()) {
      output.write(new Uint8Array(Number(room)));
      wrote += Number(room);
      assert.ok(wrote <= 64 * 1024 * 1024, 'a peer that reads nothing holds writes back');
      await new Promise(resolve => setTimeout(resolve, 5));
      asked.pause();
    }
    assert.equal(isSent, false);
    asked.resume();
    let read = 0;
    for (;;) {
      const piece = await input.blockingRead(65_536n).catch(() => undefined);
      if (!piece) break;
      read += piece.length;
    }
    assert.equal(read, much.length);
    await output.subscribe().block();
    assert.ok(output.checkWrite() > 0n);
    asked.destroy();
  });

  it('refuses addresses of others and steps out of order', async () => {
    const world = worldFor(grantsOf(HERE));
    const socket = world.tcp();
    assert.throws(
      () => socket.startBind(world.network, socketAddressOf('127.0.0.2', 0)),
      refused('address-not-bindable'),
    );
    assert.throws(() => socket.startBind(world.network, socketAddressOf('::1', 0)), refused('invalid-argument'));
    assert.throws(() => socket.startListen(), refused('invalid-state'));
    assert.throws(() => socket.finishBind(), refused('not-in-progress'));
    assert.throws(() => socket.startConnect(world.network, socketAddressOf('10.0.0.1', 80)), refused('access-denied'));
    assert.throws(() => world.tcp('ipv6'), refused('not-supported'));
    assert.throws(() => worldFor(grantsOf(undefined)).tcp(), refused('access-denied'));
    const { port } = await listening(world);
    socket.startBind(world.network, socketAddressOf(HERE, port));
    await socket.subscribe().block();
    assert.throws(() => socket.finishBind(), refused('address-in-use'));
  });
});

describe('wasi:sockets udp', () => {
  it('sends and receives, and a stream with a remote address hears that one alone', async () => {
    const world = worldFor(grantsOf(HERE));
    const [one, two] = await Promise.all([world.udpBound(), world.udpBound()]);
    const to = two.localAddress();
    const [, out] = one.stream(undefined);
    const [all] = two.stream(undefined);
    assert.equal(
      out.send([
        { data: bytes('a'), remoteAddress: to },
        { data: bytes('b'), remoteAddress: to },
      ]),
      2n,
    );
    const got: string[] = [];
    while (got.length < 2) {
      await all.subscribe().block();
      got.push(...all.receive(10n).map(({ data }) => text(data)));
    }
    assert.deepEqual(got, ['a', 'b']);
    const [own, back] = two.stream(one.localAddress());
    const foreign = createSocket('udp4');
    await new Promise<void>(resolve => foreign.send('no', to.val.port, HERE, () => resolve()));
    out.send([{ data: bytes('yes'), remoteAddress: to }]);
    await own.subscribe().block();
    assert.deepEqual(
      own.receive(10n).map(({ data }) => text(data)),
      ['yes'],
    );
    assert.throws(() => back.send([{ data: bytes(''), remoteAddress: to }]), refused('invalid-argument'));
    assert.throws(() => out.send([{ data: bytes('') }]), refused('invalid-argument'));
    assert.throws(() => out.send([{ data: new Uint8Array(70_000), remoteAddress: to }]), refused('datagram-too-large'));
    const elsewhere = socketAddressOf('10.9.9.9', 53);
    assert.throws(() => out.send([{ data: bytes(''), remoteAddress: elsewhere }]), refused('access-denied'));
    foreign.close();
    for (const socket of [one, two]) socket[Symbol.dispose]();
  });
});

describe('wasi:sockets names', () => {
  it('asks the pod’s name server, search domains first', async () => {
    await using server = await answerOnce('svc.shop.cluster.local', '10.1.2.3');
    const dns = { servers: [server.address], searches: ['shop.cluster.local', 'cluster.local'], ndots: 5 };
    const world = worldFor({ ...grantsOf(HERE, ['*']), dns });
    assert.deepEqual(await world.names('svc'), ['10.1.2.3']);
    assert.equal(server.asked[0], 'svc.shop.cluster.local');
    await assert.rejects(world.names('none'), refused('name-unresolvable'));
    assert.deepEqual(
      server.asked.slice(1).filter((name, at, all) => all.indexOf(name) === at),
      ['none.shop.cluster.local', 'none.cluster.local', 'none'],
    );
    assert.deepEqual(await world.names('10.0.0.7'), ['10.0.0.7']);
    await assert.rejects(world.names('a b'), refused('invalid-argument'));
    await assert.rejects(worldFor({ ...grantsOf(HERE), dns }).names('svc'), refused('access-denied'));
  });

  it('asks it for wasi:http too', async () => {
    await using server = await answerOnce('shop.test', HERE);
    const peer = createHttp((_request, reply) => reply.writeHead(204).end()).listen(0, HERE);
    await new Promise(resolve => peer.once('listening', resolve));
    const dns = { servers: [server.address], searches: [], ndots: 1 };
    const { handle } = outgoingHandler(['shop.test', 'none.test'], { ...grantsOf(HERE), dns }) as Handler;
    const status = async (host: string): Promise<unknown> => {
      const request = new OutgoingRequest(new Fields());
      request.setScheme({ tag: 'HTTP' });
      request.setAuthority(`${host}:${(peer.address() as AddressInfo).port}`);
      const future = handle(request, undefined);
      await future.subscribe().block();
      const settled = future.get();
      assert.ok(settled?.tag === 'ok');
      return settled.val.tag === 'ok' ? settled.val.val.status() : settled.val.val.tag;
    };
    assert.equal(await status('shop.test'), 204);
    assert.equal(await status('none.test'), 'destination-not-found');
    peer.closeAllConnections();
    peer.close();
  });

  it('tries names with dots enough as they are', () => {
    const dns = { servers: [], searches: ['a', 'b'], ndots: 2 };
    assert.deepEqual(candidates('x.y.z', dns), ['x.y.z', 'x.y.z.a', 'x.y.z.b']);
    assert.deepEqual(candidates('x.y', dns), ['x.y.a', 'x.y.b', 'x.y']);
    assert.deepEqual(candidates('x.', dns), ['x']);
  });
});

describe('grants of wasi:sockets', () => {
  for (const [destinations, host, port, wanted] of [
    [[], '10.0.0.5', 1, true],
    [[], '10.0.0.6', 1, false],
    [['10.0.0.0/29'], '10.0.0.6', 1, true],
    [['10.0.0.0/29'], '10.0.0.8', 1, false],
    [['10.0.0.6:80'], '10.0.0.6', 80, true],
    [['10.0.0.6:80'], '10.0.0.6', 81, false],
    [['[fd00::/8]:53'], 'fd00::1', 53, true],
    [['fd00::1'], 'fd00:0:0::1', 53, true],
    [['*:443'], '1.1.1.1', 443, true],
    [['*:443'], '1.1.1.1', 80, false],
    [['*', '127.0.0.0/8'], '127.0.0.1', 80, false],
    [['*'], '169.254.169.254', 80, false],
    [['*'], '::ffff:127.0.0.1', 80, false],
    [['*'], '224.0.0.1', 80, false],
    [['10.0.0.0/33', '10.0.0.0/x', 'name'], '10.0.0.6', 80, false],
  ] as const)
    it(`${destinations.join(' ') || 'none'} ${wanted ? 'open' : 'keep shut'} ${host} ${port}`, () =>
      assert.equal(mayReach(grantsOf('10.0.0.5', destinations), host, port), wanted));
});

it('a server of the node on loopback stays out of reach', async () => {
  const server = createServer().listen(0, HERE);
  await new Promise(resolve => server.once('listening', resolve));
  const world = worldFor(grantsOf('127.0.0.2', ['*']));
  const { port } = server.address() as AddressInfo;
  assert.throws(() => world.tcp().startConnect(world.network, socketAddressOf(HERE, port)), refused('access-denied'));
  server.close();
});
