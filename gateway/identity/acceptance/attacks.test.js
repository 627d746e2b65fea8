// What a client of the app's can try against people and their money: groups 10 to 16
// of identity.md, over HTTP, each named after what really happened elsewhere. What
// takes another clock or a log that fails is tested in Go.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { clientID, contentDigest, phone } from './app.js'
import { openBank } from './bank.js'
import { enrol, Visitor } from './person.js'
import { connect } from './shop.js'

let bank

before(async () => { bank = await openBank() })
after(() => bank.close())

/** A customer with a phone that is logged in. */
async function customer(name) {
  const anna = await enrol(bank, name)
  return { anna, app: await (await phone(bank)).login(anna) }
}

/** The first step of a login on a phone that is nobody's, with the right password. */
async function started(anna) {
  const app = await phone(bank)
  const first = await app.begin(anna.user, anna.password)
  assert.equal(first.json.error, 'insufficient_authorization', first.text)
  return { app, session: first.json.auth_session, next: first.json.next }
}

/** Everything about an answer that could tell somebody something. */
const seen = (answer) => [answer.status, answer.json?.error, answer.text.replaceAll(/"auth_session":"[^"]*"/g, '').length,
  [...answer.headers.keys()].sort().join(' '), (answer.json?.auth_session ?? '').length]

describe('group 10: revocation', () => {
  it('answers 200 once it is kept: a kill -9 right after the answer brings nothing back (CVE-2020-15223)', async () => {
    const { app } = await customer()
    const revoked = await app.send('POST', '/oauth2/revoke', { form: { token: app.tokens.refresh_token, client_id: clientID } })
    assert.equal(revoked.status, 200)
    await bank.restart()
    assert.equal((await app.refresh()).json.error, 'invalid_grant')
    assert.equal((await app.get('/v1/accounts')).status, 401)
  })
})

describe('group 11: more than one factor', () => {
  it('a session with one factor is none (CVE-2025-64103)', async () => {
    const { anna } = await customer()
    const { app, session } = await started(anna)
    assert.equal((await app.redeem(session)).json.error, 'invalid_grant')
    assert.equal((await app.send('POST', '/oauth2/token', { form: { grant_type: 'refresh_token', client_id: clientID, refresh_token: session } })).json.error, 'invalid_grant')
    assert.equal((await app.send('GET', '/v1/accounts', { token: session })).status, 401)
  })

  it('the same factor is not counted twice (Kratos #4317)', async () => {
    const { anna } = await customer()
    const { app, session } = await started(anna)
    const again = await app.challenge({ auth_session: session, username: anna.user, password: anna.password })
    assert.equal(again.status, 400)
    assert.ok(!again.json.authorization_code)
  })

  it('one-time passwords cannot be guessed, one after the other or at once (CVE-2024-32868, CVE-2025-64102)', async () => {
    const { anna } = await customer()
    const answers = []
    for (let guess = 0; guess < 12 && answers.at(-1) !== 429; guess++) {
      const app = await phone(bank)
      const first = await app.begin(anna.user, anna.password)
      answers.push(first.status === 429 ? 429 : (await app.challenge({ auth_session: first.json.auth_session, otp: String(guess).padStart(6, '0') })).status)
    }
    assert.equal(answers.at(-1), 429)
    assert.ok(answers.length <= 7, `${answers}`)
    const { anna: bert } = await customer('bert')
    const { app, session } = await started(bert)
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => app.challenge({ auth_session: session, otp: String(n).padStart(6, '0') })))
    assert.ok(all.every((answer) => answer.status !== 200))
    assert.ok(all.filter((answer) => answer.json.error === 'access_denied').length <= 1, 'one guess for each login')
    assert.equal((await app.challenge({ auth_session: session, otp: bert.otp() })).json.error, 'invalid_session')
  })

  it('a one-time password counts once, whoever shows it', async () => {
    const { anna } = await customer()
    const otp = anna.otp()
    const one = await started(anna)
    assert.equal((await one.app.challenge({ auth_session: one.session, otp })).status, 200)
    const two = await started(anna)
    assert.equal((await two.app.challenge({ auth_session: two.session, otp })).json.error, 'access_denied')
  })

  it('a contact that nobody has verified does not take the place of another, and a code is not guessed into being (CVE-2026-27946)', async () => {
    const { anna, app } = await customer()
    const before = bank.letters('contact-code').length
    const asked = await app.command('PATCH', '/v1/customers/me', { email: 'eve@evil.example' })
    assert.equal(asked.status, 202, asked.text)
    await bank.letter('contact-code', before)
    assert.notEqual((await app.command('PATCH', '/v1/customers/me', { email: 'eve@evil.example', code: '000000' })).status, 200)
    assert.notEqual((await app.command('PATCH', '/v1/customers/me', { email: 'eve@evil.example', verified: true })).status, 200)
    assert.ok(!(await app.get('/v1/customers/me')).text.includes('eve@evil.example'))
    assert.equal((await (await phone(bank)).begin('eve@evil.example', anna.password)).json.error, 'insufficient_authorization', 'as to anybody\'s name')
  })

  it('a code to log in with goes to no contact that nobody has verified, and is not offered', async () => {
    const { anna, app } = await customer()
    const other = await phone(bank)
    const first = (await other.begin(anna.user, anna.password)).json
    assert.ok(!first.next.includes('otp_send') && !first.otp_send, first.next)
    assert.equal((await other.challenge({ auth_session: first.auth_session, otp_send: 'email' })).json.error, 'invalid_request')
    await app.verify({ email: anna.email })
    const second = (await other.begin(anna.user, anna.password)).json
    assert.deepEqual(second.otp_send, ['email'])
    assert.equal((await other.challenge({ auth_session: second.auth_session, otp_send: 'sms' })).json.error, 'invalid_request')
    const before = bank.letters('login-code').length
    assert.equal((await other.challenge({ auth_session: second.auth_session, otp_send: 'email' })).json.error, 'insufficient_authorization')
    assert.equal((await bank.letter('login-code', before)).channel, 'email')
  })

  it('steps come in their order, on the phone that began, and each once', async () => {
    const { anna, app: own } = await customer()
    await own.verify({ email: anna.email })
    const { app, session } = await started(anna)
    assert.equal((await app.challenge({ auth_session: session, otp_method: 'email', otp: '123456' })).json.error, 'invalid_request', 'before one was sent')
    const thief = await phone(bank)
    assert.equal((await thief.challenge({ auth_session: session, otp: anna.otp() })).json.error, 'invalid_session', 'another\'s auth_session')
    const sent = await app.challenge({ auth_session: session, otp_send: 'email' })
    assert.equal(sent.json.error, 'insufficient_authorization', sent.text)
    assert.equal((await app.challenge({ auth_session: session, otp_send: 'email' })).json.error, 'invalid_session', 'a step is taken once')
  })
})

describe('group 12: locking out', () => {
  it('fifty guesses at once are five (CVE-2023-47111)', async () => {
    const { anna } = await customer()
    const app = await phone(bank)
    await app.begin('nobody at all', 'x') // learns the nonce
    const all = await Promise.all(Array.from({ length: 50 }, () => app.begin(anna.user, 'a wrong password')))
    assert.equal(all.filter((answer) => answer.status === 400).length, 5)
    const late = all.filter((answer) => answer.status === 429)
    assert.equal(late.length, 45)
    assert.ok(late.every((answer) => Number(answer.headers.get('retry-after')) > 0))
  })

  it('name, mail and case spend one budget (CVE-2025-24806, CVE-2026-47203), and no page forgets it (CVE-2026-9798)', async () => {
    const { anna } = await customer()
    const app = await phone(bank)
    const answers = []
    for (const name of [anna.user, anna.user.toUpperCase(), `${anna.user}@mail.example`, `${anna.user}@MAIL.example`, anna.user, anna.user]) {
      answers.push((await app.begin(name, 'a wrong password')).status)
    }
    assert.deepEqual(answers, [400, 400, 400, 400, 400, 429])
    const shop = await connect(bank)
    for (const url of [(await shop.push()).url, `${bank.issuer}/account/devices`]) {
      const visitor = await new Visitor(bank).open(url)
      await visitor.submit({ username: anna.user, password: anna.password })
      assert.equal(visitor.status, 429, 'the right password is not looked at either')
    }
  })

  it('a stranger cannot lock the owner\'s phone out', async () => {
    const { anna, app } = await customer()
    const stranger = await phone(bank)
    for (let n = 0; n < 10; n++) await stranger.begin(anna.user, 'a wrong password')
    const owner = await app.begin(anna.user, anna.password) // looked at, and asked for a second factor while somebody guesses
    assert.ok(owner.status === 200 || owner.status === 400 && owner.json.next.includes('sca-key'), owner.text)
  })
})

describe('group 13: trying names out', () => {
  it('a login does not tell whose name or whether the password was right', async () => {
    const { anna } = await customer()
    const { next } = await started(anna)
    const probe = await phone(bank)
    let nobody
    for (let n = 0; !nobody; n++) { // made-up factors differ by name, and are the same each time
      assert.ok(n < 200, 'some name has factors like hers')
      const name = `anna-${String(n).padStart(8, '0')}`
      if (`${(await probe.begin(name, 'x')).json.next}` === `${next}`) nobody = name
    }
    const looks = []
    for (const [name, password] of [[anna.user, anna.password], [anna.user, 'a wrong password, of the same length, or is it'], [nobody, anna.password]]) {
      const app = await phone(bank)
      const first = await app.begin(name, password)
      const last = await app.challenge({ auth_session: first.json.auth_session, otp: '000000' })
      assert.equal(last.json.error, 'access_denied')
      looks.push([seen(first), seen(last)])
    }
    assert.deepEqual(looks[1], looks[0])
    assert.deepEqual(looks[2], looks[0])
  })

  it('a recovery does not tell whose name it is', async () => {
    const { anna } = await customer()
    const looks = []
    for (const name of [anna.user, 'anna-ffffffff']) {
      const app = await phone(bank)
      const answer = await recovery(app, '/v1/recovery', { username: name, for: 'password' })
      assert.ok(Date.parse(answer.json.expires_at) > Date.now(), answer.text)
      const told = answer.text.replace(answer.json.expires_at, '') // as long as its last digits are no noughts
      looks.push([answer.status, told.length, [...answer.headers.keys()].sort().join(' ')])
    }
    assert.equal(looks[0][0], 202)
    assert.deepEqual(looks[1], looks[0])
  })

  it('an account of another\'s cannot be told from none', async () => {
    const { app } = await customer()
    const { app: bert } = await customer('bert')
    const theirs = await bert.account('1.00')
    const [known, unknown] = [await app.get(`/v1/accounts/${theirs}`), await app.get(`/v1/accounts/acc_${randomUUID()}`)]
    assert.equal(known.status, 404)
    const same = (text) => text.replaceAll(/acc_[0-9a-f-]+|"(instance|trace_id|request_id)":"[^"]*"/g, '')
    assert.equal(same(known.text), same(unknown.text))
  })
})

/** A request that the device key signs and no token comes with. */
async function recovery(app, path, content, key = randomUUID()) {
  const body = JSON.stringify(content)
  return app.send('POST', path, { claims: { content_digest: contentDigest(body), idempotency_key: key },
    headers: { 'idempotency-key': key, 'content-type': 'application/json' }, body })
}

describe('group 14: recovery', () => {
  const another = 'another pass phrase of nine words, is it not'

  async function begun(name) {
    const { anna, app } = await customer(name)
    await app.verify({ email: anna.email })
    const codes = await app.recoveryCodes()
    const lost = await phone(bank)
    const letters = bank.letters('recovery-code').length
    const answer = await recovery(lost, '/v1/recovery', { username: anna.user, for: 'password' })
    assert.equal(answer.status, 202, answer.text)
    const letter = await bank.letter('recovery-code', letters)
    const proofs = { recovery_id: answer.json.recovery_id, code: /\b\d{6}\b/.exec(letter.text)[0], recovery_code: codes[0], password: another }
    return { anna, app, lost, codes, proofs, letter }
  }

  it('its state is checked (CVE-2026-18963), and a code is shown once (CVE-2026-4325)', async () => {
    const { anna, lost, codes, proofs } = await begun()
    const { codes: berts } = await begun('bert')
    const bad = [{ ...proofs, recovery_id: `rec_${randomUUID()}` }, { ...proofs, recovery_code: berts[0] }]
    for (const one of bad) assert.equal((await recovery(lost, '/v1/recovery/completion', one)).json.code, 'recovery-refused')
    assert.equal((await recovery(await phone(bank), '/v1/recovery/completion', proofs)).json.code, 'recovery-refused', 'on another phone')
    const { recovery_code: _, ...alone } = proofs
    assert.equal((await recovery(lost, '/v1/recovery/completion', alone)).json.code, 'recovery-proofs-missing', 'by the mailbox alone')
    assert.equal((await recovery(lost, '/v1/recovery/completion', proofs)).status, 200)
    assert.equal((await recovery(lost, '/v1/recovery/completion', { ...proofs, recovery_code: codes[1], password: 'the thief\'s own pass phrase, at last' })).json.code, 'recovery-refused')
    anna.password = another
    assert.equal((await (await phone(bank)).login(anna)).tokens.token_type, 'DPoP')
  })

  it('no name of a host that a stranger sends gets into a letter (host-header poisoning), and letters hold no link', async () => {
    const { letter } = await begun()
    assert.doesNotMatch(letter.text, /https?:|evil/)
    for (const headers of [{ host: 'evil.example' }, { host: 'evil.example', 'x-forwarded-host': new URL(bank.issuer).host }]) {
      const status = await new Promise((resolve, reject) => request(`${bank.issuer}/v1/recovery`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' } },
        (response) => resolve(response.resume().statusCode)).once('error', reject).end('{}'))
      assert.equal(status, 421)
    }
  })
})

describe('group 15: payments', () => {
  async function payer() {
    const { app } = await customer()
    const { app: berts } = await customer('bert')
    return { app, berts, from: await app.account('5000.00'), to: await berts.account() }
  }
  const raw = (app, body, key = randomUUID()) => app.command('POST', '/v1/transfers', body, key)

  it('an amount has one spelling', async () => {
    const { app, from, to } = await payer()
    for (const amount of ['1.0', '1', '1.000', '1e0', '01.00', '+1.00', '1,00', ' 1.00', '0x1', '1.00 ', '١.٠٠']) {
      const answer = await raw(app, { from, to, amount, currency: 'EUR' })
      assert.equal(answer.status, 400, `${amount}: ${answer.text}`)
    }
    assert.equal((await raw(app, { from, to, amount: 1.0, currency: 'EUR' })).status, 400, 'a number')
    assert.equal(await app.balance(from), '5000.00')
  })

  it('no extra member, no duplicate key, no look-alike', async () => {
    const { app, from, to } = await payer()
      const send = (body) => {
      const key = randomUUID()
      return app.send('POST', '/v1/transfers', { token: app.tokens.access_token, claims: { content_digest: contentDigest(body), idempotency_key: key },
        headers: { 'idempotency-key': key, 'content-type': 'application/json' }, body })
    }
    const good = JSON.stringify({ from, to, amount: '1.00', currency: 'EUR' })
    for (const body of [good.replace('{', '{"risk":0,'), good.replace('{', '{"amount":"9.00",'), good.replace('"amount"', '"AMOUNT"'), `${good}{}`,
      good.replace(to, to.replace(/[0-9a-f]$/, 'а')), good.replace('"1.00"', 'null')]) {
      assert.equal((await send(body)).status, 400, body)
    }
    assert.equal((await send(good.replace('"EUR"', '"ЕUR"'))).status, 422, 'a Cyrillic letter')
    assert.equal((await send(good)).status, 201)
    assert.equal(await app.balance(from), '4999.00')
  })

  it('a challenge is answered for what was displayed, by whom it was asked, once', async () => {
    const { app, berts, from, to } = await payer()
    const challenged = await raw(app, { from, to, amount: '900.00', currency: 'EUR' })
    assert.equal(challenged.status, 202, challenged.text)
    const { transfer, challenge } = challenged.json
    const answer = (who, authorization, of = transfer) => who.command('POST', `/v1/transfers/${of}/authorization`, { authorization })
    assert.equal((await answer(app, await app.agree(challenge, { amount: '9.00' }))).json.code, 'sca-failed', 'another amount')
    assert.equal((await answer(app, await app.agree(challenge, { creditor: from }))).json.code, 'sca-failed', 'another payee')
    assert.equal((await answer(app, await app.agree(challenge, {}, app.keys))).json.code, 'sca-failed', 'by the silent key')
    assert.equal((await answer(berts, await berts.agree(challenge))).status, 404, 'another customer\'s challenge')
    const other = (await raw(app, { from, to, amount: '901.00', currency: 'EUR' })).json
    assert.equal((await answer(app, await app.agree(challenge), other.transfer)).json.code, 'sca-failed', 'at another transfer')
    assert.equal(await app.balance(from), '5000.00')
    const right = await app.agree(challenge)
    assert.equal((await answer(app, right)).json.status, 'posted')
    assert.notEqual((await answer(app, right)).status, 201, 'a second use')
    assert.equal(await app.balance(from), '4100.00')
  })

  it('a device that was revoked in between confirms nothing', async () => {
    const { app, from, to } = await payer()
    const { transfer, challenge } = (await raw(app, { from, to, amount: '900.00', currency: 'EUR' })).json
    const signed = await app.agree(challenge)
    assert.equal((await app.command('DELETE', `/v1/devices/${app.device}`)).status, 200)
    const late = await app.command('POST', `/v1/transfers/${transfer}/authorization`, { authorization: signed })
    assert.equal(late.status, 401)
  })
})

describe('group 16: secrets, and who was revoked', () => {
  it('no password, code or token is in any line of the log or any problem', async () => {
    const { anna, app } = await customer()
    const otp = anna.otp()
    const { app: other, session } = await started(anna)
    const step = await other.challenge({ auth_session: session, otp })
    const wrong = `a wrong pass phrase ${randomUUID()}`
    const problem = await other.begin(anna.user, wrong)
    const said = await app.send('GET', '/v1/accounts', { token: `${app.tokens.access_token}x` })
    const lines = bank.logged().split('\n').filter((line) => !line.includes('"notification"')).join('\n')
    for (const secret of [anna.password, anna.secret, otp, wrong, step.json.authorization_code, session, app.tokens.access_token, app.tokens.refresh_token]) {
      for (const text of [lines, problem.text, said.text]) assert.ok(!text.includes(secret) || secret === otp && !text.includes(`"${otp}"`))
    }
    assert.ok(lines.includes('/oauth2/challenge'), 'the requests themselves are there')
  })

  it('a device that was revoked passes nowhere, though read models lag behind', async () => {
    const { app } = await customer()
    for (let n = 0; n < 5; n++) {
      const { app: theirs } = await customer()
      assert.equal((await theirs.get('/v1/accounts')).status, 200)
      assert.equal((await theirs.command('DELETE', `/v1/devices/${theirs.device}`)).status, 200)
      const after = await Promise.all(Array.from({ length: 10 }, () => theirs.get('/v1/accounts')))
      assert.ok(after.every((answer) => answer.status === 401), 'from the answer on')
      assert.equal((await theirs.refresh()).json.error, 'invalid_grant')
    }
    assert.equal((await app.get('/v1/accounts')).status, 200)
  })
})
