// The pages of every other factor, of logging out and of a lost phone, in headless
// Chromium, beside the app and the letters that belong to them.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { writeFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { phone } from './app.js'
import { openBank } from './bank.js'
import { missing } from './chromium.js'
import { enrol } from './person.js'
import { connect } from './shop.js'
import { focused, half, heading, leaves, looksRight, person, press, typed } from './sight.js'

let bank, shop

before(async () => {
  if (missing) return
  bank = await openBank({ host: 'localhost' })
  shop = await connect(bank)
})
after(() => bank?.close())

/** Somebody with a phone that is theirs, and a browser at the second factor. */
async function visitor(options) {
  const visit = await person(bank, options)
  visit.app = await (await phone(bank)).login(visit.anna)
  return visit
}

async function secondFactor({ page, anna }) {
  await page.goto((await shop.push()).url.href)
  await half(page, anna)
}

const done = async (visit) => {
  assert.match(await heading(visit.page), /^Allow access for shop Ltd\?/)
  assert.ok((await leaves(visit.page, 'Allow')).searchParams.get('code'))
  assert.deepEqual(visit.complaints, [])
  await visit.close()
}

for (const javaScriptEnabled of [true, false]) {
  describe(`other ways in Chromium, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, { skip: missing }, () => {
    it('push: the number on the page is the one that the phone must choose', async () => {
      const visit = await visitor({ javaScriptEnabled })
      const { page, app } = visit
      await secondFactor(visit)
      await press(page, 'Confirm on another device of yours')
      if (javaScriptEnabled) await looksRight(page, 'push-ask')
      assert.deepEqual((await app.get('/v1/approvals')).json.approvals, [], 'looking at the page asks nobody')
      await press(page, 'Ask there')
      if (javaScriptEnabled) await looksRight(page, 'push-number')
      const number = (await page.locator('.number').textContent()).trim()
      assert.match(number, /^[1-9][0-9]$/)
      await press(page, 'Continue')
      assert.ok(await page.getByText('Nothing was confirmed yet.').isVisible())
      const decided = await app.decide('approve', number)
      assert.equal(decided.json.status, 'approved', decided.text)
      await press(page, 'Continue')
      await done(visit)
    })

    for (const [way, label, button] of [['email', /e-mail/, 'Send it by e-mail'], ['sms', /text message/, 'Send it as a text message']]) {
      it(`a code that is sent by ${way}`, async () => {
        const visit = await visitor({ javaScriptEnabled })
        const { page, app, anna } = visit
        const contact = way === 'sms' ? 'phone' : 'email'
        await app.verify({ [contact]: anna[contact] })
        await secondFactor(visit)
        await press(page, 'Have a code sent to you')
        if (javaScriptEnabled) await looksRight(page, 'send')
        assert.equal(await page.getByRole('button', { name: /^Send it/ }).count(), 1, 'nothing is sent to where nobody has shown to be')
        const before = bank.letters('login-code').length
        await press(page, button)
        if (javaScriptEnabled) await looksRight(page, `sent-${way}`)
        const letter = await bank.letter('login-code', before)
        assert.equal(letter.channel, way)
        const field = page.getByLabel(label)
        assert.equal(await field.getAttribute('autocomplete'), 'one-time-code')
        await field.fill(/\b\d{6}\b/.exec(letter.text)[0])
        await press(page, 'Log in')
        await done(visit)
      })
    }

    it('a recovery code, once', async () => {
      const visit = await visitor({ javaScriptEnabled })
      const { page, app } = visit
      const [code] = await app.recoveryCodes()
      const use = async () => {
        await secondFactor(visit)
        await press(page, 'Use a recovery code')
        if (javaScriptEnabled) await looksRight(page, 'recovery')
        await page.getByLabel('Recovery code').fill(code)
        await press(page, 'Log in')
      }
      await use()
      assert.match(await heading(page), /^Allow access/)
      await use()
      assert.match(await page.getByRole('alert').textContent(), /The login failed/)
      assert.ok(await focused(page.getByRole('alert')), 'a screen reader begins there')
      await visit.close()
    })

    it('a lost phone is reported, and from then on it can do nothing', async () => {
      const visit = await visitor({ javaScriptEnabled })
      const { page, app, anna } = visit
      const bert = await (await phone(bank)).login(await enrol(bank, 'bert'))
      await page.goto(`${bank.issuer}/account/devices`)
      if (javaScriptEnabled) await looksRight(page, 'account-login')
      await typed(page, anna)
      await press(page, 'Continue')
      assert.equal(await page.getByRole('button', { name: /code sent/ }).count(), 0, 'a message to the lost phone proves nothing')
      await page.locator('#otp').fill(anna.otp())
      await press(page, 'Log in')
      if (javaScriptEnabled) await looksRight(page, 'account')
      assert.equal(await page.getByRole('button', { name: /^Report lost/ }).count(), 1, 'hers, and nobody else\'s')
      await press(page, /^Report lost/)
      if (javaScriptEnabled) await looksRight(page, 'account-sure')
      assert.equal((await app.get('/v1/accounts')).status, 200, 'nothing has happened yet')
      await press(page, 'Report it lost')
      if (javaScriptEnabled) await looksRight(page, 'account-done')
      assert.match(await heading(page), /was reported lost$/)
      assert.equal((await app.get('/v1/accounts')).status, 401, 'at once')
      assert.equal((await app.refresh()).json.error, 'invalid_grant')
      assert.equal((await bert.get('/v1/accounts')).status, 200)
      await page.getByRole('link', { name: /Back to your devices/ }).click()
      await page.getByText('No device can use your account.').waitFor()
      await press(page, 'Log out of this page')
      assert.equal(await heading(page), 'You are logged out')
      assert.deepEqual(visit.complaints, [])
      await visit.close()
    })
  })
}

describe('push in Chromium, when the answer is no', { skip: missing }, () => {
  for (const [why, decision, shown] of [['the wrong number is a no', 'approve', (n) => n === '42' ? '43' : '42'], ['a no is a no', 'deny', () => undefined]]) {
    it(`group 11: ${why}`, async () => {
      const visit = await visitor()
      const { page, app } = visit
      await secondFactor(visit)
      await press(page, 'Confirm on another device of yours')
      await press(page, 'Ask there')
      const number = (await page.locator('.number').textContent()).trim()
      const decided = await app.decide(decision, shown(number))
      assert.equal(decided.json.status, 'denied', decided.text)
      await press(page, 'Continue')
      assert.match(await page.getByRole('alert').textContent(), /The login failed/)
      await visit.close()
    })
  }
})

describe('logging out at a client (openid-client, Chromium)', { skip: missing }, () => {
  let listener, heard, club

  before(async () => {
    if (missing) return
    heard = []
    listener = createServer((request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (part) => { body += part }).on('end', () => {
        heard.push(new URLSearchParams(body).get('logout_token'))
        response.end()
        listener.emit('heard')
      })
    })
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve))
    await bank.stop() // clients are registered on the host, while the bank is stopped
    const pair = await jose.generateKeyPair('ES256', { extractable: true })
    const jwk = { ...await jose.exportJWK(pair.publicKey), kid: 'club-1', alg: 'ES256', use: 'sig' }
    writeFileSync(`${bank.dir}.jwks.json`, JSON.stringify({ keys: [jwk] }))
    bank.cli('client', 'register', 'club', '--name', 'Club Ltd', '--jwks', `${bank.dir}.jwks.json`, '--scopes', 'openid profile accounts.read',
      '--redirect-uri', 'https://club.example/callback', '--post-logout-redirect-uri', 'https://club.example/left', '--backchannel-logout-uri', `http://127.0.0.1:${listener.address().port}/logout`)
    await bank.start()
    bank.keys.club = { ...await jose.exportJWK(pair.privateKey), kid: 'club-1', alg: 'ES256' }
    club = await connect(bank, 'club')
  })
  after(() => listener?.close())

  const asked = (tokens, more = {}) => oidc.buildEndSessionUrl(club.config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://club.example/left', state: 'x y', ...more }).href

  it('it is asked first, ends that session alone, leads back, and the client is told', async () => {
    const visit = await person(bank)
    const { page, anna } = visit
    const ask = { scope: 'openid accounts.read', redirect_uri: 'https://club.example/callback' }
    const tokens = await club.tokens(anna, ask)
    const kept = await club.tokens(anna, ask)
    await page.goto(asked(tokens))
    await looksRight(page, 'logout')
    assert.equal(await heading(page), 'Log out of Club Ltd?')
    assert.equal((await club.get(tokens.access_token, '/v1/accounts')).status, 200, 'nothing is ended before a person says so')
    const told = new Promise((resolve) => listener.once('heard', resolve))
    const back = await leaves(page, 'Log out', 'https://club.example/left')
    assert.equal(back.href, 'https://club.example/left?state=x+y')
    await assert.rejects(club.userinfo(tokens.access_token, anna.customer), (error) => error.status === 401)
    assert.equal((await club.get(kept.access_token, '/v1/accounts')).status, 200, 'the other session goes on')
    await told
    const keys = jose.createRemoteJWKSet(new URL(club.config.serverMetadata().jwks_uri))
    const { payload } = await jose.jwtVerify(heard.at(-1), keys, { issuer: bank.issuer, audience: 'club', typ: 'logout+jwt', requiredClaims: ['exp', 'jti', 'sid', 'sub'] })
    assert.equal(payload.sub, anna.customer)
    assert.equal(payload.sid, tokens.claims().sid)
    assert.deepEqual(payload.events, { 'http://schemas.openid.net/event/backchannel-logout': {} })
    assert.ok(!('nonce' in payload))
    assert.deepEqual(visit.complaints, [])
    await visit.close()
  })

  it('who stays is still logged in, and a browser is led nowhere that was not registered', async () => {
    const visit = await person(bank)
    const { page, anna } = visit
    const tokens = await club.tokens(anna, { scope: 'openid accounts.read', redirect_uri: 'https://club.example/callback' })
    await page.goto(asked(tokens))
    await press(page, 'Stay logged in')
    await looksRight(page, 'logout-stayed')
    for (const uri of ['https://club.example/left?x=1', 'https://club.example/left/', 'https://evil.example/', 'https://CLUB.example/left', 'https://club.example:443/left']) {
      const answer = await page.goto(asked(tokens, { post_logout_redirect_uri: uri }))
      assert.equal(answer.status(), 400, uri)
      assert.ok(page.url().startsWith(bank.issuer), uri)
    }
    assert.equal((await club.get(tokens.access_token, '/v1/accounts')).status, 200)
    await visit.close()
  })
})
