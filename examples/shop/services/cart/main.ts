/** Carts, by customer. In memory: a cart is a wish, not a promise; stock and orders hold the promises. */
import { type Json, Refusal, service } from '../../lib/service.ts';

const CARTS_MAX = 10_000;
const QUANTITY_MAX = 99;
const carts = new Map<string, Map<string, number>>();

function cartOf(customer: string): Map<string, number> {
  const cart = carts.get(customer) ?? new Map<string, number>();
  carts.delete(customer);
  carts.set(customer, cart);
  // The customer who has been away longest makes room.
  if (carts.size > CARTS_MAX) carts.delete(carts.keys().next().value!);
  return cart;
}

const show = (cart: ReadonlyMap<string, number>): Json =>
  [...cart].map(([product, quantity]) => ({ product, quantity }));

service()
  .get('/carts/:customer', ({ params }) => ({ json: show(cartOf(params.customer!)) }))
  .put('/carts/:customer/:product', ({ params, body }) => {
    const quantity = (body as { quantity?: unknown } | null)?.quantity;
    if (!Number.isInteger(quantity) || (quantity as number) < 0 || (quantity as number) > QUANTITY_MAX)
      throw new Refusal(422, `quantity must be 0 to ${QUANTITY_MAX}`);
    const cart = cartOf(params.customer!);
    if (quantity === 0) cart.delete(params.product!);
    else cart.set(params.product!, quantity as number);
    return { json: show(cart) };
  })
  .delete('/carts/:customer', ({ params }) => {
    carts.delete(params.customer!);
    return { status: 200, json: [] };
  })
  .listen();
