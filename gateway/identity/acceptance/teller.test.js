// CIBA in poll mode: a third party without a browser, openid-client, has the
// customer asked on the phone. The client keeps to the bank's interval, so the
// polls of one test run beside each other.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as jose from 'jose'
import { phone } from './app.js'
import { openBank } from './bank.js'
import { enrol } from './person.js'
import { connect } from './shop.js'

let bank, till, kiosk

before(async () => {
  bank = await openBank()
  till = await connect(bank, 'till')
  kiosk = await connect(bank, 'kiosk')
})
after(() => bank.close())

const oauth = (code) => (error) => error.error === code
const known = async () => {
  const person = await enrol(bank)
  return { person, app: await (await phone(bank)).login(person) }
}

/** What waits for a phone. */
const waiting = async (app) => (await app.get('/v1/approvals')).json.approvals

describe('openid-client, as a third party without a browser', { concurrency: true }, () => {
  it('gets tokens once the customer has signed on the phone what was shown there', async () => {
    const { person, app } = await known()
    const asked = await till.begin(person.user, { binding_message: 'Till 4, AB-17' })
    assert.ok(asked.auth_req_id.length >= 43)
    assert.equal(asked.expires_in, 300)
    const [{ display }] = await waiting(app)
    assert.deepEqual([display.purpose, display.client, display.message, display.scope], ['access', 'till Ltd', 'Till 4, AB-17', 'accounts.read openid'])

    const polled = till.poll(asked)
    const decided = await app.decide('approve')
    assert.equal(decided.status, 200, decided.text)
    const tokens = await polled
    assert.equal(tokens.token_type, 'dpop')
    assert.equal(tokens.claims().sub, person.customer)
    assert.equal(tokens.claims().aud, 'till')
    assert.equal(tokens.claims().acr, 'urn:florin:acr:sca')
    assert.equal(jose.decodeJwt(tokens.access_token).cnf.jkt, await jose.calculateJwkThumbprint(await jose.exportJWK(till.keys.publicKey)))
    assert.equal((await till.get(tokens.access_token, '/v1/accounts')).status, 200)
    assert.ok((await till.refresh(tokens.refresh_token)).access_token)

    await assert.rejects(till.poll(asked), oauth('invalid_grant'), 'it is collected once')
    await assert.rejects(till.userinfo(tokens.access_token, person.customer), (error) => error.status === 401, 'or what it became ends')
  })

  it('is told of a no', async () => {
    const { person, app } = await known()
    const asked = await till.begin(person.user)
    const decided = await app.decide('deny')
    assert.equal(decided.status, 200, decided.text)
    await assert.rejects(till.poll(asked), oauth('access_denied'))
  })

  it('is not answered by a signature over anything but what was shown', async () => {
    const { person, app } = await known()
    const asked = await till.begin(person.user, { binding_message: 'Till 4' })
    const [{ approval_id: id, display }] = await waiting(app)
    const sign = (keys, change) => app.statement(keys, 'florin-approval+jwt', { ...display, decision: 'approve', jti: crypto.randomUUID(), ...change })
    for (const approval of [await sign(app.sca, { message: 'Till 5' }), await sign(app.sca, { client: 'kiosk Ltd' }), await sign(app.keys)]) {
      const refused = await app.command('POST', `/v1/approvals/${id}`, { approval })
      assert.equal(refused.json.code, 'sca-failed', refused.text)
    }
    assert.equal((await app.decide('approve')).status, 200, 'it waits still, and the right one is taken')
    assert.equal((await till.poll(asked)).claims().sub, person.customer)
  })

  it('is told that nobody has answered in time', async () => {
    const { person } = await known()
    await assert.rejects(till.poll(await till.begin(person.user, { requested_expiry: '1' })), oauth('expired_token'))
  })

  it("cannot ask for another's answer, nor with what was never given", async () => {
    const { person, app } = await known()
    const asked = await till.begin(person.user)
    assert.equal((await app.decide('approve')).status, 200)
    await Promise.all([
      assert.rejects(kiosk.poll(asked), oauth('invalid_grant'), "another client's"),
      assert.rejects(kiosk.poll({ ...asked, auth_req_id: asked.auth_req_id.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) }), oauth('invalid_grant'), 'a guess (CVE-2022-39222)'),
    ])
    assert.equal((await till.poll(asked)).claims().sub, person.customer, 'whose it is gets it all the same')
  })

  it('learns nothing of names (group 13)', async () => {
    const { person } = await known()
    const [one, none] = [await till.begin(person.user), await till.begin('nobody-of-that-name')]
    assert.deepEqual(Object.keys(none), Object.keys(one))
    assert.deepEqual([none.expires_in, none.interval, none.auth_req_id.length], [one.expires_in, one.interval, one.auth_req_id.length])
  })
})
