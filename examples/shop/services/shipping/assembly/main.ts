// What sending costs: by the number of goods and by country. A WebAssembly component; see build.mjs.
import { answer, readRequest, Request } from './wasi';

export { cabi_realloc } from './wasi';

const BASE_CENTS = new Map<string, i32>();
BASE_CENTS.set('CN', 600);
BASE_CENTS.set('DE', 900);
BASE_CENTS.set('US', 1200);
BASE_CENTS.set('NZ', 2400);
const EACH_CENTS = 150;
const ITEMS_MAX = 1_000_000;

/** A positive whole number, or 0. */
function wholeNumber(text: string): i32 {
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9 || value > ITEMS_MAX) return 0;
    value = value * 10 + digit;
  }
  return value > ITEMS_MAX ? 0 : value;
}

/** Only letters are repeated to the caller, so that nothing needs escaping. */
function plain(text: string): string {
  let kept = '';
  for (let i = 0; i < min(text.length, 20); i++) {
    const code = text.charCodeAt(i) | 32;
    if (code >= 97 && code <= 122) kept += text.charAt(i);
  }
  return kept;
}

function quote(out: i32, request: Request): void {
  const country = request.query.has('country') ? request.query.get('country') : 'CN';
  const items = request.query.has('items') ? wholeNumber(request.query.get('items')) : 1;
  if (!BASE_CENTS.has(country)) return answer(out, 422, `{"error":"nothing is sent to ${plain(country)}"}`);
  if (items < 1) return answer(out, 422, '{"error":"items must be a positive whole number"}');
  const cents = BASE_CENTS.get(country) + EACH_CENTS * (items - 1);
  const days = country == 'CN' ? 2 : 9;
  answer(out, 200, `{"country":"${country}","cents":${cents.toString()},"days":${days.toString()}}`);
}

export function handle(incoming: i32, out: i32): void {
  const request = readRequest(incoming);
  if (request.path == '/healthz' || request.path == '/readyz') answer(out, 200, '"ok"');
  else if (request.isGet && request.path == '/quote') quote(out, request);
  else answer(out, 404, '{"error":"no such page"}');
}
