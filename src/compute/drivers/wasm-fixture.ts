/** A small wasi:http server for tests and benches, from WebAssembly text and the part of the interface it uses. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** The part of wasi:http and wasi:io 0.2 that a server needs which only reads a path and writes an answer. */
export const HTTP_WIT = `package wasi:io@0.2.0 {
  interface error { resource error; }
  interface streams {
    use error.{error};
    variant stream-error { last-operation-failed(error), closed }
    resource input-stream {
      blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
    }
    resource output-stream {
      blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>;
    }
  }
}
package wasi:http@0.2.0 {
  interface types {
    use wasi:io/streams@0.2.0.{input-stream, output-stream};
    variant error-code { internal-error(option<string>) }
    resource fields { constructor(); }
    resource incoming-body { %stream: func() -> result<input-stream>; }
    resource incoming-request {
      path-with-query: func() -> option<string>;
      consume: func() -> result<incoming-body>;
    }
    resource outgoing-response {
      constructor(headers: fields);
      body: func() -> result<outgoing-body>;
    }
    resource outgoing-body {
      write: func() -> result<output-stream>;
      finish: static func(this: outgoing-body, trailers: option<fields>) -> result<_, error-code>;
    }
    resource response-outparam {
      set: static func(param: response-outparam, response: result<outgoing-response, error-code>);
    }
  }
  interface incoming-handler {
    use types.{incoming-request, response-outparam};
    handle: func(request: incoming-request, response-out: response-outparam);
  }
}`;

const WIT = `package test:server@0.1.0;
world service {
  import wasi:http/types@0.2.0;
  export wasi:http/incoming-handler@0.2.0;
}
${HTTP_WIT}`;

/**
 * By the path's second byte: `t` traps, `s` never returns, `m` takes 4 MiB more each time (and traps without them), `e`
 * gives the request's body back piece by piece, anything else says hello. Where memory begins, results land.
 */
const SERVER = `(module
  (import "wasi:http/types@0.2.0" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.consume" (func $consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-body.stream" (func $incoming (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]incoming-request" (func $drop-request (param i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]incoming-body" (func $drop-body (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]input-stream" (func $drop-input (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 512) "hello from wasm\\n")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $echo (param $request i32) (param $output i32) (local $in i32) (local $from i32)
    (call $consume (local.get $request) (i32.const 0))
    (local.set $in (i32.load (i32.const 4)))
    (call $incoming (local.get $in) (i32.const 0))
    (local.set $from (i32.load (i32.const 4)))
    (block $end
      (loop $more
        (call $read (local.get $from) (i64.const 65536) (i32.const 0))
        (br_if $end (i32.load8_u (i32.const 0)))
        (call $put (local.get $output) (i32.load (i32.const 4)) (i32.load (i32.const 8)) (i32.const 16))
        (br $more)))
    (call $drop-input (local.get $from))
    (call $drop-body (local.get $in)))
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $out i32)
    (local $answer i32) (local $body i32) (local $output i32) (local $what i32)
    (call $path (local.get $request) (i32.const 0))
    (local.set $what (i32.load8_u offset=1 (i32.load (i32.const 4))))
    (if (i32.eq (local.get $what) (i32.const 116)) (then (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 115)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $what) (i32.const 109))
      (then (if (i32.eq (memory.grow (i32.const 64)) (i32.const -1)) (then (unreachable)))))
    (local.set $answer (call $response (call $fields)))
    (call $body (local.get $answer) (i32.const 0))
    (local.set $body (i32.load (i32.const 4)))
    (call $set (local.get $out) (i32.const 0) (local.get $answer) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (local.get $body) (i32.const 0))
    (local.set $output (i32.load (i32.const 4)))
    (if (i32.eq (local.get $what) (i32.const 101))
      (then (call $echo (local.get $request) (local.get $output)))
      (else (call $put (local.get $output) (i32.const 512) (i32.const 16) (i32.const 0))))
    (call $drop-output (local.get $output))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $drop-request (local.get $request))))`;

/** The component, as a compiler would leave it. */
export async function serverComponent(): Promise<Uint8Array> {
  const core = await parse(SERVER);
  return await componentNew(await componentEmbed({ binary: core, witSource: WIT, world: 'service' }));
}
