// A third party: openid-client under the FAPI 2.0 Security Profile
// (private_key_jwt, PAR, PKCE, DPoP), as a developer out there would write it.

import * as jose from 'jose'
import * as oidc from 'openid-client'
import { callback, usual } from './bank.js'
import { Visitor } from './person.js'

/** Connects a third party by discovery. change alters its assertions. */
export async function connect(bank, id = 'shop', change, algorithm = 'ES256') {
  const key = await jose.importJWK(bank.keys[id], 'ES256')
  const auth = oidc.PrivateKeyJwt({ key, kid: bank.keys[id].kid }, change && { [oidc.modifyAssertion]: change })
  const config = await oidc.discovery(new URL(bank.issuer), id, { client_id: id, id_token_signed_response_alg: algorithm }, auth,
    { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] }) // plain HTTP, on loopback alone
  return new Shop(bank, id, config, await oidc.randomDPoPKeyPair('ES256', { extractable: true }))
}

export class Shop {
  constructor(bank, id, config, keys) {
    Object.assign(this, { bank, id, config, keys, redirect: callback(id), DPoP: oidc.getDPoPHandle(config, keys) })
  }

  /** The same client on another machine: another DPoP key. */
  async elsewhere() {
    return new Shop(this.bank, this.id, this.config, await oidc.randomDPoPKeyPair('ES256', { extractable: true }))
  }

  /** Pushes a request. The answer is where to lead the customer to, and what to check afterwards. */
  async push(more = {}) {
    const verifier = oidc.randomPKCECodeVerifier()
    const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true }
    const url = await oidc.buildAuthorizationUrlWithPAR(this.config, {
      redirect_uri: this.redirect, scope: usual(this.id), state: checks.expectedState, nonce: checks.expectedNonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
    }, { DPoP: this.DPoP })
    return { url, checks }
  }

  /** The customer's way through the pages, to the redirect with the code. */
  async consent(person, { url }) {
    const visitor = new Visitor(this.bank)
    await visitor.open(url)
    await visitor.login(person)
    await visitor.allow()
    return visitor.back()
  }

  exchange(back, checks) {
    return oidc.authorizationCodeGrant(this.config, back, checks, undefined, { DPoP: this.DPoP })
  }

  /** Everything at once: tokens for a customer who agrees. */
  async tokens(person, more) {
    const pushed = await this.push(more)
    return this.exchange(await this.consent(person, pushed), pushed.checks)
  }

  /** Has the customer asked on the phone (CIBA): what to poll with. */
  begin(hint, more = {}) {
    return oidc.initiateBackchannelAuthentication(this.config, { login_hint: hint, scope: 'openid accounts.read', ...more })
  }

  /** Asks for the answer as often as it may, until there is one. */
  poll(asked, signal = AbortSignal.timeout(60_000)) {
    return oidc.pollBackchannelAuthenticationGrant(this.config, asked, undefined, { DPoP: this.DPoP, signal })
  }

  refresh(token) { return oidc.refreshTokenGrant(this.config, token, undefined, { DPoP: this.DPoP }) }
  revoke(token) { return oidc.tokenRevocation(this.config, token) }
  introspect(token) { return oidc.tokenIntrospection(this.config, token) }
  userinfo(token, subject) { return oidc.fetchUserInfo(this.config, token, subject, { DPoP: this.DPoP }) }
  get(token, path) { return oidc.fetchProtectedResource(this.config, token, new URL(path, this.bank.issuer), 'GET', undefined, undefined, { DPoP: this.DPoP }) }
}
