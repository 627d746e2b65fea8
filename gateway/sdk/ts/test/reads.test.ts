// What a customer looks at, on the running binary: statements in each of their forms, and the
// inbox as it changes.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { events, type ServerSentEvent } from '../src/index.js'
import { bank, type Bank } from './bank.js'
import { enrolled, refused } from './customer.js'

let florin: Bank
before(async () => { florin = await bank() })
after(() => florin.close())

const day = (before: number) => new Date(Date.now() - before * 86_400_000).toISOString().slice(0, 10)

test('a statement as JSON, CSV and camt.053 says the same', async () => {
  const { client, account, deposit } = await enrolled(florin, 'gerd')
  const [id, own] = [await account(), await account()]
  await deposit(id, '100.00')
  await client.order('post', '/v1/transfers', { body: { from: id, to: own, amount: '30.00', currency: 'EUR', reference: '=1+1 <rent & more>' } })
  const options = { path: { id }, query: { from: day(1), to: day(0) } } // from yesterday: the test may run over midnight

  const { body } = await client.get('/v1/accounts/{id}/statement', options)
  assert.deepEqual([body.opening_balance, body.closing_balance], ['0.00', '70.00'])
  assert.deepEqual(body.entries.map((e) => [e.amount, e.reference ?? '']), [['100.00', ''], ['-30.00', '=1+1 <rent & more>']])

  const csv = (await client.text('/v1/accounts/{id}/statement', 'text/csv', options)).body.trimEnd().split('\n')
  assert.equal(csv[0], 'date,purpose,posting,counterparty,reference,amount,currency,balance,position,about,counterparty_name,counterparty_iban')
  const columns = csv.slice(1).map((line) => line.split(','))
  assert.deepEqual(columns.map((c) => c[7]), ['0.00', '100.00', '70.00', '70.00'])
  assert.equal(columns[2]?.[4], "'=1+1 <rent & more>", 'no spreadsheet runs it')

  const camt = (await client.text('/v1/accounts/{id}/statement', 'application/xml', options)).body
  assert.match(camt, /<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.08">/)
  assert.deepEqual([...camt.matchAll(/<Amt Ccy="EUR">([^<]+)<\/Amt>\s*<CdtDbtInd>(\w+)</g)].map((m) => m.slice(1)),
    [['0.00', 'CRDT'], ['70.00', 'CRDT'], ['100.00', 'CRDT'], ['30.00', 'DBIT']])
  assert.ok(camt.includes(`<IBAN>${body.iban}</IBAN>`) && camt.includes('<Ustrd>=1+1 &lt;rent &amp; more&gt;</Ustrd>'))

  const stranger = await enrolled(florin, 'hans')
  for (const form of ['application/json', 'text/csv', 'application/xml']) {
    assert.equal((await refused(stranger.client.text('/v1/accounts/{id}/statement', form, options))).status, 404)
  }
  assert.equal((await refused(client.text('/v1/accounts/{id}/statement', 'image/png', options))).status, 406)
  assert.equal((await refused(client.text('/v1/accounts/{id}/statement', 'text/csv', { ...options, query: { from: day(0), to: day(1) } }))).code, 'bad-parameter')
})

test('the inbox is followed, by Last-Event-ID over a cut line and a killed bank', { timeout: 60_000 }, async () => {
  const { client, account, deposit } = await enrolled(florin, 'ines')
  const id = await account()
  const begin = String((await client.order('post', '/v1/accounts', { body: { currency: 'EUR' } })).position)
  const hangUp = new AbortController()
  const stream = events(client, '/v1/notifications/stream', hangUp.signal, begin)
  const seen: ServerSentEvent[] = []
  const told = async (amount: string) => {
    const { value } = await stream.next() as { value: ServerSentEvent }
    assert.equal(value.event, 'notification')
    assert.ok(value.data.includes(amount), value.data)
    seen.push(value)
  }
  await deposit(id, '1.01') // before anybody listens
  await told('1.01')
  await deposit(id, '2.02') // while somebody listens
  await told('2.02')
  await florin.kill()
  await florin.start()
  await deposit(id, '3.03')
  await told('3.03')
  hangUp.abort()
  assert.equal((await stream.next()).done, true, 'whoever hangs up is told nothing more')

  await deposit(id, '4.04')
  const later = new AbortController(), again: ServerSentEvent[] = []
  for await (const event of events(client, '/v1/notifications/stream', later.signal, seen[1]?.id)) {
    again.push(event)
    if (again.length === 2) break // which closes the stream
  }
  assert.deepEqual(again[0], seen[2], 'the same event has the same id and data')
  assert.ok(again[1]?.data.includes('4.04'))
  const places = [...seen, again[1] as ServerSentEvent].map((e) => BigInt(e.id))
  assert.ok(places.every((place, i) => i === 0 || place > (places[i - 1] ?? 0n)), 'in the order of the log, each once')
  const ahead = events(client, '/v1/notifications/stream', later.signal, '999999999')
  assert.equal((await refused(ahead.next())).status, 400, 'no place that the log has not reached')
})
