// Access tokens and proofs that a client can forge: groups 1, 2 and 8 of
// identity.md, rows 15 to 23 of bad-inputs.md. Every forgery goes to every kind
// of endpoint that takes a token.

import assert from 'node:assert/strict'
import { createHmac, randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import * as jose from 'jose'
import { phone, prove, sha256 } from './app.js'
import { ask, openBank } from './bank.js'
import { enrol } from './person.js'
import { connect } from './shop.js'

let bank, app, own, tokens, shop, shopTokens

before(async () => {
  bank = await openBank()
  app = await phone(bank)
  await app.login(await enrol(bank))
  own = await app.account('10.00')
  tokens = app.tokens
  shop = await connect(bank)
  shopTokens = await shop.tokens(await enrol(bank))
})
after(() => bank.close())

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const endpoints = () => [['GET', '/v1/accounts'], ['GET', `/v1/accounts/${own}`], ['GET', '/oauth2/userinfo'], ['POST', '/oauth2/userinfo'], ['GET', '/v1/sessions'], ['POST', '/v1/transfers']]
const body = (path) => path === '/v1/transfers' ? { json: {}, headers: { 'idempotency-key': randomUUID() } } : {}

/** Every endpoint refuses the token with 401, DPoP and a challenge; the right token passes beside it. */
async function refused(token, code = 'invalid_token') {
  for (const [method, path] of endpoints()) {
    const answer = await app.send(method, path, { token, ...body(path) })
    assert.equal(answer.status, 401, `${method} ${path}: ${answer.text}`)
    assert.match(answer.headers.get('www-authenticate'), new RegExp(`^DPoP .*error="${code}"`))
    assert.match(answer.headers.get('content-type'), /^application\/problem\+json/)
  }
  const { active } = await shop.introspect(token)
  assert.equal(active, false)
}

describe('group 1, rows 15-17, 19: forged access tokens', () => {
  const resigned = async (header, claims, sign) => {
    const [head, body] = tokens.access_token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')))
    const text = `${b64({ ...head, ...header })}.${b64({ ...body, ...claims })}`
    return `${text}.${await sign(text)}`
  }
  const stolen = () => tokens.access_token.split('.')[2]
  const own = async (text) => {
    const { privateKey } = await jose.generateKeyPair('ES256')
    return b64(Buffer.from(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, privateKey, Buffer.from(text))))
  }

  it('alg none, in any spelling', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      await refused(await resigned({ alg }, {}, () => ''))
      await refused(await resigned({ alg }, {}, stolen))
    }
  })

  it('HS256 keyed with the public key', async () => {
    const { keys: [jwk] } = (await ask(bank, 'GET', '/oauth2/jwks')).json
    const key = await jose.importJWK(jwk, 'ES256', { extractable: true })
    for (const secret of [await jose.exportSPKI(key), JSON.stringify(jwk), Buffer.from(jwk.x, 'base64url')]) {
      await refused(await resigned({ alg: 'HS256' }, {}, (text) => createHmac('sha256', secret).update(text).digest('base64url')))
    }
  })

  it('jwk, jku, x5u, x5c and crit in the header are believed by nobody, and nothing is fetched', async () => {
    const pair = await jose.generateKeyPair('ES256')
    for (const header of [
      { jwk: await jose.exportJWK(pair.publicKey) }, { jku: `${bank.issuer}/oauth2/jwks` }, { jku: 'http://127.0.0.1:1/jwks' }, { x5u: 'http://127.0.0.1:1/x' },
      { x5c: ['MIIB'] }, { crit: ['exp'] }, { crit: ['b64'], b64: false },
    ]) {
      await refused(await resigned(header, {}, stolen))
      await refused(await resigned(header, {}, own))
    }
  })

  it('a kid with path or SQL characters, unknown or absent', async () => {
    for (const kid of ['../../../../dev/null', "' OR 1=1 --", 'unknown', '', 'k\u0000', 'x'.repeat(5000), undefined, 1, ['a']]) await refused(await resigned({ kid }, {}, own))
  })

  it('a signature by another key, of noughts, in DER, cut off or missing', async () => {
    await refused(await resigned({}, {}, own))
    for (const signature of [b64(Buffer.alloc(64)), b64(Buffer.alloc(64, 255)), stolen().slice(0, -4), '', b64(Buffer.concat([Buffer.from('3006020101020101', 'hex')]))]) {
      await refused(await resigned({}, {}, () => signature))
    }
  })

  it('changed claims under the true signature', async () => {
    for (const claims of [{ scope: 'audit.read' }, { exp: 9999999999 }, { sub: shopTokens.claims().sub }, { cnf: { jkt: 'x' } }, { acr: 'urn:florin:acr:sca-hw' }]) {
      await refused(await resigned({}, claims, stolen))
    }
  })

  it('an ID token as an access token, a proof, a refresh token, an assertion', async () => {
    assert.ok(tokens.id_token)
    for (const token of [tokens.id_token, tokens.refresh_token, await app.proof('GET', '/v1/accounts'), 'nonsense', 'a.b.c', '.', '..']) {
      const introspected = token !== tokens.refresh_token
      for (const [method, path] of endpoints()) assert.equal((await app.send(method, path, { token, ...body(path) })).status, 401, token.slice(0, 20))
      if (introspected) assert.equal((await shop.introspect(token)).active, false)
    }
  })

  it('megabytes of dots and headers (CVE-2025-30204): an answer, and the bank goes on', async () => {
    for (const token of ['.'.repeat(20_000), `${b64('x'.repeat(12_000))}.e30.x`]) assert.equal((await app.send('GET', '/v1/accounts', { token })).status, 401)
    for (const token of ['.'.repeat(1 << 20), `${'a'.repeat(1 << 20)}.b.c`]) {
      const status = await app.send('GET', '/v1/accounts', { token }).then((answer) => answer.status, () => 'closed')
      assert.ok([431, 'closed'].includes(status), String(status))
      assert.ok([400, 413].includes((await ask(bank, 'POST', '/oauth2/introspect', { form: { token } })).status))
    }
    assert.equal((await app.get('/v1/accounts')).status, 200)
  })
})

describe('group 2, row 17: tokens of elsewhere', () => {
  it('a truncated opaque token is none (CVE-2026-27840)', async () => {
    const { refresh_token: token } = shopTokens
    for (const cut of [token.slice(0, -1), token.slice(0, token.length / 2), token.slice(1), `${token}A`, token.toUpperCase(), ` ${token}`]) {
      await assert.rejects(shop.refresh(cut), (error) => error.error === 'invalid_grant', cut)
      assert.deepEqual(await shop.introspect(cut), { active: false })
    }
    assert.equal((await shop.introspect(token)).active, true, 'nobody was logged out by that')
  })

  it('iss and aud of a token name this bank, and another bank takes none of it (CVE-2026-55669, CVE-2020-26160)', async () => {
    const other = await openBank()
    try {
      const stranger = await phone(other)
      assert.equal(jose.decodeJwt(tokens.access_token).iss, bank.issuer)
      assert.equal(jose.decodeJwt(tokens.access_token).aud, bank.issuer)
      stranger.keys = app.keys // even with the right key, at a bank that was begun from the same seed: the same signing keys
      const answer = await stranger.send('GET', '/v1/accounts', { token: tokens.access_token })
      assert.equal(answer.status, 401)
      assert.match(answer.headers.get('www-authenticate'), /invalid_token/)
    } finally { await other.close() }
  })
})

describe('group 8, rows 20-23: proofs', () => {
  const claims = async (more) => ({ htm: 'GET', htu: `${bank.issuer}/v1/accounts`, ath: sha256(tokens.access_token), nonce: app.nonce, ...more })
  const send = (dpop, authorization = `DPoP ${tokens.access_token}`) => ask(bank, 'GET', '/v1/accounts', { headers: { authorization, ...(dpop && { dpop }) } })
  const bad = async (dpop, name, wanted = 'invalid_dpop_proof') => {
    const answer = await send(dpop)
    assert.equal(answer.status, 401, `${name}: ${answer.text}`)
    assert.match(answer.headers.get('www-authenticate'), new RegExp(`^DPoP .*error="${wanted}"`), name)
  }
  before(async () => { await app.get('/v1/accounts') })

  it('missing, by another key, for another method, URL or token, off in time', async () => {
    const now = Math.floor(Date.now() / 1000)
    const other = await jose.generateKeyPair('ES256', { extractable: true })
    assert.equal((await send(await prove(app.keys, await claims()))).status, 200, 'the right one')
    await bad(undefined, 'missing')
    await bad(await prove(other, await claims()), "another's key")
    for (const [name, change] of Object.entries({
      'another method': { htm: 'POST' }, 'another case': { htm: 'get' }, 'another path': { htu: `${bank.issuer}/v1/transfers` }, 'another host': { htu: 'https://evil.example/v1/accounts' },
      'a query': { htu: `${bank.issuer}/v1/accounts?x=1` }, 'no htu': { htu: undefined }, 'no htm': { htm: undefined }, 'no jti': { jti: undefined }, 'an empty jti': { jti: '' },
      'a number for a jti': { jti: 7 }, 'no iat': { iat: undefined }, 'a wrong ath (Keycloak #38333)': { ath: sha256('other') }, 'no ath': { ath: undefined },
      'an hour late': { iat: now - 3600 }, 'an hour early': { iat: now + 3600 }, '61 s late': { iat: now - 62 }, 'a text for iat': { iat: 'now' },
    })) await bad(await prove(app.keys, await claims(change)), name)
  })

  it('wrong typ, alg, a private or symmetric jwk, no jwk, a point off the curve', async () => {
    const jwk = await jose.exportJWK(app.keys.publicKey)
    for (const [name, header] of Object.entries({
      'typ JWT': { typ: 'JWT' }, 'no typ': { typ: undefined }, 'no jwk': { jwk: undefined }, 'a private jwk': { jwk: await jose.exportJWK(app.keys.privateKey) },
      'a symmetric jwk': { jwk: { kty: 'oct', k: 'c2VjcmV0' } }, 'off the curve': { jwk: { ...jwk, y: jwk.x } }, 'another curve': { jwk: { ...jwk, crv: 'P-384' } },
      'a kid instead': { jwk: undefined, kid: '1' }, 'a crit': { crit: ['b64'], b64: true },
    })) {
      const proof = await prove(app.keys, await claims(), header).catch(async () => { // what the library does not sign is put together by hand
        const [, body, signature] = (await prove(app.keys, await claims())).split('.')
        return `${b64({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })}.${body}.${signature}`
      })
      await bad(proof, name)
    }
    const [, body] = (await prove(app.keys, await claims())).split('.')
    await bad(`${b64({ alg: 'none', typ: 'dpop+jwt', jwk })}.${body}.`, 'alg none')
    const hmac = `${b64({ alg: 'HS256', typ: 'dpop+jwt', jwk })}.${body}`
    await bad(`${hmac}.${createHmac('sha256', JSON.stringify(jwk)).update(hmac).digest('base64url')}`, 'HS256')
  })

  it('row 21: the same jti again', async () => {
    const proof = await prove(app.keys, await claims())
    assert.equal((await send(proof)).status, 200)
    await bad(proof, 'replayed')
    const jti = randomUUID()
    assert.equal((await send(await prove(app.keys, await claims({ jti })))).status, 200)
    await bad(await prove(app.keys, await claims({ jti })), 'signed anew, with the same jti')
    const at = await prove(app.keys, await claims())
    const statuses = await Promise.all(Array.from({ length: 20 }, () => send(at).then((answer) => answer.status)))
    assert.equal(statuses.filter((status) => status === 200).length, 1, 'twenty at once are one')
  })

  it('row 22: without the server nonce, or with an invented one', async () => {
    for (const nonce of [undefined, '', 'invented', `${app.nonce}x`]) {
      const answer = await send(await prove(app.keys, await claims({ nonce })))
      assert.equal(answer.status, 401)
      assert.match(answer.headers.get('www-authenticate'), /error="use_dpop_nonce"/)
      assert.ok(answer.headers.get('dpop-nonce'))
    }
  })

  it('two DPoP headers are none', async () => {
    const headers = new Headers({ authorization: `DPoP ${tokens.access_token}` })
    headers.append('dpop', await prove(app.keys, await claims()))
    headers.append('dpop', await prove(app.keys, await claims()))
    const answer = await fetch(`${bank.issuer}/v1/accounts`, { headers })
    assert.equal(answer.status, 401)
  })

  it('row 23: a bound token is no bearer token', async () => {
    for (const [authorization, dpop] of [
      [`Bearer ${tokens.access_token}`, undefined], [`Bearer ${tokens.access_token}`, await prove(app.keys, await claims())], [tokens.access_token, await prove(app.keys, await claims())],
      [`DPoP ${tokens.access_token} x`, await prove(app.keys, await claims())], ['Basic eDp4', undefined],
    ]) assert.equal((await send(dpop, authorization)).status, 401, authorization.slice(0, 12))
    const inQuery = await app.send('GET', `/v1/accounts?access_token=${tokens.access_token}`)
    assert.ok([400, 401].includes(inQuery.status))
  })

  it('a refresh wants its proof too (Keycloak #36475), and by its own key', async () => {
    const form = { grant_type: 'refresh_token', client_id: 'florin-app', refresh_token: tokens.refresh_token }
    assert.equal((await ask(bank, 'POST', '/oauth2/token', { form })).json.error, 'invalid_dpop_proof')
    const thief = await phone(bank)
    assert.equal((await thief.refresh(tokens.refresh_token)).json.error, 'invalid_grant')
    const kept = await app.refresh()
    assert.equal(kept.status, 200, 'a token that leaked does not log its owner out')
    tokens = app.tokens = kept.json
  })
})
