// "Real clients" of identity.md: a stock client walks every flow of the provider.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { openBank } from './bank.js'
import { enrol, Visitor } from './person.js'
import { connect } from './shop.js'

let bank, shop

before(async () => { bank = await openBank(); shop = await connect(bank) })
after(() => bank.close())

describe('openid-client, as a FAPI 2.0 third party', () => {
  it('discovers the provider under its exact issuer, and keys with ids', async () => {
    const server = shop.config.serverMetadata()
    assert.equal(server.issuer, bank.issuer)
    assert.equal(server.require_pushed_authorization_requests, true)
    assert.deepEqual(server.code_challenge_methods_supported, ['S256'])
    const { keys } = await (await fetch(server.jwks_uri)).json()
    assert.ok(keys.length > 0 && keys.every((key) => key.kid && ['ES256', 'RS256'].includes(key.alg) && key.use === 'sig' && !('d' in key)))
    await assert.rejects(oidc.discovery(new URL(bank.issuer.replace('127.0.0.1', 'localhost')), 'shop', undefined, oidc.None(),
      { execute: [oidc.allowInsecureRequests] }), 'another name is another issuer')
  })

  it('walks code + PKCE + PAR + DPoP, and reads who it is', async () => {
    const anna = await enrol(bank)
    const pushed = await shop.push()
    assert.match(pushed.url.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:/)
    assert.deepEqual([...pushed.url.searchParams.keys()].sort(), ['client_id', 'request_uri'], 'nothing else goes through the browser')
    const back = await shop.consent(anna, pushed)
    assert.equal(back.origin + back.pathname, shop.redirect)
    assert.equal(back.searchParams.get('iss'), bank.issuer)
    assert.equal(back.searchParams.get('state'), pushed.checks.expectedState)
    const tokens = await shop.exchange(back, pushed.checks)
    assert.equal(tokens.token_type, 'dpop')
    const identity = tokens.claims()
    assert.equal(identity.sub, anna.customer)
    assert.equal(identity.aud, 'shop')
    assert.equal(identity.acr, 'urn:florin:acr:mfa')
    const access = jose.decodeJwt(tokens.access_token)
    assert.equal(jose.decodeProtectedHeader(tokens.access_token).typ, 'at+jwt')
    assert.equal(access.cnf.jkt, await jose.calculateJwkThumbprint(await jose.exportJWK(shop.keys.publicKey)))
    assert.equal(access.exp - access.iat, 300)
    for (const claim of ['user_id', 'risk_score', 'auth_strength', 'auth_time', 'sid', 'jti', 'client_id', 'scope']) assert.ok(claim in access, claim)

    const info = await shop.userinfo(tokens.access_token, identity.sub)
    assert.equal(info.name, 'Anna Example')
    assert.equal((await shop.get(tokens.access_token, '/v1/accounts')).status, 200)
  })

  it('has its ID tokens by RS256 if it asked for that, and no other is taken', async () => {
    const anna = await enrol(bank)
    const elder = await connect(bank, 'elder', undefined, 'RS256')
    const tokens = await elder.tokens(anna)
    assert.equal(jose.decodeProtectedHeader(tokens.id_token).alg, 'RS256')
    assert.equal(jose.decodeProtectedHeader(tokens.access_token).alg, 'ES256')
    assert.equal(tokens.claims().sub, anna.customer)
    assert.equal((await elder.get(tokens.access_token, '/v1/accounts')).status, 200)
    await assert.rejects((await connect(bank, 'shop', undefined, 'RS256')).tokens(anna), 'a client that has not asked')
    await assert.rejects((await connect(bank, 'elder')).tokens(anna), 'one that forgot that it has')
  })

  it('is asked for a server nonce at the provider (400) and at a resource (401), and goes on by itself', async () => {
    const anna = await enrol(bank)
    const tokens = await shop.tokens(anna)
    const fresh = await connect(bank) // it knows no nonce yet
    const seen = []
    fresh.config[oidc.customFetch] = async (url, options) => {
      const response = await fetch(url, options)
      seen.push([response.status, new URL(url).pathname, !!response.headers.get('dpop-nonce')])
      return response
    }
    await fresh.push()
    assert.deepEqual(seen.splice(0), [[400, '/oauth2/par', true], [201, '/oauth2/par', true]])
    const same = oidc.getDPoPHandle(fresh.config, shop.keys)
    await oidc.fetchUserInfo(fresh.config, tokens.access_token, anna.customer, { DPoP: same })
    assert.deepEqual(seen.splice(0).map(([status]) => status), [401, 200])
  })

  it('refreshes, and the new tokens are good', async () => {
    const anna = await enrol(bank)
    const first = await shop.tokens(anna)
    const second = await shop.refresh(first.refresh_token)
    assert.notEqual(second.refresh_token, first.refresh_token)
    assert.equal((await shop.userinfo(second.access_token, anna.customer)).sub, anna.customer)
    const again = await shop.refresh(first.refresh_token)
    assert.equal(again.refresh_token, second.refresh_token, 'an answer that was lost is given again (FAPI 2.0 5.3.2.1-9)')
  })

  it('introspects its own tokens', async () => {
    const anna = await enrol(bank)
    const tokens = await shop.tokens(anna)
    const access = await shop.introspect(tokens.access_token)
    assert.equal(access.active, true)
    assert.equal(access.token_type, 'DPoP')
    assert.equal(access.sub, anna.customer)
    assert.equal(access.client_id, 'shop')
    assert.equal(access.cnf.jkt, jose.decodeJwt(tokens.access_token).cnf.jkt)
    assert.equal((await shop.introspect(tokens.refresh_token)).active, true)
    const other = await connect(bank, 'other')
    for (const token of [tokens.access_token, tokens.refresh_token, 'nonsense']) {
      assert.deepEqual(await other.introspect(token), { active: false }, "another's token is like one that never was")
    }
  })

  it('revokes, and it bites at once', async () => {
    for (const kind of ['refresh_token', 'access_token']) {
      const anna = await enrol(bank)
      const tokens = await shop.tokens(anna)
      const other = await connect(bank, 'other')
      await other.revoke(tokens[kind])
      assert.equal((await shop.introspect(tokens.access_token)).active, true, "another's token means nothing")
      await shop.revoke(tokens[kind])
      await assert.rejects(shop.userinfo(tokens.access_token, anna.customer), (error) => error.status === 401)
      await assert.rejects(shop.refresh(tokens.refresh_token), (error) => error.error === 'invalid_grant')
      assert.deepEqual(await shop.introspect(tokens.access_token), { active: false })
      await shop.revoke(tokens[kind])
      await shop.revoke('nonsense')
    }
  })

  it('gets a payment agreed to (RAR), shown to the customer as it was pushed', async () => {
    const anna = await enrol(bank)
    const payment = [{ type: 'payment_initiation', instructedAmount: { amount: '12.50', currency: 'EUR' }, creditorName: 'Garden & Sons <b>',
      creditorAccount: { iban: 'DE02100100109307118603' }, remittanceInformationUnstructured: 'Ref 17' }]
    const pushed = await shop.push({ scope: 'openid payments.transfer', authorization_details: JSON.stringify(payment) })
    const visitor = await new Visitor(bank).open(pushed.url)
    assert.ok(!visitor.page.includes('Garden'), 'nothing of it is shown to who has not logged in')
    await visitor.login(anna)
    const words = visitor.words(visitor.document)
    for (const shown of ['12.50', 'EUR', 'Garden & Sons <b>', 'DE02100100109307118603', 'Ref 17']) assert.ok(words.includes(shown), shown)
    await visitor.allow()
    const tokens = await shop.exchange(visitor.back(), pushed.checks)
    assert.deepEqual(tokens.authorization_details, payment)
    assert.deepEqual(jose.decodeJwt(tokens.access_token).authorization_details, payment)
  })

  it('is told of a no, with state and iss', async () => {
    const pushed = await shop.push()
    const visitor = await new Visitor(bank).open(pushed.url)
    await visitor.deny()
    await assert.rejects(shop.exchange(visitor.back(), pushed.checks), (error) => error.error === 'access_denied')
  })

  it('is told in one step that its customer must be strongly authenticated anew (RFC 9470) or lacks a scope', async () => {
    const anna = await enrol(bank)
    const tokens = await shop.tokens(anna)
    const refused = await shop.get(tokens.access_token, '/v1/devices').then((r) => [r.status, r.headers.get('www-authenticate')],
      (error) => [error.status, error.response?.headers.get('www-authenticate')])
    assert.equal(refused[0], 403)
    assert.match(refused[1], /^DPoP .*error="insufficient_scope"/)
  })
})

describe('openid-client, as a machine of the bank', () => {
  it('gets a token for itself by client_credentials and private_key_jwt, and audits with it', async () => {
    const key = await jose.importPKCS8(bank.pem, 'ES256')
    const config = await oidc.discovery(new URL(bank.issuer), bank.auditor, undefined, oidc.PrivateKeyJwt(key), { execute: [oidc.allowInsecureRequests] })
    const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair())
    const tokens = await oidc.clientCredentialsGrant(config, { scope: 'audit.read' }, { DPoP })
    assert.equal(tokens.refresh_token, undefined)
    const events = await oidc.fetchProtectedResource(config, tokens.access_token, new URL('/v1/audit/events?limit=5', bank.issuer), 'GET', undefined, undefined, { DPoP })
    assert.equal(events.status, 200)
    await assert.rejects(oidc.clientCredentialsGrant(config, { scope: 'ledger.post' }, { DPoP }), (error) => error.error === 'invalid_scope')
  })
})
