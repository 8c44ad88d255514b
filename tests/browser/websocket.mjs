// Gives Node.js before version 22 the WebSocket that browsers have, for scripts written for browsers.

import { createRequire } from 'node:module';

globalThis.WebSocket ??= createRequire(new URL('../sdk/js/', import.meta.url))('ws');
