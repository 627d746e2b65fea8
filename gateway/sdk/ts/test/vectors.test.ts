// The vectors of schemas/vectors: the same bytes as every other client makes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as signing from '../src/signing.js'

const vector = (name: string) => JSON.parse(readFileSync(new URL(`../../../../../schemas/vectors/${name}.json`, import.meta.url), 'utf8'))

interface Signed { key: signing.PublicJWK & { d: string }; jkt: string; header: { typ: string; jwk?: object }; claims: Record<string, unknown>; signing_input: string; jws: string }

const names = ['dpop-proof', 'signed-request', 'registration', 'sca-counter-signature', 'consent']

async function held({ key }: Signed): Promise<signing.Key> {
  const held = await crypto.subtle.importKey('jwk', { ...key }, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  return signing.keyOf(held, key)
}

for (const name of names) {
  test(`${name}: thumbprint, signing input, signature`, async () => {
    const v: Signed = vector(name)
    const key = await held(v)
    assert.equal(key.thumbprint, v.jkt)
    assert.equal(signing.signingInput(v.header, v.claims), v.signing_input)
    assert.ok(await signing.verify(v.jws, v.key))
    const ours = await signing.sign(key, v.header.typ, v.claims, v.header.jwk === undefined)
    assert.equal(ours.slice(0, ours.lastIndexOf('.')), v.signing_input, 'our header and claims are the same bytes')
    assert.ok(await signing.verify(ours, v.key))
  })

  test(`${name}: whatever is changed, the signature is another's`, async () => {
    const v: Signed = vector(name)
    const [header, , signature] = v.jws.split('.')
    for (const claim of Object.keys(v.claims)) {
      const claims = signing.base64url(new TextEncoder().encode(JSON.stringify({ ...v.claims, [claim]: 'changed' })))
      assert.equal(await signing.verify(`${header}.${claims}.${signature}`, v.key), false, claim)
    }
    const other: Signed = vector(name === 'consent' || name.startsWith('sca') ? 'dpop-proof' : 'consent')
    assert.equal(await signing.verify(v.jws, other.key), false)
    assert.equal(await signing.verify(v.signing_input, v.key), false)
  })
}

test('digests', async () => {
  for (const { body, content_digest } of vector('content-digest')) assert.equal(await signing.contentDigest(body), content_digest)
  const { text, sha256 } = vector('statement')
  assert.equal(signing.base64url(await signing.sha256(text)), sha256)
  assert.equal(await signing.accessTokenHash('the access token'), (vector('signed-request') as Signed).claims['ath'])
})

test('a signed request is what its vector is, but for jti', async () => {
  const v: Signed = vector('signed-request')
  const body: string = vector('content-digest')[0].body
  const made = await signing.proof(await held(v), {
    method: 'POST', url: 'https://bank.example/v1/transfers', issuedAt: v.claims['iat'] as number, nonce: 'server-nonce',
    accessToken: 'the access token', signed: { body, idempotencyKey: 'key-1' },
  })
  const claims = JSON.parse(Buffer.from(made.split('.')[1] ?? '', 'base64url').toString())
  assert.deepEqual({ ...claims, jti: 'proof-2' }, v.claims)
  assert.notEqual(claims.jti, 'proof-2')
})

test('a new key gives nothing away', async () => {
  const key = await signing.generateKey()
  await assert.rejects(crypto.subtle.exportKey('jwk', key.privateKey))
  assert.ok(await signing.verify(await signing.sign(key, 'x', {}), key.jwk))
})
