// Passkeys in a real browser: Chromium's virtual authenticator (the WebAuthn domain
// of its DevTools protocol) makes and uses them, navigator.credentials is its own.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { phone } from './app.js'
import { openBank } from './bank.js'
import { missing } from './chromium.js'
import { connect } from './shop.js'
import { half, heading, leaves, looksRight, next, person, press } from './sight.js'

let bank, shop

before(async () => {
  if (missing) return
  bank = await openBank({ host: 'localhost' }) // browsers give no passkey to an IP address
  shop = await connect(bank)
})
after(() => bank?.close())

/** An authenticator in the page's browser. */
async function authenticator({ page, context }, more = {}) {
  const cdp = await context.newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true, ...more },
  })
  return { cdp, authenticatorId, verified: (isUserVerified) => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }) }
}

/** Has the browser make a passkey for what the app was offered, and registers it. */
async function enrolPasskey(page, app, change = (options) => options) {
  const offer = await app.command('POST', '/v1/factors/passkeys')
  assert.equal(offer.status, 201, offer.text)
  await page.goto(`${bank.issuer}/account/devices`) // any page of the bank's origin
  const credential = await page.evaluate(async ({ publicKey }) => {
    const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) })
    return JSON.stringify(made.toJSON())
  }, change(offer.json.options))
  const { id: known, rawId, type, response: { clientDataJSON, attestationObject } } = JSON.parse(credential)
  const answer = await app.command('POST', `/v1/factors/${offer.json.factor_id}/attestation`,
    { credential: JSON.stringify({ id: known, rawId, type, clientExtensionResults: {}, response: { clientDataJSON, attestationObject } }) })
  return { id: known, answer }
}

/** Somebody with a phone, a browser and a passkey in it. */
async function owner(name) {
  const visit = await person(bank, {}, name)
  visit.app = await (await phone(bank)).login(visit.anna)
  visit.key = await authenticator(visit)
  visit.passkey = await enrolPasskey(visit.page, visit.app)
  assert.equal(visit.passkey.answer.status, 200, visit.passkey.answer.text)
  return visit
}

/** A client that has been tampered with: it alters what the page asks the authenticator. */
function tampered(page, change) {
  return page.addInitScript(`{ const get = navigator.credentials.get.bind(navigator.credentials)
    navigator.credentials.get = (options) => { (${change})(options.publicKey); return get(options) } }`)
}

/** The login page, as far as the question for a passkey. */
async function asked({ page, anna }) {
  await page.goto((await shop.push()).url.href)
  await half(page, anna)
  await press(page, 'Use a passkey or security key')
}

const use = (page) => next(page, () => page.getByRole('button', { name: 'Use a passkey', exact: true }).click())

async function refused({ page }) {
  await use(page)
  assert.match(await page.getByRole('alert').textContent(), /The login failed/)
  assert.equal(await heading(page), 'Log in', 'nobody is logged in')
}

describe('passkeys in Chromium', { skip: missing }, () => {
  it('one is enrolled, is listed, and logs in on the page, again and again', async () => {
    const visit = await owner()
    const { page } = visit
    const { factors } = (await visit.app.get('/v1/factors')).json
    assert.ok(factors.some((factor) => factor.type === 'passkey' && factor.status === 'active'), JSON.stringify(factors))
    for (const round of [1, 2]) { // its counter goes up, and the bank looks at it
      await asked(visit)
      if (round === 1) await looksRight(page, 'passkey')
      await use(page)
      assert.match(await heading(page), /^Allow access for shop Ltd\?/)
    }
    assert.ok((await leaves(page, 'Allow')).searchParams.get('code'))
    assert.deepEqual(visit.complaints, [])
    await visit.close()
  })

  it('group 11, CVE-2026-8830: one that did not verify its user is no factor, whatever the client asks of it', async () => {
    const visit = await owner()
    await tampered(visit.page, (options) => { if (!sessionStorage.getItem('honest')) options.userVerification = 'discouraged' })
    await visit.key.verified(false)
    await asked(visit)
    await refused(visit)
    await visit.key.verified(true)
    await visit.page.evaluate(() => sessionStorage.setItem('honest', 'yes'))
    await asked(visit)
    await use(visit.page)
    assert.match(await heading(visit.page), /^Allow access/, 'the same one is good when it has verified')
    await visit.close()
  })

  it('group 11: one that never verifies its user is not even enrolled', async () => {
    const visit = await person(bank)
    const app = await (await phone(bank)).login(visit.anna)
    await authenticator(visit, { hasUserVerification: false, isUserVerified: false, hasResidentKey: false })
    const made = await enrolPasskey(visit.page, app, ({ publicKey }) => ({
      publicKey: { ...publicKey, authenticatorSelection: { userVerification: 'discouraged', residentKey: 'discouraged' } },
    }))
    assert.equal(made.answer.status, 422, made.answer.text)
    const { factors } = (await app.get('/v1/factors')).json
    assert.ok(!factors.some((factor) => factor.type === 'passkey' && factor.status === 'active'))
    await visit.close()
  })

  it('group 11: another customer\'s passkey opens nothing', async () => {
    const anna = await owner('anna')
    const bert = await person(bank, {}, 'bert')
    bert.app = await (await phone(bank)).login(bert.anna)
    const { credentials } = await anna.key.cdp.send('WebAuthn.getCredentials', { authenticatorId: anna.key.authenticatorId })
    const key = await authenticator(bert)
    assert.equal((await enrolPasskey(bert.page, bert.app)).answer.status, 200)
    const { credentials: berts } = await key.cdp.send('WebAuthn.getCredentials', { authenticatorId: key.authenticatorId })
    for (const { credentialId } of berts) await key.cdp.send('WebAuthn.removeCredential', { authenticatorId: key.authenticatorId, credentialId })
    await key.cdp.send('WebAuthn.addCredential', { authenticatorId: key.authenticatorId, credential: { ...credentials[0], rpId: 'localhost' } })
    await tampered(bert.page, (options) => { options.allowCredentials = [] })
    await asked(bert)
    await refused(bert)
    await anna.close()
    await bert.close()
  })

  it('an answer to the question of another login is none', async () => {
    const visit = await owner()
    await tampered(visit.page, (options) => { options.challenge = new Uint8Array(32) })
    await asked(visit)
    await refused(visit)
    await visit.close()
  })

  it('one that was removed is no factor any more', async () => {
    const visit = await owner()
    const { factors } = (await visit.app.get('/v1/factors')).json
    const { factor_id: of } = factors.find((factor) => factor.type === 'passkey')
    await asked(visit)
    assert.equal((await visit.app.command('DELETE', `/v1/factors/${of}`)).status, 200)
    await refused(visit)
    await visit.close()
  })

  it('a browser without one says so, keeps the page, and the other ways go on', async () => {
    const visit = await owner()
    const { page } = visit
    await visit.key.cdp.send('WebAuthn.clearCredentials', { authenticatorId: visit.key.authenticatorId })
    await asked(visit)
    await page.getByRole('button', { name: 'Use a passkey', exact: true }).click()
    await page.getByText('The passkey was not used. Try again, or choose another way below.').waitFor()
    await press(page, 'Use your authenticator app')
    await page.locator('#otp').fill(visit.anna.otp())
    await press(page, 'Log in')
    assert.match(await heading(page), /^Allow access/)
    await visit.close()
  })
})
