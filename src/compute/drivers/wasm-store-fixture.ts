/** A small server that keeps a count by wasi:keyvalue and reads its configuration, for tests. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { HTTP_WIT } from './wasm-fixture.ts';

const WIT = `package test:keeping@0.1.0;
world service {
  import wasi:http/types@0.2.0;
  import wasi:keyvalue/store@0.2.0-draft;
  import wasi:keyvalue/atomics@0.2.0-draft;
  import wasi:config/store@0.2.0-rc.1;
  export wasi:http/incoming-handler@0.2.0;
}
package wasi:config@0.2.0-rc.1 {
  interface store {
    variant error { upstream(string), io(string) }
    get: func(key: string) -> result<option<string>, error>;
  }
}
package wasi:keyvalue@0.2.0-draft {
  interface store {
    variant error { no-such-store, access-denied, other(string) }
    resource bucket {
      get: func(key: string) -> result<option<list<u8>>, error>;
      set: func(key: string, value: list<u8>) -> result<_, error>;
    }
    open: func(identifier: string) -> result<bucket, error>;
  }
  interface atomics {
    use store.{bucket, error};
    increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>;
  }
}
${HTTP_WIT}`;

/**
 * By the path's second byte: `i` adds one to the key `n` of the store `s`, `b` takes a value no pod may keep (and traps
 * when that is not refused); then it answers with the text at the key and the value of GREETING.
 */
const SERVER = `(module
  (import "wasi:http/types@0.2.0" "[method]incoming-request.path-with-query" (func $path (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set" (func $set (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]incoming-request" (func $drop-request (param i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $put (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $drop-output (param i32)))
  (import "wasi:keyvalue/store@0.2.0-draft" "open" (func $open (param i32 i32 i32)))
  (import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.get" (func $get (param i32 i32 i32 i32)))
  (import "wasi:keyvalue/store@0.2.0-draft" "[method]bucket.set" (func $keep (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:keyvalue/store@0.2.0-draft" "[resource-drop]bucket" (func $drop-bucket (param i32)))
  (import "wasi:keyvalue/atomics@0.2.0-draft" "increment" (func $increment (param i32 i32 i32 i64 i32)))
  (import "wasi:config/store@0.2.0-rc.1" "get" (func $config (param i32 i32 i32)))
  (memory (export "memory") 300)
  (global $free (mut i32) (i32.const 4096))
  (data (i32.const 512) "sn GREETING")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (global.get $free)
    (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -16))))
  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $out i32)
    (local $answer i32) (local $body i32) (local $output i32) (local $bucket i32) (local $what i32)
    (global.set $free (i32.const 4096))
    (call $path (local.get $request) (i32.const 0))
    (local.set $what (i32.load8_u offset=1 (i32.load (i32.const 4))))
    (call $open (i32.const 512) (i32.const 1) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (local.set $bucket (i32.load (i32.const 4)))
    (if (i32.eq (local.get $what) (i32.const 105))
      (then
        (call $increment (local.get $bucket) (i32.const 513) (i32.const 1) (i64.const 1) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (unreachable)))))
    (if (i32.eq (local.get $what) (i32.const 98))
      (then
        (call $keep (local.get $bucket) (i32.const 513) (i32.const 1) (i32.const 65536) (i32.const 16777216) (i32.const 0))
        (if (i32.eqz (i32.load8_u (i32.const 0))) (then (unreachable)))))
    (local.set $answer (call $response (call $fields)))
    (call $body (local.get $answer) (i32.const 0))
    (local.set $body (i32.load (i32.const 4)))
    (call $set (local.get $out) (i32.const 0) (local.get $answer) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $write (local.get $body) (i32.const 0))
    (local.set $output (i32.load (i32.const 4)))
    (call $get (local.get $bucket) (i32.const 513) (i32.const 1) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (if (i32.load8_u (i32.const 4))
      (then (call $put (local.get $output) (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 32))))
    (call $config (i32.const 515) (i32.const 8) (i32.const 0))
    (if (i32.load8_u (i32.const 0)) (then (unreachable)))
    (call $put (local.get $output) (i32.const 514) (i32.const 1) (i32.const 32))
    (if (i32.load8_u (i32.const 4))
      (then (call $put (local.get $output) (i32.load (i32.const 8)) (i32.load (i32.const 12)) (i32.const 32))))
    (call $drop-bucket (local.get $bucket))
    (call $drop-output (local.get $output))
    (call $finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $drop-request (local.get $request))))`;

/** The component, as a compiler would leave it. */
export async function keepingComponent(): Promise<Uint8Array> {
  const core = await parse(SERVER);
  return await componentNew(await componentEmbed({ binary: core, witSource: WIT, world: 'service' }));
}
