// Whether a question is genuine, as Standard Webhooks has it.

import { createHmac, timingSafeEqual } from 'node:crypto';

const SKEW_SECS_MAX = 300;

/** Whether a question comes from a node that knows the secret, and is no repetition of an old one. */
export function isGenuine(headers, body, secret, now = Date.now() / 1000) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signatures = '' } = headers;
  if (!id || !(Math.abs(now - Number(at)) <= SKEW_SECS_MAX)) {
    return false;
  }
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
  const own = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest();
  return signatures.split(' ').some((signature) => {
    const theirs = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
    return signature.startsWith('v1,') && theirs.length === own.length && timingSafeEqual(theirs, own);
  });
}
