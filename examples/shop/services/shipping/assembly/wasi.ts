// wasi:http for AssemblyScript: the canonical ABI of what this service calls, and a request and an answer over it.

@external("wasi:http/types@0.2.0", "[method]incoming-request.method")
declare function requestMethod(request: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[method]incoming-request.path-with-query")
declare function requestPath(request: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[resource-drop]incoming-request")
declare function dropRequest(request: i32): void;
@external("wasi:http/types@0.2.0", "[constructor]fields")
declare function newFields(): i32;
@external("wasi:http/types@0.2.0", "[method]fields.append")
declare function appendField(fields: i32, name: usize, nameSize: i32, value: usize, valueSize: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[constructor]outgoing-response")
declare function newResponse(fields: i32): i32;
@external("wasi:http/types@0.2.0", "[method]outgoing-response.set-status-code")
declare function setStatus(response: i32, status: i32): i32;
@external("wasi:http/types@0.2.0", "[method]outgoing-response.body")
declare function responseBody(response: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[method]outgoing-body.write")
declare function bodyStream(body: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[static]outgoing-body.finish")
declare function finishBody(body: i32, hasTrailers: i32, trailers: i32, result: usize): void;
@external("wasi:http/types@0.2.0", "[static]response-outparam.set")
declare function setAnswer(out: i32, failed: i32, response: i32, a: i32, b: i64, c: i32, d: i32, e: i32, f: i32): void;
@external("wasi:io/streams@0.2.0", "[method]output-stream.blocking-write-and-flush")
declare function writeAll(stream: i32, at: usize, size: i32, result: usize): void;
@external("wasi:io/streams@0.2.0", "[resource-drop]output-stream")
declare function dropStream(stream: i32): void;

/** Where results that need more than a number are put: no call leaves one for the next. */
const results = memory.data(64, 8);
const METHOD_GET: u8 = 0;
/** One write takes at most this much (wasi:io, blocking-write-and-flush). */
const WRITE_BYTES_MAX = 4096;

export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

export class Request {
  isGet: bool = false;
  path: string = '/';
  query: Map<string, string> = new Map();
}

/** Reads what this service looks at, and gives the request back. */
export function readRequest(request: i32): Request {
  const read = new Request();
  requestMethod(request, results);
  read.isGet = load<u8>(results) == METHOD_GET;
  requestPath(request, results);
  if (load<u8>(results) == 1) {
    const at = load<usize>(results, 4);
    const parts = String.UTF8.decodeUnsafe(at, load<usize>(results, 8)).split('?');
    heap.free(at);
    read.path = parts[0];
    if (parts.length > 1) {
      const pairs = parts[1].split('&');
      for (let i = 0; i < pairs.length; i++) {
        const pair = pairs[i].split('=');
        if (pair.length == 2) read.query.set(pair[0], pair[1]);
      }
    }
  }
  dropRequest(request);
  return read;
}

function addField(fields: i32, name: string, value: string): void {
  const nameBytes = String.UTF8.encode(name);
  const valueBytes = String.UTF8.encode(value);
  const nameAt = changetype<usize>(nameBytes);
  const valueAt = changetype<usize>(valueBytes);
  appendField(fields, nameAt, nameBytes.byteLength, valueAt, valueBytes.byteLength, results);
}

export function answer(out: i32, status: i32, json: string): void {
  const fields = newFields();
  addField(fields, 'content-type', 'application/json');
  const response = newResponse(fields);
  setStatus(response, status);
  responseBody(response, results);
  const body = load<i32>(results, 4);
  setAnswer(out, 0, response, 0, 0, 0, 0, 0, 0);
  bodyStream(body, results);
  const stream = load<i32>(results, 4);
  const bytes = String.UTF8.encode(json);
  for (let at = 0; at < bytes.byteLength; at += WRITE_BYTES_MAX)
    writeAll(stream, changetype<usize>(bytes) + at, min(WRITE_BYTES_MAX, bytes.byteLength - at), results);
  dropStream(stream);
  finishBody(body, 0, 0, results);
}
