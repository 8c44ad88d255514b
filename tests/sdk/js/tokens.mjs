// Tokens as an application's back end would sign them.

import { createHmac } from 'node:crypto';

const SECRET = 'sdk-tests-token-secret-of-no-worth';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A connection token; `ttlSecs` may be negative for one that has expired. */
export function signed(user, { ttlSecs = 600, secret = SECRET } = {}) {
  const exp = Math.floor(Date.now() / 1000) + ttlSecs;
  const content = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ sub: user, exp })}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}
