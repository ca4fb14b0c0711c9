/** Two commands that speak over wasi:sockets, for tests: one waits for a connection and answers, the other asks. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const WIT = `package test:sockets@0.1.0;
world talk {
  import wasi:cli/stdout@0.2.0;
  import wasi:sockets/instance-network@0.2.0;
  import wasi:sockets/tcp@0.2.0;
  import wasi:sockets/tcp-create-socket@0.2.0;
  export wasi:cli/run@0.2.0;
}
package wasi:cli@0.2.0 {
  interface run { run: func() -> result; }
  interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
}
package wasi:io@0.2.0 {
  interface error { resource error; }
  interface poll { resource pollable { block: func(); } }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
    resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
  }
}
package wasi:sockets@0.2.0 {
  interface network {
    resource network;
    enum error-code { unknown, access-denied, not-supported, invalid-argument, out-of-memory, timeout,
      concurrency-conflict, not-in-progress, would-block, invalid-state, new-socket-limit, address-not-bindable,
      address-in-use, remote-unreachable, connection-refused, connection-reset, connection-aborted,
      datagram-too-large, name-unresolvable, temporary-resolver-failure, permanent-resolver-failure }
    enum ip-address-family { ipv4, ipv6 }
    type ipv4-address = tuple<u8, u8, u8, u8>;
    type ipv6-address = tuple<u16, u16, u16, u16, u16, u16, u16, u16>;
    record ipv4-socket-address { port: u16, address: ipv4-address }
    record ipv6-socket-address { port: u16, flow-info: u32, address: ipv6-address, scope-id: u32 }
    variant ip-socket-address { ipv4(ipv4-socket-address), ipv6(ipv6-socket-address) }
  }
  interface instance-network { use network.{network}; instance-network: func() -> network; }
  interface tcp {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
    use wasi:io/poll@0.2.0.{pollable};
    use network.{network, error-code, ip-socket-address};
    resource tcp-socket {
      start-bind: func(network: borrow<network>, local-address: ip-socket-address) -> result<_, error-code>;
      finish-bind: func() -> result<_, error-code>;
      start-connect: func(network: borrow<network>, remote-address: ip-socket-address) -> result<_, error-code>;
      finish-connect: func() -> result<tuple<input-stream, output-stream>, error-code>;
      start-listen: func() -> result<_, error-code>;
      finish-listen: func() -> result<_, error-code>;
      accept: func() -> result<tuple<tcp-socket, input-stream, output-stream>, error-code>;
      subscribe: func() -> pollable;
    }
  }
  interface tcp-create-socket {
    use network.{error-code, ip-address-family};
    use tcp.{tcp-socket};
    create-tcp-socket: func(address-family: ip-address-family) -> result<tcp-socket, error-code>;
  }
}`;

const TCP = 'wasi:sockets/tcp@0.2.0';
const ADDRESSED = '(param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)';

/** `failed` tells the error-code at `at` as a letter (`A` is the first); results land where memory begins. */
const module = (run: string): string => `(module
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $stdout (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $drop-input (param i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop-pollable (param i32)))
  (import "wasi:sockets/instance-network@0.2.0" "instance-network" (func $network (result i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $create (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.start-bind" (func $start-bind ${ADDRESSED}))
  (import "${TCP}" "[method]tcp-socket.finish-bind" (func $finish-bind (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.start-connect" (func $start-connect ${ADDRESSED}))
  (import "${TCP}" "[method]tcp-socket.finish-connect" (func $finish-connect (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.start-listen" (func $start-listen (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.finish-listen" (func $finish-listen (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.accept" (func $accept (param i32 i32)))
  (import "${TCP}" "[method]tcp-socket.subscribe" (func $subscribe (param i32) (result i32)))
  (import "${TCP}" "[resource-drop]tcp-socket" (func $drop-socket (param i32)))
  (memory (export "memory") 4)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 512) "ping pong to refused with code A\\n")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $free)
    (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -16))))
  (func $say (param $from i32) (param $count i32)
    (call $put (call $stdout) (local.get $from) (local.get $count) (i32.const 32)))
  (func $failed (param $at i32) (result i32)
    (if (i32.eqz (i32.load8_u (i32.const 0))) (then (return (i32.const 0))))
    (i32.store8 (i32.const 543) (i32.add (i32.const 65) (i32.load8_u (local.get $at))))
    (call $say (i32.const 525) (i32.const 20))
    (i32.const 1))
  (func $wait (param $socket i32) (local $pollable i32)
    (local.set $pollable (call $subscribe (local.get $socket)))
    (call $block (local.get $pollable))
    (call $drop-pollable (local.get $pollable)))
  (func (export "wasi:cli/run@0.2.0#run") (result i32)
    (local $socket i32) (local $taken i32) (local $in i32) (local $out i32)
    (call $create (i32.const 0) (i32.const 0))
    (if (call $failed (i32.const 4)) (then (return (i32.const 1))))
    (local.set $socket (i32.load (i32.const 4)))
    ${run}
    (i32.const 0)))`;

function address(host: string, port: number): string {
  const parts = [0, port, ...host.split('.').map(Number), 0, 0, 0, 0, 0, 0];
  return parts.map(part => `(i32.const ${part})`).join(' ');
}

/** Ends when the call before failed; its error-code lies behind the discriminant, or where a payload of handles would. */
const stop = (at: 1 | 4): string => `(if (call $failed (i32.const ${at})) (then (return (i32.const 1))))`;
const STOP = stop(1);
const STOP_PAYLOAD = stop(4);

const command = async (run: string): Promise<Uint8Array> =>
  await componentNew(await componentEmbed({ binary: await parse(module(run)), witSource: WIT, world: 'talk' }));

/** Listens at its pod's address, takes one connection, answers `pong to ` and what it read, and ends. */
export const listeningComponent = (port: number): Promise<Uint8Array> =>
  command(`
    (call $start-bind (local.get $socket) (call $network) ${address('0.0.0.0', port)} (i32.const 0)) ${STOP}
    (call $wait (local.get $socket))
    (call $finish-bind (local.get $socket) (i32.const 0)) ${STOP}
    (call $start-listen (local.get $socket) (i32.const 0)) ${STOP}
    (call $finish-listen (local.get $socket) (i32.const 0)) ${STOP}
    (call $wait (local.get $socket))
    (call $accept (local.get $socket) (i32.const 0)) ${STOP_PAYLOAD}
    (local.set $taken (i32.load (i32.const 4)))
    (local.set $in (i32.load (i32.const 8)))
    (local.set $out (i32.load (i32.const 12)))
    (call $read (local.get $in) (i64.const 100) (i32.const 0)) ${STOP}
    (call $put (local.get $out) (i32.const 517) (i32.const 8) (i32.const 32))
    (call $put (local.get $out) (i32.load (i32.const 4)) (i32.load (i32.const 8)) (i32.const 32))
    (call $drop-input (local.get $in))
    (call $drop-output (local.get $out))
    (call $drop-socket (local.get $taken))
    (call $drop-socket (local.get $socket))`);

/** Connects, says `ping`, writes what it is answered until the other end has said all, and ends. */
export const askingComponent = (host: string, port: number): Promise<Uint8Array> =>
  command(`
    (call $start-connect (local.get $socket) (call $network) ${address(host, port)} (i32.const 0)) ${STOP}
    (call $wait (local.get $socket))
    (call $finish-connect (local.get $socket) (i32.const 0)) ${STOP_PAYLOAD}
    (local.set $in (i32.load (i32.const 4)))
    (local.set $out (i32.load (i32.const 8)))
    (call $put (local.get $out) (i32.const 512) (i32.const 4) (i32.const 0))
    (block $end
      (loop $more
        (call $read (local.get $in) (i64.const 100) (i32.const 0))
        (br_if $end (i32.load8_u (i32.const 0)))
        (call $say (i32.load (i32.const 4)) (i32.load (i32.const 8)))
        (br $more)))
    (call $drop-input (local.get $in))
    (call $drop-output (local.get $out))
    (call $drop-socket (local.get $socket))`);
