// Requests, codes, refresh tokens and client assertions: groups 3 to 7, 9 and 10
// of identity.md, rows 24 to 28 of bad-inputs.md.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as oidc from 'openid-client'
import { pkce, phone } from './app.js'
import { callback, openBank, usual } from './bank.js'
import { enrol, Visitor } from './person.js'
import { connect } from './shop.js'

let bank, shop, other

before(async () => { bank = await openBank(); shop = await connect(bank); other = await connect(bank, 'other') })
after(() => bank.close())

const oauth = (code) => (error) => { assert.equal(error.error, code, error); return true }
const ok = (settled) => settled.filter((one) => one.status === 'fulfilled')

describe('group 3, row 28: refresh tokens', () => {
  it('twenty at once give one successor, and the family is no more (CVE-2026-1035)', async () => {
    const app = await (await phone(bank)).login(await enrol(bank))
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.refresh()))
    const won = answers.filter((answer) => answer.status === 200)
    assert.ok(won.length <= 1, `${won.length} winners`)
    assert.ok(answers.filter((answer) => answer.status !== 200).every((answer) => answer.json.error === 'invalid_grant'))
    for (const { json } of won) assert.equal((await app.refresh(json.refresh_token)).json.error, 'invalid_grant', 'reuse ends the family')
    assert.equal((await app.get('/v1/accounts')).status, 401)
  })

  it('twenty of a third party at once give one and the same successor, whose use ends the old one', async () => {
    const tokens = await shop.tokens(await enrol(bank))
    const settled = await Promise.allSettled(Array.from({ length: 20 }, () => shop.refresh(tokens.refresh_token)))
    const successors = new Set(ok(settled).map((one) => one.value.refresh_token))
    assert.equal(successors.size, 1)
    const [successor] = successors
    await shop.refresh(successor)
    await assert.rejects(shop.refresh(tokens.refresh_token), oauth('invalid_grant'))
  })

  it('refresh against revoke (Keycloak #51312): whatever comes first, nothing lives on', async () => {
    for (let round = 0; round < 5; round++) {
      const tokens = await shop.tokens(await enrol(bank))
      const [, refreshed] = await Promise.allSettled([shop.revoke(tokens.refresh_token), shop.refresh(tokens.refresh_token)])
      await assert.rejects(shop.refresh(tokens.refresh_token), oauth('invalid_grant'))
      if (refreshed.status === 'rejected') continue
      await assert.rejects(shop.refresh(refreshed.value.refresh_token), oauth('invalid_grant'))
      assert.deepEqual(await shop.introspect(refreshed.value.access_token), { active: false })
    }
  })

  it('many generations in the same second (Keycloak #50999): each counts, and an old one ends them all', async () => {
    const app = await (await phone(bank)).login(await enrol(bank))
    const first = app.tokens.refresh_token
    for (let n = 0; n < 5; n++) {
      const answer = await app.refresh()
      assert.equal(answer.status, 200, answer.text)
      app.tokens = answer.json
    }
    assert.equal((await app.refresh(first)).json.error, 'invalid_grant')
    assert.equal((await app.refresh()).json.error, 'invalid_grant', 'the family is revoked')
  })

  it('a lost answer is given again under the same key, and under another key it is a theft', async () => {
    const app = await (await phone(bank)).login(await enrol(bank))
    const old = app.tokens.refresh_token
    const [first, second] = [await app.refresh(old, 'attempt-1'), await app.refresh(old, 'attempt-1')]
    assert.equal(second.json.refresh_token, first.json.refresh_token)
    assert.equal((await app.refresh(old, 'attempt-2')).json.error, 'invalid_grant')
    assert.equal((await app.refresh(first.json.refresh_token)).json.error, 'invalid_grant')
  })

  it("another client's refresh token is none", async () => {
    const tokens = await shop.tokens(await enrol(bank))
    await assert.rejects(other.refresh(tokens.refresh_token), oauth('invalid_grant'))
    await assert.rejects((await shop.elsewhere()).refresh(tokens.refresh_token), oauth('invalid_grant'), 'nor by another key')
    await shop.refresh(tokens.refresh_token)
  })

  it('a refresh never widens the scope', async () => {
    const tokens = await shop.tokens(await enrol(bank), { scope: 'openid' })
    await assert.rejects(oidc.refreshTokenGrant(shop.config, tokens.refresh_token, { scope: 'openid accounts.read' }, { DPoP: shop.DPoP }), oauth('invalid_scope'))
  })
})

describe('group 4, row 24: codes', () => {
  it('redeemed twice: refused, and the tokens of the first use die', async () => {
    const anna = await enrol(bank)
    const pushed = await shop.push()
    const back = await shop.consent(anna, pushed)
    const tokens = await shop.exchange(back, pushed.checks)
    await assert.rejects(shop.exchange(back, pushed.checks), oauth('invalid_grant'))
    await assert.rejects(shop.refresh(tokens.refresh_token), oauth('invalid_grant'))
    await assert.rejects(shop.userinfo(tokens.access_token, anna.customer), (error) => error.status === 401)
  })

  it('ten at once: one at most gets tokens, and keeps none', async () => {
    const pushed = await shop.push()
    const back = await shop.consent(await enrol(bank), pushed)
    const won = ok(await Promise.allSettled(Array.from({ length: 10 }, () => shop.exchange(back, pushed.checks))))
    assert.ok(won.length <= 1)
    for (const { value } of won) await assert.rejects(shop.refresh(value.refresh_token), oauth('invalid_grant'))
  })

  it("another client's, another key's, or a guessed one", async () => {
    const pushed = await shop.push()
    const back = await shop.consent(await enrol(bank), pushed)
    const skipState = { ...pushed.checks }
    for (const [name, thief] of Object.entries({ 'another client': other, 'another key': await shop.elsewhere() })) {
      thief.redirect = shop.redirect
      await assert.rejects(thief.exchange(back, skipState), oauth('invalid_grant'), name)
    }
    const guess = new URL(back)
    for (const change of [(code) => `${code}A`, (code) => code.slice(0, -1), () => 'guess', (code) => code.toLowerCase()]) {
      guess.searchParams.set('code', change(back.searchParams.get('code')))
      await assert.rejects(shop.exchange(guess, pushed.checks), oauth('invalid_grant'))
    }
    await shop.exchange(back, pushed.checks)
  })

  it('the redirect_uri at the token endpoint is the one that was pushed', async () => {
    const pushed = await shop.push()
    const back = await shop.consent(await enrol(bank), pushed)
    const elsewhere = new URL(back)
    elsewhere.pathname = '/other'
    await assert.rejects(shop.exchange(elsewhere, pushed.checks), oauth('invalid_grant'))
    await shop.exchange(back, pushed.checks)
  })
})

describe('group 5, row 26: redirect_uri', () => {
  it('one character, port, case, fragment, query, prefix, userinfo off: refused when pushed (CVE-2020-15234, -15233)', async () => {
    for (const redirect_uri of [
      'https://shop.example/callbacK', 'https://SHOP.example/callback', 'https://shop.example:443/callback', 'https://shop.example:8443/callback', 'https://shop.example/callback#x',
      'https://shop.example/callback?', 'https://shop.example/callback?x=1', 'https://shop.example/callback/', 'https://shop.example/callback/../evil', 'https://shop.example/',
      'https://shop.example.evil.example/callback', 'https://shop.example@evil.example/callback', 'https://u:p@shop.example/callback', 'http://shop.example/callback',
      'http://127.0.0.1:80/callback?x', 'javascript:alert(1)', 'data:text/html,x', callback('other'), ' https://shop.example/callback', 'https://shop.example/callback\u0000',
    ]) await assert.rejects(shop.push({ redirect_uri }), oauth('invalid_request'), redirect_uri)
  })

  it('what is said in the browser counts for nothing: an error page, never a redirect', async () => {
    const query = (more) => `/oauth2/authorize?${new URLSearchParams({ response_type: 'code', client_id: 'shop', scope: 'openid', state: 'x', ...more })}`
    for (const redirect_uri of ['https://evil.example/', callback('shop')]) {
      (await new Visitor(bank).open(query({ redirect_uri }))).apology(400, 'invalid-request-uri')
    }
    const { url } = await shop.push()
    url.searchParams.set('redirect_uri', 'https://evil.example/')
    const visitor = await new Visitor(bank).open(url)
    assert.equal(visitor.status, 200)
    assert.ok(!(visitor.page + visitor.headers['content-security-policy']).includes('evil.example'))
    await visitor.deny()
    assert.equal(visitor.back().origin, 'https://shop.example')
  })
})

describe('group 6, row 25: PKCE', () => {
  it('missing, plain, without its method, or no digest: refused when pushed', async () => {
    const { challenge } = pkce()
    for (const [name, change] of Object.entries({
      missing: { code_challenge: '', code_challenge_method: '' }, plain: { code_challenge: challenge, code_challenge_method: 'plain' },
      'method omitted': { code_challenge: challenge, code_challenge_method: '' }, short: { code_challenge: 'abc' }, 'not base64url': { code_challenge: challenge.replace(/^./, '+') },
    })) await assert.rejects(shop.push(change), oauth('invalid_request'), name)
  })

  it('a wrong, short or missing verifier', async () => {
    const pushed = await shop.push()
    const back = await shop.consent(await enrol(bank), pushed)
    await assert.rejects(shop.exchange(back, { ...pushed.checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), oauth('invalid_grant'))
    for (const verifier of ['short', 'x'.repeat(42), 'x'.repeat(129), 'ä'.repeat(43)]) {
      await assert.rejects(shop.exchange(back, { ...pushed.checks, pkceCodeVerifier: verifier }), oauth('invalid_request'))
    }
    await assert.rejects(shop.exchange(back, { ...pushed.checks, pkceCodeVerifier: undefined }), (error) => ['invalid_request', undefined].includes(error.error))
    await shop.exchange(back, pushed.checks)
  })

  it('the app needs it too', async () => {
    const app = await phone(bank)
    const anna = await enrol(bank)
    for (const change of [{ code_challenge: '' }, { code_challenge_method: 'plain' }, { code_challenge_method: '' }, { code_challenge: 'abc' }]) {
      assert.equal((await app.begin(anna.user, anna.password, change)).json.error, 'invalid_request')
    }
    const code = await app.code(anna)
    assert.equal((await app.redeem(code, pkce().verifier)).json.error, 'invalid_grant')
    assert.equal((await app.redeem(code, 'short')).json.error, 'invalid_request')
    assert.equal((await app.redeem(code)).status, 200)
  })
})

describe('group 7, row 27: pushed requests', () => {
  it('request_uris cannot be guessed (CVE-2022-39222), are one client\'s and one browser\'s', async () => {
    const seen = new Set()
    for (let n = 0; n < 20; n++) {
      const handle = (await shop.push()).url.searchParams.get('request_uri').split(':').pop()
      assert.ok(Buffer.from(handle, 'base64url').length >= 32)
      seen.add(handle.slice(-20))
    }
    assert.equal(seen.size, 20)
    const { url } = await shop.push()
    const foreign = new URL(url)
    foreign.searchParams.set('client_id', 'other');
    (await new Visitor(bank).open(foreign)).apology(400, 'invalid-request-uri')
    assert.equal((await new Visitor(bank).open(url)).status, 200);
    (await new Visitor(bank).open(url)).apology(400, 'invalid-request-uri')
  })

  it('is answered once', async () => {
    const pushed = await shop.push()
    const visitor = await new Visitor(bank).open(pushed.url)
    await visitor.deny();
    (await visitor.open(pushed.url)).apology(400, 'invalid-request-uri')
  })

  it('takes nothing that the client may not have', async () => {
    for (const [change, code] of [
      [{ scope: 'openid cards.read' }, 'invalid_scope'], [{ scope: 'audit.read' }, 'invalid_scope'], [{ scope: 'openid factors.manage' }, 'invalid_scope'],
      [{ response_type: 'token' }, 'unsupported_response_type'], [{ response_type: 'code id_token' }, 'unsupported_response_type'], [{ response_mode: 'fragment' }, 'invalid_request'],
      [{ request: 'x.y.z' }, 'invalid_request'], [{ state: 's'.repeat(20_000) }, 'invalid_request'],
    ]) await assert.rejects(shop.push(change), oauth(code), JSON.stringify(change).slice(0, 80))
  })
})

describe('group 9: client assertions', () => {
  const pushing = async (change) => (await connect(bank, 'shop', change)).push()

  it('one assertion is good once (CVE-2020-15222)', async () => {
    await assert.rejects((async () => {
      const again = await connect(bank, 'shop', (header, claims) => { claims.jti = 'the-same'; claims.iat = claims.nbf = Math.floor(Date.now() / 1000) })
      await again.push({ scope: usual('shop') })
      await again.push()
    })(), oauth('invalid_client'))
  })

  it('is for the issuer, by and of the client, fresh, and signed by its key', async () => {
    await pushing(() => {})
    const now = Math.floor(Date.now() / 1000)
    for (const [name, change] of Object.entries({
      'for the endpoint': (h, c) => { c.aud = `${bank.issuer}/oauth2/par` }, 'for another bank': (h, c) => { c.aud = 'https://bank.example' }, 'for many': (h, c) => { c.aud = [bank.issuer, 'https://bank.example'] },
      'without aud': (h, c) => { delete c.aud }, 'of another': (h, c) => { c.sub = 'other' }, 'by another': (h, c) => { c.iss = 'other' }, 'expired': (h, c) => { c.exp = now - 3600; c.iat = c.nbf = now - 3700 },
      'without exp': (h, c) => { delete c.exp }, 'without jti': (h, c) => { delete c.jti }, 'good for a year': (h, c) => { c.exp = now + 365 * 86400 },
    })) await assert.rejects(pushing(change), oauth('invalid_client'), name)
    const forged = await connect({ ...bank, issuer: bank.issuer, keys: { shop: { ...bank.keys.other, kid: bank.keys.shop.kid } } })
    await assert.rejects(forged.push(), oauth('invalid_client'), "another's key")
  })
})
