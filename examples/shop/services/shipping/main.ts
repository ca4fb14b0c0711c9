/** What sending costs: by weight of the goods' number and by country. */
import { Refusal, service } from '../../lib/service.ts';

const BASE_CENTS: Readonly<Record<string, number>> = { CN: 600, DE: 900, US: 1200, NZ: 2400 };
const EACH_CENTS = 150;

service()
  .get('/quote', ({ query }) => {
    const country = query.get('country') ?? 'CN';
    const items = Number(query.get('items') ?? '1');
    const base = Object.hasOwn(BASE_CENTS, country) ? BASE_CENTS[country] : undefined;
    if (base === undefined) throw new Refusal(422, `nothing is sent to ${country}`);
    if (!Number.isInteger(items) || items < 1) throw new Refusal(422, 'items must be a positive whole number');
    return { json: { country, cents: base + EACH_CENTS * (items - 1), days: country === 'CN' ? 2 : 9 } };
  })
  .listen();
