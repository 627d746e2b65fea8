// What is sent again, and how: against a server that refuses by plan.

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Client, Problem, StepUpNeeded, generateKey, parsed } from '../src/index.js'

interface Seen { key: string | undefined; jti: string; nonce: string | undefined; body: string }
type Plan = (response: ServerResponse, attempt: number, request: IncomingMessage) => void

/** A server that answers by plan, and what it has seen. */
async function server(t: { after(f: () => void): void }, plan: Plan) {
  const seen: Seen[] = [], waits: number[] = []
  const listening = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += chunk }).on('end', () => {
      const claims = JSON.parse(Buffer.from(String(request.headers['dpop']).split('.')[1] ?? '', 'base64url').toString())
      seen.push({ key: request.headers['idempotency-key'] as string | undefined, jti: claims.jti, nonce: claims.nonce, body })
      plan(response, seen.length, request)
    })
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  t.after(() => { listening.closeAllConnections(); listening.close() })
  const client = new Client({
    base: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, key: await generateKey(), wait: async (ms) => { waits.push(ms) },
  })
  client.tokens = { access_token: 'token', expires_in: 300 }
  return { client, seen, waits }
}

const order = { from: 'a', to: 'b', amount: '1.00', currency: 'EUR' }
const done = (response: ServerResponse) => response.writeHead(201, { 'Content-Type': 'application/json' }).end('{"transfer":"t","status":"posted","position":1}')
const refuse = (response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}) =>
  response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers }).end(JSON.stringify({ status, code, detail: 'why' }))

for (const [name, status, code] of [['limits', 429, 'too-many-requests'], ['an unknown outcome', 503, 'outcome-unknown'], ['a first one at work', 409, 'request-in-flight']] as const) {
  test(`after ${name}: the same key and body, another proof, when the bank says`, async (t) => {
    const { client, seen, waits } = await server(t, (response, attempt) => attempt < 3 ? refuse(response, status, code, { 'Retry-After': '2' }) : done(response))
    assert.equal((await client.order('post', '/v1/transfers', { body: order })).status, 201)
    assert.equal(seen.length, 3)
    assert.equal(new Set(seen.map((s) => s.key)).size, 1)
    assert.equal(new Set(seen.map((s) => s.body)).size, 1)
    assert.equal(new Set(seen.map((s) => s.jti)).size, 3, 'every attempt is signed anew')
    assert.ok(waits.length === 2 && waits.every((ms) => ms >= 2000), String(waits))
  })
}

test('a lost answer is asked for again with the same key', async (t) => {
  const { client, seen } = await server(t, (response, attempt, request) => attempt === 1 ? request.socket.destroy() : done(response))
  await client.order('post', '/v1/transfers', { body: order, key: 'k1' })
  assert.deepEqual(seen.map((s) => s.key), ['k1', 'k1'])
})

test('a rule that says no is not asked twice', async (t) => {
  for (const [status, code] of [[422, 'insufficient-funds'], [422, 'idempotency-key-reused'], [403, 'transfer-blocked'], [400, 'bad-json'], [500, 'internal-error']] as const) {
    const { client, seen } = await server(t, (response) => refuse(response, status, code))
    await assert.rejects(client.order('post', '/v1/transfers', { body: order }), (failure) => failure instanceof Problem && failure.code === code && failure.status === status)
    assert.equal(seen.length, 1, code)
  }
})

test('it gives up, with what was said last', async (t) => {
  const { client, seen } = await server(t, (response) => refuse(response, 503, 'busy', { 'Retry-After': '1' }))
  await assert.rejects(client.order('post', '/v1/transfers', { body: order }), { code: 'busy' })
  assert.equal(seen.length, 8)
})

test('a nonce that the bank wants goes into a new proof, once', async (t) => {
  const { client, seen } = await server(t, (response, attempt) => attempt === 1 ? refuse(response, 401, 'use-dpop-nonce', { 'DPoP-Nonce': 'n1' }) : done(response))
  await client.order('post', '/v1/transfers', { body: order })
  assert.deepEqual(seen.map((s) => s.nonce), [undefined, 'n1'])
  assert.notEqual(seen[0]?.jti, seen[1]?.jti)
  const stubborn = await server(t, (response) => refuse(response, 401, 'use-dpop-nonce', { 'DPoP-Nonce': 'n2' }))
  await assert.rejects(stubborn.client.order('post', '/v1/transfers', { body: order }), { code: 'use-dpop-nonce' })
  assert.equal(stubborn.seen.length, 2)
})

test('a step-up is told with what it asks for, and nothing is sent again', async (t) => {
  const { client, seen } = await server(t, (response) => refuse(response, 401, 'insufficient-user-authentication',
    { 'WWW-Authenticate': 'DPoP error="insufficient_user_authentication", acr_values="urn:florin:acr:mfa", max_age="300", algs="ES256"' }))
  await assert.rejects(client.order('post', '/v1/factors/totp', {}), (failure) =>
    failure instanceof StepUpNeeded && failure.acrValues === 'urn:florin:acr:mfa' && failure.maxAge === 300)
  assert.equal(seen.length, 1)
})

test('a token that has run out is renewed once', async (t) => {
  const { client, seen } = await server(t, (response, attempt) => attempt === 1 ? refuse(response, 401, 'invalid-token') : done(response))
  client.renew = async () => { client.tokens = { access_token: 'newer', expires_in: 300 } }
  await client.order('post', '/v1/transfers', { body: order })
  const never = await server(t, (response) => refuse(response, 401, 'invalid-token'))
  never.client.renew = async () => {}
  await assert.rejects(never.client.order('post', '/v1/transfers', { body: order }), { code: 'invalid-token' })
  assert.deepEqual([seen.length, never.seen.length], [2, 2])
})

test('server-sent events, however they are cut', async () => {
  const text = 'id: 1\nevent: a\ndata: x\ndata: y\n\n: comment\n\nid:2\r\ndata:ü\r\n\r\ndata: unfinished'
  const bytes = new TextEncoder().encode(text)
  for (const size of [1, 3, 1000]) {
    const body = new ReadableStream<Uint8Array>({ start(c) { for (let i = 0; i < bytes.length; i += size) c.enqueue(bytes.slice(i, i + size)); c.close() } })
    const got = []
    for await (const event of parsed(body)) got.push(event)
    assert.deepEqual(got, [{ id: '1', event: 'a', data: 'x\ny' }, { id: '2', event: 'message', data: 'ü' }])
  }
})
