/** The words of admission webhooks: where they listen and what they answer. */
import type { JsonObject } from '../../../kernel/index.ts';
import { expression } from './grammar-expect.ts';
import type { WebhookAnswer, WebhookModel } from './model.ts';
import { anything, into, list, mapOf, may, object, onlyTrue, or, type Shape, text, whole } from './shape.ts';
import { durations, fixedAt } from './values.ts';

const SERVICE = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
/** What a review of a small object takes. */
const ANSWER_MS = 5;

const operations: Shape<readonly JsonObject[]> = list(
  mapOf(anything, { en: 'an operation of a JSON patch', zh: 'JSON 补丁的一项操作' }) as Shape<JsonObject>,
  { en: 'a JSON patch (RFC 6902)', zh: 'JSON 补丁(RFC 6902)' },
  1000,
  1,
);

const answer: Shape<WebhookAnswer> = into(
  object(
    'an answer',
    {
      when: may(expression('review'), 'CEL over request, object and oldObject; always where absent'),
      allow: may(onlyTrue, 'true: admits it as it is'),
      deny: may(text({ en: 'a message', zh: '消息' }), 'refuses it with this message'),
      patch: may(operations, 'admits it so changed (mutating webhooks)'),
      status: may(
        whole({ en: 'an HTTP status from 400 to 599', zh: '400 到 599 的 HTTP 状态码' }, 400, 599),
        'the server answers with this status and no review',
      ),
      code: or(
        whole({ en: 'an HTTP status from 400 to 599', zh: '400 到 599 的 HTTP 状态码' }, 400, 599),
        403,
        'of a refusal',
      ),
      warning: or(text({ en: 'a message', zh: '消息' }), '', 'told to who asked'),
    },
    ['allow', 'deny', 'patch', 'status'],
  ),
  ({ when, deny, patch, status, code, warning }): WebhookAnswer => ({
    ...(when === undefined ? {} : { when }),
    ...(deny === undefined ? {} : { deny }),
    ...(patch === undefined ? {} : { patch }),
    ...(status === undefined ? {} : { status }),
    code,
    warning,
  }),
);

export const webhooks: Shape<readonly WebhookModel[]> = list(
  into(
    object(
      'a webhook',
      {
        service: may(
          text({ en: 'namespace/service', zh: '命名空间/服务' }, SERVICE),
          'the Service whose pods answer: namespace/name',
        ),
        host: may(
          text({ en: 'a host name', zh: '主机名' }, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
          'the host of a URL outside of the cluster',
        ),
        path: may(text({ en: 'a path', zh: '路径' }, /^\//), 'answers under this path; under every one where absent'),
        latency: or(durations, fixedAt(ANSWER_MS), 'how long an answer takes'),
        answers: or(
          list(answer, { en: 'a list of answers', zh: '回答列表' }, 1000),
          [],
          'the first whose condition holds is given; admitted where none does',
        ),
      },
      ['service', 'host'],
    ),
    ({ service, host, path: under, latency, answers }, path, reader): WebhookModel => ({
      holder: (service ?? host)!,
      outside: service === undefined,
      ...(under === undefined ? {} : { path: under }),
      latency,
      answers,
      where: reader.at(path),
    }),
  ),
  { en: 'a list of webhooks', zh: 'Webhook 列表' },
  1000,
);
