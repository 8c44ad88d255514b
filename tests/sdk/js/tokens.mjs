// Tokens as an application's back end would sign them.

import { createHmac } from 'node:crypto';

const SECRET = 'sdk-tests-token-secret-of-no-worth';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with these claims; `ttlSecs` may be negative for one that has expired. */
export function signed(claims, { ttlSecs = 600, secret = SECRET } = {}) {
  const exp = Math.floor(Date.now() / 1000) + ttlSecs;
  const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ ...claims, exp })}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}
