// A customer's day, on the running binary.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { StepUpNeeded, type components } from '../src/index.js'
import { bank, type Bank } from './bank.js'
import { enrolled, guess, refused } from './customer.js'
import { spoilt, vectors } from './refusals.js'

type Schemas = components['schemas']

let florin: Bank
before(async () => { florin = await bank() })
after(() => florin.close())
const customer = (name: string) => enrolled(florin, name)

test('money: an account, a deposit, a transfer, a challenge, and all of it read back', async () => {
  const anna = await customer('anna'), bert = await customer('bert')
  const from = await anna.account(), own = await anna.account(), berts = await bert.account()
  const deposit = await anna.client.order('post', '/v1/deposits', { body: { to: from, amount: '10000.00', currency: 'EUR' } })
  assert.equal(deposit.status, 201)

  const key = crypto.randomUUID(), order = { from, to: own, amount: '100.00', currency: 'EUR', reference: 'rent' }
  const posted = await anna.client.order('post', '/v1/transfers', { body: order, key })
  assert.equal(posted.status, 201)
  assert.ok('transfer' in posted.body && posted.body.status === 'posted')
  assert.equal(posted.location, `/v1/transfers/${posted.body.transfer}`)
  const again = await anna.client.order('post', '/v1/transfers', { body: order, key })
  assert.ok(again.replayed)
  assert.deepEqual(again.body, posted.body, 'the same key is the same answer')
  assert.equal((await refused(anna.client.order('post', '/v1/transfers', { body: { ...order, amount: '900.00' }, key }))).code, 'idempotency-key-reused')

  const challenged = await anna.client.order('post', '/v1/transfers', { body: { from, to: berts, amount: '2000.00', currency: 'EUR' } })
  assert.equal(challenged.status, 202)
  assert.ok('challenge' in challenged.body && challenged.body.challenge)
  const held = challenged.body as Schemas['TransferAnswer']
  const display = held.challenge?.display as Record<string, unknown>
  const changed = { ...held, challenge: { ...held.challenge, display: { ...display, amount: '1.00' } } } as Schemas['TransferAnswer']
  assert.equal((await refused(anna.device.authorise(changed))).code, 'sca-failed', 'what is signed is what was displayed')
  assert.equal((await anna.device.authorise(held)).body.status, 'posted')

  const read = await anna.client.get('/v1/accounts/{id}', { path: { id: from } })
  assert.equal(read.body.balance, '7900.00', 'a read sees what this client was answered before')
  const amounts: string[] = []
  for await (const page of anna.client.pages('/v1/accounts/{id}/transactions', { path: { id: from }, query: { limit: 1 } })) amounts.push(...page.transactions.map((t) => t.amount))
  assert.deepEqual(amounts, ['-2000.00', '-100.00', '10000.00'])
  assert.equal((await refused(bert.client.get('/v1/accounts/{id}', { path: { id: from } }))).status, 404)
  assert.equal((await refused(anna.client.order('post', '/v1/transfers', { body: { ...order, amount: '99999.00' } }))).code, 'insufficient-funds')
})

test('requests that are signed wrongly get the answers of their vectors, and move nothing', async () => {
  const { client, account, deposit } = await customer('fritz')
  const [from, to] = [await account(), await account()]
  await deposit(from, '5000.00')
  const { base, key } = client.settings, token = client.tokens?.access_token ?? ''
  const body = JSON.stringify({ from, to, amount: '100.00', currency: 'EUR', reference: 'rent' })
  const nonce = (await fetch(`${base}/v1/accounts`)).headers.get('DPoP-Nonce') ?? ''
  assert.ok(vectors.cases.length > 20)
  for (const wrong of vectors.cases) {
    const request = await spoilt(wrong, { base, key, token, nonce, body })
    for (let before = 1; before < (wrong.differs.times ?? 1); before++) assert.equal((await fetch(`${base}/v1/transfers`, request)).status, 201, wrong.name)
    const response = await fetch(`${base}/v1/transfers`, request)
    const problem = await response.json() as { code: string }
    assert.deepEqual([response.status, problem.code], [wrong.status, wrong.code], wrong.name)
  }
  assert.equal((await client.get('/v1/accounts/{id}', { path: { id: from } })).body.balance, '4900.00', 'but for the one that was sent twice')
})

test('sessions: refreshed, and ended for good', async () => {
  const { client, device } = await customer('carl')
  const before = client.tokens?.access_token
  await device.refresh()
  assert.notEqual(client.tokens?.access_token, before)
  const { body } = await client.get('/v1/sessions')
  assert.equal(body.sessions.length, 1)
  client.renew = undefined
  await client.order('delete', '/v1/sessions/{id}', { path: { id: body.sessions[0]?.session_id ?? '' } })
  assert.equal((await refused(client.get('/v1/sessions'))).code, 'invalid-token')
})

test('a change of factors asks for a fresh login, and is done after it', async () => {
  const { client, login } = await customer('dora')
  const key = crypto.randomUUID()
  const made = client.order('post', '/v1/factors/recovery-codes', { key })
  const answer = await made.catch(async (failure: unknown) => {
    assert.ok(failure instanceof StepUpNeeded)
    await login({ acrValues: failure.acrValues ?? '', maxAge: failure.maxAge ?? 0 })
    return client.order('post', '/v1/factors/recovery-codes', { key })
  })
  assert.equal(answer.status, 201)
})

test('a phone that is expected comes in, whoever guesses at the name', async () => {
  const { device, next } = await customer('gerd')
  const word = await device.expect()
  for (let tries = 0; (await guess(florin, 'gerd')).status !== 429; tries++) assert.ok(tries < 60)
  const phone = await next()
  assert.equal((await refused(phone.login())).status, 429, 'like any stranger')
  assert.equal((await refused(phone.login('A'.repeat(word.length)))).status, 429, 'another word is none')
  await phone.login(word)
  assert.equal((await phone.client.get('/v1/devices')).body.devices.length, 2)
})

test('a bank that is killed in between loses nothing and does nothing twice', async () => {
  const { client, account, deposit } = await customer('emil')
  const [from, to] = [await account(), await account()]
  await deposit(from, '100.00')
  const orders = Array.from({ length: 10 }, () => client.order('post', '/v1/transfers', { body: { from, to, amount: '1.00', currency: 'EUR' } }))
  const settled = Promise.allSettled(orders)
  await florin.kill()
  await florin.start()
  for (const order of await settled) assert.equal(order.status, 'fulfilled', order.status === 'rejected' ? String(order.reason) : '')
  assert.equal((await client.get('/v1/accounts/{id}', { path: { id: to } })).body.balance, '10.00')
})
