import { z } from 'zod';
import { operation } from '../operation.ts';
import { notFound } from './fields.ts';

/** `POST /sms/receipts`: what an SMS gateway that calls back over HTTP says of a message. */
export const receiptOperation = operation({
  id: 'noteReceipt',
  method: 'post',
  path: '/sms/receipts',
  scopes: ['sms:receipts'],
  tag: 'SMS',
  summary: 'Notes a delivery receipt',
  description:
    'For gateways of type `http`. 404 where no message has this reference, which may also be because its sending is not written down yet: call again later.',
  bodySchema: z.strictObject({
    provider: z.string().min(1).max(64).meta({ description: 'Name of the provider in the configuration' }),
    reference: z
      .string()
      .min(1)
      .max(256)
      .meta({ description: 'What the gateway answered as the message’s identifier' }),
    delivered: z.boolean(),
  }),
  answers: { 204: { description: 'Noted' }, 404: { description: 'No message has this reference' } },
  handle: async ({ parts: { house }, body: { provider, reference, delivered }, now }) => {
    if ((await house.messages.receipt(provider, reference, delivered, now)) === 'unknown') throw notFound('message');
    return { status: 204 };
  },
});
