/** Customers: browse, fill a cart, check out; a few cards are declined. Rates come from the environment, nothing is unbounded. */
import { address, call, log, Refusal, service } from '../../lib/service.ts';

const perSecond = Math.min(500, Number(process.env.RATE_PER_SECOND ?? 5));
const web = address('web');
const totals = { browsed: 0, bought: 0, refused: 0, failed: 0 };
let number = 0;

async function customer(): Promise<void> {
  const name = `customer-${process.pid}-${number++}`;
  const products = (await call('GET', web, '/api/products')) as unknown as { id: string }[];
  const product = products[number % products.length]!;
  await call('GET', web, `/products/${product.id}`);
  totals.browsed++;
  if (number % 3 !== 0) return;
  await call('PUT', web, `/api/cart/${name}/${product.id}`, { quantity: 1 + (number % 2) });
  await call('POST', web, `/api/checkout/${name}`, {
    card: number % 15 === 0 ? '4000000000000000' : '4111111111111111',
    country: 'CN',
  });
  totals.bought++;
}

function tick(): void {
  customer().catch((error: unknown) => {
    if (error instanceof Refusal && error.status < 500) totals.refused++;
    else {
      totals.failed++;
      log('warn', (error as Error).message);
    }
  });
}

setInterval(tick, 1000 / perSecond);
setInterval(() => log('info', 'so far', totals), 10_000);
service()
  .get('/totals', () => ({ json: { ...totals } }))
  .listen();
