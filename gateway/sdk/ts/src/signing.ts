// What is signed, and how: ES256 on WebCrypto, and nothing else. The bytes are held
// against schemas/vectors, which every client in any language can be held against.

/** A public EC key as a proof carries it (RFC 7517). */
export interface PublicJWK { kty: 'EC'; crv: 'P-256'; x: string; y: string }

/** A key pair with its public half as the bank knows it. */
export interface Key { privateKey: CryptoKey; jwk: PublicJWK; thumbprint: string }

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const
const utf8 = new TextEncoder()

/** Makes a key pair whose private half cannot be read by anybody, this program included. */
export async function generateKey(): Promise<Key> {
  const pair = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  return keyOf(pair.privateKey, await crypto.subtle.exportKey('jwk', pair.publicKey))
}

/** A key that is there already, such as one that was kept in IndexedDB. */
export async function keyOf(privateKey: CryptoKey, { x, y }: JsonWebKey): Promise<Key> {
  if (!x || !y) throw new TypeError('not a public key of P-256')
  const jwk: PublicJWK = { kty: 'EC', crv: 'P-256', x, y }
  return { privateKey, jwk, thumbprint: await thumbprint(jwk) }
}

/** The JWK's thumbprint (RFC 7638). */
export async function thumbprint({ crv, kty, x, y }: PublicJWK): Promise<string> {
  return base64url(await sha256(JSON.stringify({ crv, kty, x, y })))
}

/** The value of Content-Digest over the exact bytes of a body (RFC 9530). */
export async function contentDigest(body: string | Uint8Array): Promise<string> {
  return `sha-256=:${btoa(String.fromCharCode(...await sha256(body)))}:`
}

/** The hash of an access token that a proof carries (RFC 9449 section 4.2). */
export async function accessTokenHash(token: string): Promise<string> {
  return base64url(await sha256(token))
}

/** What the signature of a compact JWS covers (RFC 7515 section 5.1). */
export function signingInput(header: object, claims: object): string {
  return `${base64url(utf8.encode(JSON.stringify(header)))}.${base64url(utf8.encode(JSON.stringify(claims)))}`
}

/** A compact JWS. Its header carries the key, but where the bank knows it already ("bare"). */
export async function sign(key: Key, typ: string, claims: object, bare = false): Promise<string> {
  const input = signingInput(bare ? { alg: 'ES256', typ } : { alg: 'ES256', typ, jwk: key.jwk }, claims)
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, utf8.encode(input))
  return `${input}.${base64url(new Uint8Array(signature))}`
}

/** Whether a compact JWS was signed by this key. */
export async function verify(jws: string, jwk: PublicJWK): Promise<boolean> {
  const [header, claims, signature] = jws.split('.')
  if (header === undefined || claims === undefined || signature === undefined) return false
  const key = await crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }, algorithm, false, ['verify'])
  return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, unbase64url(signature), utf8.encode(`${header}.${claims}`))
}

/** What a proof is about. */
export interface Proven {
  method: string
  url: string // without query and fragment
  issuedAt: number // seconds
  nonce?: string | undefined // of the bank's last answer
  accessToken?: string | undefined
  signed?: { body: string; idempotencyKey: string } | undefined // of a signed request
}

/** A DPoP proof (RFC 9449). On a signed request it covers the body's bytes and the Idempotency-Key too. */
export async function proof(key: Key, about: Proven): Promise<string> {
  const claims: Record<string, string | number> = { jti: crypto.randomUUID(), htm: about.method, htu: about.url, iat: about.issuedAt }
  if (about.accessToken !== undefined) claims['ath'] = await accessTokenHash(about.accessToken)
  if (about.nonce !== undefined) claims['nonce'] = about.nonce
  if (about.signed !== undefined) {
    claims['content_digest'] = await contentDigest(about.signed.body)
    claims['idempotency_key'] = about.signed.idempotencyKey
  }
  return sign(key, 'dpop+jwt', claims)
}

/** The registration of a device: its key, and the key behind the owner's biometrics, which countersigns. */
export async function registration(device: Key, sca: Key, about: { issuer: string; nonce: string; issuedAt: number; phone: Record<string, string> }): Promise<string> {
  const { issuer: aud, nonce, issuedAt: iat } = about
  return sign(device, 'florin-device+jwt', {
    aud, nonce, iat, exp: iat + 120, ...about.phone, attestation: { format: 'none' }, sca_jwk: sca.jwk,
    sca_proof: await sign(sca, 'florin-sca+jwt', { aud, nonce, iat, jkt: device.thumbprint }),
  })
}

/** The customer's consent to what was displayed, verbatim (PSD2 dynamic linking). */
export async function consent(sca: Key, display: object, issuedAt: number): Promise<string> {
  return sign(sca, 'florin-txn+jwt', { ...display, iat: issuedAt, jti: crypto.randomUUID() }, true)
}

export async function sha256(text: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof text === 'string' ? utf8.encode(text) : text
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

function unbase64url(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}
