import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { Wigwag } from '../sdk/js/server.mjs';
import { launch } from './chromium.mjs';
import { printed } from './printed.mjs';

const DEADLINE_MS = 20_000;

const here = dirname(fileURLToPath(import.meta.url));

let server;
let browser;
let shown;
const errors = [];

before(async () => {
  server = await Wigwag.start();
  shown = printed(server.said);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  assert.deepEqual(errors.splice(0), []);
});

/** A page of its own, whose errors fail the test. */
async function blank(options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') {
      errors.push(message.text());
    }
  });
  return page;
}

/** A tab on the printed link, connected. */
async function tab(options) {
  const page = await blank(options);
  await page.goto(shown.link);
  await page.locator('#state[data-state=connected]').waitFor();
  return page;
}

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.getByRole('button', { name: 'Publish', exact: true }).click();
}

/** The first shown message of this text. */
const heard = (page, text) => page.locator('#messages li').filter({ hasText: text }).first();

async function members(page, count) {
  await page.locator('#count').filter({ hasText: `(${count})` }).waitFor();
  assert.equal(await page.locator('#members li').count(), count);
}

test('two tabs see each other and a message crosses with its latency', async () => {
  const one = await tab();
  const two = await tab();
  await members(one, 2);
  await members(two, 2);

  await say(one, 'hello from one');

  await heard(two, 'hello from one').waitFor();
  assert.match(await heard(two, 'hello from one').innerText(), /(under 1|\d+) ms/);
});

test('a tab that closes leaves the list', async () => {
  const one = await tab();
  const two = await tab();
  await members(one, 2);

  await two.close();

  await members(one, 1);
});

test('an unplugged tab recovers what the other published meanwhile', async () => {
  const one = await tab();
  const two = await tab();
  await members(two, 2);

  await one.getByRole('button', { name: 'Unplug' }).click();
  await one.locator('#state[data-state=unplugged]').waitFor();
  await members(two, 1);
  await say(two, 'missed, the first');
  await heard(two, 'missed, the first').waitFor();
  await say(two, 'missed, the second');
  await one.locator('#recovered').filter({ hasText: 'recovered' }).waitFor();

  assert.equal(await one.locator('#recovered').innerText(), '2 messages recovered, none lost');
  assert.match(await heard(one, 'missed, the first').innerText(), /recovered/);
  const texts = await one.locator('#messages .text').allInnerTexts();
  assert.deepEqual(texts, ['missed, the second', 'missed, the first']);
});

test('the printed curl reaches every tab', async () => {
  const tabs = [await tab(), await tab()];

  await promisify(execFile)('sh', ['-c', shown.curl], { timeout: DEADLINE_MS });

  for (const page of tabs) {
    await page.locator('#messages li').filter({ hasText: 'API' }).first().waitFor();
    assert.equal(await page.locator('#messages li').count(), 1);
  }
});

test('the printed script joins and hears what a tab says', async (t) => {
  const one = await tab();
  await members(one, 1);
  const folder = await mkdtemp(join(here, '../sdk/js/node_modules/.printed-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'printed.mjs'), shown.script);
  const script = spawn(process.execPath, ['printed.mjs'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => script.kill());
  let said = '';
  const spoke = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the script said only: ${said}`)), DEADLINE_MS);
    script.stdout.setEncoding('utf8').on('data', (chunk) => {
      said += chunk;
      if (said.includes('hello script')) {
        clearTimeout(timer);
        resolve();
      }
    });
  });

  await members(one, 2);
  await say(one, 'hello script');

  await spoke;
});

test('the page fits a phone and follows a dark scheme', async () => {
  const phone = await tab({ viewport: { width: 360, height: 740 }, colorScheme: 'dark' });
  await say(phone, 'long'.repeat(100));
  await heard(phone, 'long').waitFor();

  const overflow = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  const ground = await phone.evaluate(() => getComputedStyle(document.body).backgroundColor);

  assert.ok(overflow <= 0, `wider than the screen by ${overflow} px`);
  assert.equal(ground, 'rgb(20, 24, 26)');
});

test('a message is shown as text, whatever it contains', async () => {
  const one = await tab();

  await say(one, '<img src=x onerror=alert(1)>');

  await heard(one, '<img src=x').waitFor();
  assert.equal(await one.locator('#messages img').count(), 0);
});

test('a link without a good token says what to do', async () => {
  const page = await blank();

  await page.goto(`${server.http}/#token=nonsense`);

  await page.locator('#state[data-state=stopped]').waitFor();
  assert.match(await page.locator('#state').innerText(), /Open the link/);
});
