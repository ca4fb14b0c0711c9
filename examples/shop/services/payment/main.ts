/** A payment provider: charges once an order, refuses the card that ends in 0000. */
import { type Json, Refusal, service } from '../../lib/service.ts';

const CHARGES_MAX = 100_000;
const charges = new Map<string, { amount_cents: number; id: string }>();

service()
  .post('/charges/:order', ({ params, body }) => {
    const { amount_cents, card } = (body ?? {}) as { amount_cents?: number; card?: string };
    if (!Number.isInteger(amount_cents) || amount_cents! <= 0)
      throw new Refusal(422, 'amount_cents must be a positive whole number');
    if (typeof card !== 'string' || !/^\d{12,19}$/.test(card)) throw new Refusal(422, 'card must be 12 to 19 digits');
    if (card.endsWith('0000')) throw new Refusal(402, 'card declined');
    const before = charges.get(params.order!);
    if (before) return { json: before as unknown as Json };
    const charge = { id: `ch_${params.order}`, amount_cents: amount_cents! };
    charges.set(params.order!, charge);
    if (charges.size > CHARGES_MAX) charges.delete(charges.keys().next().value!);
    return { status: 201, json: charge as unknown as Json };
  })
  .listen();
