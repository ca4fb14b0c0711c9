import { createServer } from 'node:http';

/** A server of `node:http` alone that reads each request and decides nothing: what no server on it goes below. */
const BODY = Buffer.from('{"result":true}\n');

const [, host, port] = /^(.*):(\d+)$/.exec(process.argv[process.argv.indexOf('--addr') + 1] ?? '')!;
createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY),
  );
}).listen(Number(port), host);
