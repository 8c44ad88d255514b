// Shows the operations of this node's REST API, from its own description, and lets one try them.

const METHODS = ['get', 'post', 'delete'];

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** The first example of a body or parameter, if there is one. */
function exampleOf(described) {
  if (described?.example !== undefined) return described.example;
  const [first] = Object.values(described?.examples ?? {});
  return first?.value;
}

function field(parameter, id) {
  const { name, required, description = '' } = parameter;
  const example = exampleOf(parameter) ?? '';
  const input = element('input', { id, value: required ? example : '', placeholder: String(example), autocomplete: 'off' });
  const label = element('label', { htmlFor: id }, element('code', {}, name), required ? ' (needed) ' : ' ', description);
  return { parameter, input, parts: [label, input] };
}

/** The address and the headers that the filled-in fields make. */
function filled(path, fields) {
  const query = new URLSearchParams();
  const headers = {};
  let address = path;
  for (const { parameter, input } of fields) {
    const { name, in: place } = parameter;
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value === '') continue;
    else if (place === 'query') query.set(name, input.value);
    else headers[name] = input.value;
  }
  const text = query.toString();
  return { address: text ? `${address}?${text}` : address, headers };
}

async function told(response) {
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  const body = type.includes('json') ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return `${response.status} ${response.statusText}\nx-request-id: ${response.headers.get('x-request-id')}\n\n${body}`;
}

function tryForm(method, path, operation) {
  const id = operation.operationId;
  const fields = (operation.parameters ?? []).map((parameter, at) => field(parameter, `${id}-${at}`));
  const content = operation.requestBody?.content?.['application/json'];
  const body = content && element('textarea', { id: `${id}-body`, rows: 8, spellcheck: false });
  if (body) body.value = JSON.stringify(exampleOf(content) ?? {}, null, 2);
  const answer = element('pre', { hidden: true, tabIndex: 0 });
  const form = element('form', {}, ...fields.flatMap((one) => one.parts));
  if (body) form.append(element('label', { htmlFor: body.id }, 'Body'), body);
  form.append(element('p', {}, element('button', {}, 'Send')), answer);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { address, headers } = filled(path, fields);
    headers.Authorization = `Bearer ${document.getElementById('key').value}`;
    if (body) headers['Content-Type'] = 'application/json';
    answer.hidden = false;
    answer.textContent = '…';
    try {
      answer.textContent = await told(await fetch(address, { method, headers, body: body?.value }));
    } catch (error) {
      answer.textContent = String(error);
    }
  });
  return form;
}

function responsesOf(operation) {
  const rows = Object.entries(operation.responses).map(([status, response]) => {
    const [content] = Object.values(response.content ?? {});
    const example = exampleOf(content);
    const cell = element('td', {}, response.description);
    if (example !== undefined && Number(status) < 300) cell.append(element('pre', {}, JSON.stringify(example, null, 2)));
    return element('tr', {}, element('td', {}, status), cell);
  });
  return element('table', {}, element('tbody', {}, ...rows));
}

function section(method, path, operation) {
  const title = element('summary', {}, element('span', { className: 'method' }, method.toUpperCase()));
  title.append(element('code', {}, path), ` ${operation.summary}`);
  const details = element('details', { id: operation.operationId }, title);
  // What nobody opens need not be drawn.
  details.addEventListener('toggle', () => {
    if (!details.open || details.childElementCount > 1) return;
    if (operation.description) details.append(element('p', {}, operation.description));
    details.append(tryForm(method, path, operation), element('h4', {}, 'Answers'), responsesOf(operation));
  });
  return details;
}

function refusalRows(operations, components) {
  const rows = new Map();
  const note = ({ description }) => {
    for (const [, name, meaning] of description.matchAll(/`([a-z_]+)`: ([^`]+)/g)) {
      const cells = [element('td', {}, element('code', {}, name)), element('td', {}, meaning)];
      rows.set(name, element('tr', { id: `error-${name}` }, ...cells));
    }
  };
  Object.values(components.responses).forEach(note);
  for (const { operation } of operations) Object.values(operation.responses).forEach(note);
  return rows.values();
}

/** Puts the responses that operations share in their places. */
function resolveResponses({ paths, components }) {
  for (const methods of Object.values(paths)) {
    for (const { responses } of Object.values(methods)) {
      for (const [status, { $ref: reference }] of Object.entries(responses)) {
        if (reference) responses[status] = components.responses[reference.split('/').pop()];
      }
    }
  }
}

async function show() {
  const description = await (await fetch('/v1/openapi.json')).json();
  resolveResponses(description);
  document.getElementById('title').textContent = `${description.info.title} ${description.info.version}`;
  document.getElementById('about').textContent = description.info.description;
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => ({ method, path, operation: methods[method] })));
  const groups = description.tags.map(({ name, description: about }) => {
    const mine = operations.filter(({ operation }) => operation.tags.includes(name));
    const heading = element('h2', {}, name);
    return element('section', {}, heading, element('p', {}, about),
      ...mine.map(({ method, path, operation }) => section(method, path, operation)));
  });
  document.getElementById('operations').replaceChildren(...groups);
  document.getElementById('refusals').replaceChildren(...refusalRows(operations, description.components));
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error) => {
  document.getElementById('operations').textContent = `The description could not be read: ${error}`;
});
