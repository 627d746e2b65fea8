// The pages a person sees, in headless Chromium: with and without JavaScript, by
// keyboard alone, read aloud, small, large, dark, and attacked from another site.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { openBank } from './bank.js'
import { missing } from './chromium.js'
import { enrol } from './person.js'
import { connect } from './shop.js'
import { focused, looksRight, next, person, typed } from './sight.js'

let bank, shop

before(async () => {
  if (missing) return
  bank = await openBank({ host: 'localhost' })
  shop = await connect(bank)
})
after(() => bank?.close())

const payment = JSON.stringify([{ type: 'payment_initiation', instructedAmount: { amount: '1212.50', currency: 'EUR' }, creditorName: 'Garden & Sons <script>alert(1)</script>',
  creditorAccount: { iban: 'DE02100100109307118603' }, remittanceInformationUnstructured: 'Invoice 2026-117' }])
const asked = { scope: 'openid profile accounts.read payments.transfer', authorization_details: payment }

/** Visits every page in turn; see is called on each with its name. */
async function tour({ page, anna }, see) {
  const { url } = await shop.push(asked)
  await page.goto(url.href)
  await see('login')
  await page.getByLabel(/user name/i).fill((await enrol(bank, 'bert')).user) // each failure counts against a budget of its own
  await page.getByLabel('Password').fill('wrong')
  await next(page, () => page.keyboard.press('Enter'))
  await page.locator('#otp').fill('000000')
  await next(page, () => page.keyboard.press('Enter'))
  await see('login-failed')
  await typed(page, anna)
  await next(page, () => page.keyboard.press('Enter'))
  await see('code')
  await page.locator('#otp').fill(anna.otp())
  await next(page, () => page.keyboard.press('Enter'))
  await see('consent')
  await page.goto(`${bank.issuer}/oauth2/authorize?client_id=shop&request_uri=unknown`)
  await see('error')
}

describe('pages in Chromium', { skip: missing }, () => {
  for (const javaScriptEnabled of [true, false]) {
    describe(`with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, () => {
      it('login, second factor, consent and the way back, by keyboard alone', async () => {
        const visit = await person(bank, { javaScriptEnabled })
        const { page, anna } = visit
        const { url } = await shop.push(asked)
        await page.goto(url.href)
        await page.keyboard.type(anna.user) // the first field has the focus
        await page.keyboard.press('Tab')
        await page.keyboard.type(anna.password)
        await next(page, () => page.keyboard.press('Enter'))
        assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Confirm that it is you')
        await page.keyboard.type(anna.otp())
        await next(page, () => page.keyboard.press('Enter'))
        assert.match(await page.getByRole('heading', { level: 1 }).textContent(), /^Allow access for shop Ltd\?/)
        assert.ok(await page.getByText('Garden & Sons <script>alert(1)</script>').isVisible(), 'a third party\'s words are words')
        const allow = page.getByRole('button', { name: 'Allow', exact: true })
        for (let presses = 0; !(await focused(allow)); presses++) {
          assert.ok(presses < 20, 'the button can be reached')
          await page.keyboard.press('Tab')
        }
        const [back] = await Promise.all([page.waitForRequest((request) => request.url().startsWith('https://shop.example/callback')), page.keyboard.press('Enter')])
        const answer = new URL(back.url()).searchParams
        assert.ok(answer.get('code') && answer.get('state'))
        assert.equal(answer.get('iss'), bank.issuer)
        assert.deepEqual(visit.complaints, [])
        await visit.close()
      })

      it('whatever is wrong is said first, takes the focus, and leads to its field', async () => {
        const visit = await person(bank, { javaScriptEnabled })
        await tour(visit, async (name) => {
          if (name !== 'login-failed') return
          const { page } = visit
          assert.match(await page.title(), /^Error: /)
          const alert = page.getByRole('alert')
          assert.ok(await focused(alert), 'a screen reader begins there')
          for (const label of [/user name/i, 'Password']) {
            const field = page.getByLabel(label)
            assert.equal(await field.getAttribute('aria-invalid'), 'true')
            assert.equal(await page.locator(`#${await field.getAttribute('aria-describedby')}`).getAttribute('role'), 'alert')
            assert.equal(await field.inputValue(), '', 'nothing that was typed comes back')
          }
          await page.keyboard.press('Tab')
          await page.keyboard.press('Enter')
          await page.keyboard.type('x')
          assert.equal(await page.getByLabel(/user name/i).inputValue(), 'x', 'the link leads to the field')
          await page.getByLabel(/user name/i).fill('')
        })
        assert.deepEqual(visit.complaints, [])
        await visit.close()
      })

      it('a no goes back to the client', async () => {
        const visit = await person(bank, { javaScriptEnabled })
        await visit.page.goto((await shop.push()).url.href)
        const [back] = await Promise.all([visit.page.waitForRequest((request) => request.url().startsWith('https://shop.example/')),
          visit.page.getByRole('button', { name: /cancel/i }).click()])
        assert.equal(new URL(back.url()).searchParams.get('error'), 'access_denied')
        assert.deepEqual(visit.complaints, [])
        await visit.close()
      })
    })
  }

  const looks = {
    desk: {}, dark: { colorScheme: 'dark' }, phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 },
    'phone-dark': { viewport: { width: 360, height: 740 }, colorScheme: 'dark' },
    'zoom-200': { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }, 'zoom-400': { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 },
    forced: { forcedColors: 'active' },
  }
  for (const [look, options] of Object.entries(looks)) {
    it(`${look}: axe finds nothing, nothing is cut off, targets are large enough`, async () => {
      const visit = await person(bank, options)
      const { page } = visit
      await tour(visit, (name) => looksRight(page, name, look))
      assert.deepEqual(visit.complaints, [])
      await visit.close()
    })
  }

  it('tab goes through the login as it is read, and the focus can be seen', async () => {
    const visit = await person(bank)
    const { page } = visit
    await page.goto((await shop.push()).url.href)
    const seen = []
    for (let n = 0; n < 8; n++) {
      const at = await page.evaluate(() => {
        const e = document.activeElement
        const { outlineStyle, outlineWidth } = getComputedStyle(e)
        return { what: e.id || e.textContent.trim(), drawn: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, out: e === document.body }
      })
      if (at.out) break
      assert.ok(at.drawn, `${at.what} shows that it has the focus`)
      seen.push(at.what)
      await page.keyboard.press('Tab')
    }
    assert.deepEqual(seen.slice(0, 3), ['username', 'password', 'Continue'])
    assert.match(seen.at(-1), /^Cancel and go back/)
    await visit.close()
  })

  it('password managers and phones know the fields', async () => {
    const visit = await person(bank)
    const fields = {}
    await tour(visit, async () => {
      for (const input of await visit.page.locator('input:not([type=hidden])').all()) fields[await input.getAttribute('id')] = [await input.getAttribute('autocomplete'), await input.getAttribute('inputmode')]
    })
    assert.deepEqual(fields, { username: ['username', null], password: ['current-password', null], otp: ['one-time-code', 'numeric'] })
    await visit.close()
  })
})

describe('pages under attack', { skip: missing }, () => {
  let evil, site
  before(async () => {
    if (missing) return
    let html = ''
    evil = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html))
    await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve))
    site = { url: `http://127.0.0.1:${evil.address().port}/`, show: (text) => { html = text } } // another site than localhost
  })
  after(() => evil?.close())

  it('row 45: another site cannot post a form, with all its fields known, in the victim\'s browser', async () => {
    const visit = await person(bank)
    const { page, context } = visit
    await page.goto((await shop.push()).url.href)
    const fields = await page.locator('form input[type=hidden]').evaluateAll((inputs) => inputs.map((i) => [i.name, i.value]))
    const inputs = [...fields, ['decision', 'deny']].map(([name, value]) => `<input name="${name}" value="${value}">`).join('')
    site.show(`<form method="post" action="${bank.issuer}/oauth2/authorize">${inputs}</form><script>document.forms[0].submit()</script>`)
    const tab = await context.newPage()
    const [answer] = await Promise.all([tab.waitForResponse((response) => response.url().startsWith(bank.issuer)), tab.goto(site.url).catch(() => {})])
    assert.equal(answer.status(), 403)
    const [back] = await Promise.all([page.waitForRequest((request) => request.url().startsWith('https://shop.example/')), page.getByRole('button', { name: /cancel/i }).click()])
    assert.ok(back, 'the victim\'s own page still works: nothing was answered for them')
    await visit.close()
  })

  it('another site cannot read, frame or script a page', async () => {
    const visit = await person(bank)
    const { url } = await shop.push()
    site.show(`<iframe id="f" src="${url.href}"></iframe><script>
      globalThis.read = fetch(${JSON.stringify(url.href)}, { credentials: 'include' }).then((r) => r.text()).catch(() => 'refused')
      globalThis.win = window.open(${JSON.stringify(url.href)})</script>`)
    const answers = []
    visit.page.on('response', (response) => { if (response.url().startsWith(bank.issuer)) answers.push(response.status()) })
    await visit.page.goto(site.url)
    assert.equal(await visit.page.evaluate(() => globalThis.read), 'refused')
    assert.ok(answers.length > 0 && answers.every((status) => status === 403), `framed and fetched: ${answers}`)
    await visit.close()
  })

  it('the policy lets nothing in: no inline script, no handler, no style, no picture, no base, no plug-in', async () => {
    const visit = await person(bank)
    const { page } = visit
    await page.goto((await shop.push()).url.href)
    await page.evaluate(() => {
      document.body.insertAdjacentHTML('beforeend', '<img src="/x" onerror="globalThis.hacked = 1"><base href="https://evil.example/"><style>body { color: red }</style>')
      const script = document.body.appendChild(document.createElement('script'))
      script.textContent = 'globalThis.hacked = 1'
    })
    await page.waitForFunction(() => true)
    assert.equal(await page.evaluate(() => globalThis.hacked), undefined)
    assert.ok(visit.complaints.length >= 3, 'each was refused by the policy')
    await visit.close()
  })

  it('nothing of a page is kept: the way back after an answer shows an error, not the consent', async () => {
    const visit = await person(bank)
    const { page, anna } = visit
    const { url } = await shop.push()
    await page.goto(url.href)
    await typed(page, anna)
    await next(page, () => page.keyboard.press('Enter'))
    await page.locator('#otp').fill(anna.otp())
    await next(page, () => page.keyboard.press('Enter'))
    await Promise.all([page.waitForRequest((request) => request.url().startsWith('https://shop.example/')), page.getByRole('button', { name: 'Do not allow' }).click()])
    const later = await visit.context.newPage() // the other tab is on its way to the client
    await later.goto(url.href)
    assert.match(await later.getByRole('heading', { level: 1 }).textContent(), /cannot be continued/)
    await visit.close()
  })
})
