// What an assistant does with `vatspolicy mcp`, by the SDK for TypeScript, which shares no code with the one for Python.
//   node client.mjs MODULES SPEC COMMAND [ARGUMENT…]
// MODULES holds node_modules, SPEC is a profile in JSON, the rest starts the server. Each result is a line of JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [modules, spec, command, ...args] = process.argv.slice(2);
const require = createRequire(join(modules, 'x.js'));
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');

const say = (name, value) => console.log(JSON.stringify([name, value]));
const transport = new StdioClientTransport({ command, args, env: process.env, stderr: 'pipe' });
let errors = '';
transport.stderr.on('data', (part) => { errors += part; });
const faults = [];
const client = new Client({ name: 'a foreign client', version: '1' });
client.onerror = (error) => faults.push(String(error));

// The client checks an answer against the schema that the server gave for it, once it has listed the tools.
const call = async (name, parameters, options) => {
  try {
    const { isError, content, structuredContent } = await client.callTool({ name, arguments: parameters }, undefined, options);
    return { isError: isError ?? false, text: content.map((one) => one.text).join('\n').slice(0, 4000), data: structuredContent };
  } catch (error) {
    return { refused: String(error).slice(0, 1000) };
  }
};

await client.connect(transport);
say('server', { ...client.getServerVersion(), capabilities: Object.keys(client.getServerCapabilities()) });
say('instructions', client.getInstructions());
say('ping', await client.ping());
say('tools', (await client.listTools()).tools);

const profile = JSON.parse(readFileSync(spec, 'utf8'));
say('check', await call('check', { profile, as_of: '2027-03-01' }));
say('next_question', await call('next_question', { profile: { ...profile, services: [] } }));
say('routes', await call('routes', { profile, to: 'allow' }));
say('explain', await call('explain', { name: 'vats-pilot-2024/pilot-access' }));
say('list_values', await call('list_values', { name: 'offers', words: 'CRM' }));

say('a mistake in a profile', await call('check', { profile: { ...profile, colour: 'red' } }));
say('an argument of another type', await call('check', { profile: 'a shop' }));
say('no such tool', await call('decide', {}));
say('a profile that is too large', await call('check', { profile: { ...profile, x: 'x'.repeat(1 << 20) } }));
const ending = new AbortController();
const given_up = call('routes', { profile }, { signal: ending.signal });
ending.abort('given up');
say('a request that was given up', await given_up);
say('together', (await Promise.all([1, 2, 3].map(() => call('check', { profile })))).map((one) => one.data?.decision));

const { pid } = transport;
await client.close();
let ended = false;
try { process.kill(pid, 0); } catch { ended = true; }
say('at the end', { ended, faults, errors });
