// The bank's own app on a phone: two keys, a DPoP proof with every request (the
// npm package dpop), and signatures over what moves money.

import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import * as DPoP from 'dpop'
import * as jose from 'jose'
import { ask } from './bank.js'

export const clientID = 'florin-app'
export const scopes = 'openid profile accounts.read accounts.write payments.read payments.transfer devices.manage factors.manage'

const base64url = (bytes) => Buffer.from(bytes).toString('base64url')
export const sha256 = (text, encoding = 'base64url') => createHash('sha256').update(text).digest(encoding)
export const contentDigest = (body) => `sha-256=:${sha256(body, 'base64')}:`

/** A PKCE verifier, and what is pushed of it. */
export function pkce() {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)))
  return { verifier, challenge: sha256(verifier) }
}

/** A DPoP proof by hand, for those that no library would make. */
export async function prove(keys, claims, header = {}) {
  return new jose.SignJWT({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await jose.exportJWK(keys.publicKey), ...header })
    .sign(keys.privateKey)
}

/** A phone with new keys, registered as a device. */
export async function phone(bank) {
  const app = new App(bank, await DPoP.generateKeyPair('ES256', { extractable: true }), await DPoP.generateKeyPair('ES256'))
  await app.register()
  return app
}

export class App {
  constructor(bank, keys, sca) {
    Object.assign(this, { bank, keys, sca, nonce: undefined, tokens: undefined })
  }

  /** The jkt of the device key. */
  get thumbprint() { return DPoP.calculateThumbprint(this.keys.publicKey) }

  proof(method, path, token, claims) {
    return DPoP.generateProof(this.keys, this.bank.issuer + path.split('?')[0], method, this.nonce, token, claims)
  }

  /** One request with a proof, made anew when the server asks for its nonce. */
  async send(method, path, { token, claims, headers = {}, ...body } = {}) {
    for (let first = true; ; first = false) {
      const dpop = await this.proof(method, path, token, claims)
      const answer = await ask(this.bank, method, path, { headers: { dpop, ...(token && { authorization: `DPoP ${token}` }), ...headers }, ...body })
      this.nonce = answer.headers.get('dpop-nonce') ?? this.nonce
      const code = answer.json?.error ?? answer.json?.code
      if (!first || !['use_dpop_nonce', 'use-dpop-nonce'].includes(code)) return answer
    }
  }

  /** A read with the access token. */
  get(path) { return this.send('GET', path, { token: this.tokens.access_token }) }

  /** A signed command: the proof covers body and idempotency key. */
  command(method, path, content, key = randomUUID()) {
    const body = content === undefined ? '' : JSON.stringify(content)
    return this.send(method, path, {
      token: this.tokens.access_token, claims: { content_digest: contentDigest(body), idempotency_key: key },
      headers: { 'idempotency-key': key, ...(body && { 'content-type': 'application/json' }) }, body: body || undefined,
    })
  }

  async statement(keys, typ, claims, header = {}) {
    return new jose.SignJWT({ aud: this.bank.issuer, iat: Math.floor(Date.now() / 1000), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ, ...header }).sign(keys.privateKey)
  }

  async register() {
    const { nonce } = (await ask(this.bank, 'POST', '/v1/devices/challenge')).json
    const publicKeys = { device: await jose.exportJWK(this.keys.publicKey), sca: await jose.exportJWK(this.sca.publicKey) }
    const proof = await this.statement(this.sca, 'florin-sca+jwt', { nonce, jkt: await this.thumbprint }, { jwk: publicKeys.sca })
    const registration = await this.statement(this.keys, 'florin-device+jwt', {
      nonce, exp: Math.floor(Date.now() / 1000) + 120, platform: 'simulator', os: 'TestOS 1', model: 'Acceptance', app_version: '1.0.0',
      fingerprint: 'acceptance', attestation: { format: 'none' }, sca_jwk: publicKeys.sca, sca_proof: proof,
    }, { jwk: publicKeys.device })
    const answer = await this.send('POST', '/v1/devices', { json: { registration } })
    assert.equal(answer.status, 201, answer.text)
    this.device = answer.json.device_id
  }

  /** One step of the native login. */
  challenge(form) { return this.send('POST', '/oauth2/challenge', { form }) }

  /** The first step: who, and what is asked for. */
  begin(user, password, more = {}) {
    this.pkce = pkce()
    return this.challenge({ client_id: clientID, response_type: 'code', scope: scopes, code_challenge: this.pkce.challenge, code_challenge_method: 'S256',
      username: user, password, ...more })
  }

  /** Password and one-time password, up to the code. */
  async code(person) {
    let answer = await this.begin(person.user, person.password)
    if (answer.json.error === 'insufficient_authorization') answer = await this.challenge({ auth_session: answer.json.auth_session, otp: person.otp() })
    assert.equal(answer.status, 200, answer.text)
    return answer.json.authorization_code
  }

  redeem(code, verifier = this.pkce.verifier) {
    return this.send('POST', '/oauth2/token', { form: { grant_type: 'authorization_code', client_id: clientID, code, code_verifier: verifier } })
  }

  async login(person) {
    const answer = await this.redeem(await this.code(person))
    assert.equal(answer.status, 200, answer.text)
    this.tokens = answer.json
    return this
  }

  refresh(token = this.tokens.refresh_token, key) {
    return this.send('POST', '/oauth2/token', { form: { grant_type: 'refresh_token', client_id: clientID, refresh_token: token }, headers: key ? { 'idempotency-key': key } : {} })
  }

  /** An account with money, as anybody may make in a sandbox. */
  async account(amount) {
    const opened = await this.command('POST', '/v1/accounts', { currency: 'EUR' })
    assert.equal(opened.status, 201, opened.text)
    const id = opened.json.account
    if (amount) assert.equal((await this.command('POST', '/v1/deposits', { to: id, amount, currency: 'EUR' })).status, 201)
    return id
  }

  /** Answers what this phone is asked to approve, with the key behind the fingerprint. */
  async decide(decision, number) {
    const { approvals: [asked] } = (await this.get('/v1/approvals')).json
    assert.ok(asked, 'something waits for this phone')
    const approval = await this.statement(this.sca, 'florin-approval+jwt', { ...asked.display, decision, number, jti: randomUUID() })
    return this.command('POST', `/v1/approvals/${asked.approval_id}`, { approval })
  }

  /** Signs what a challenge displays; change alters it. */
  agree(challenge, change = {}, keys = this.sca) {
    return this.statement(keys, 'florin-txn+jwt', { ...challenge.display, jti: randomUUID(), ...change })
  }

  async recoveryCodes() {
    const made = await this.command('POST', '/v1/factors/recovery-codes')
    assert.equal(made.status, 201, made.text)
    return made.json.codes
  }

  /** Shows the code that was sent to a contact: from then on codes to log in with go there. */
  async verify(contact) {
    const before = this.bank.letters('contact-code').length
    assert.equal((await this.command('PATCH', '/v1/customers/me', contact)).status, 202)
    const [code] = /\b\d{6}\b/.exec((await this.bank.letter('contact-code', before)).text)
    assert.equal((await this.command('PATCH', '/v1/customers/me', { ...contact, code })).status, 200)
  }

  async balance(id) { return (await this.get(`/v1/accounts/${id}`)).json.balance }
}
