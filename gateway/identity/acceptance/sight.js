// A person at a browser, and what is looked at on every page that they see.

import assert from 'node:assert/strict'
import axe from 'axe-core'
import { launch, picture } from './chromium.js'
import { enrol } from './person.js'

/** A browser of one person's; it notes whatever the pages' policy has stopped. */
export async function person(bank, options, name) {
  const context = await launch(options)
  const page = context.pages()[0] ?? await context.newPage()
  const complaints = []
  page.on('console', (message) => { if (message.type() === 'error' && /Content.Security.Policy|Refused to/i.test(message.text())) complaints.push(message.text()) })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { context, page, complaints, anna: await enrol(bank, name), close: () => context.close() }
}

/** Sends the form that is shown, and waits for the next page. */
export async function next(page, act) {
  await Promise.all([page.waitForEvent('load'), act()])
}

/** Presses a button by its words, and waits for the next page. */
export const press = (page, name) => next(page, () => page.getByRole('button', { name }).click())

/** Types name and password. */
export async function typed(page, anna) {
  await page.getByLabel(/user name/i).fill(anna.user)
  await page.getByLabel('Password').fill(anna.password)
}

/** Logs in as far as the second factor. */
export async function half(page, anna) {
  await typed(page, anna)
  await press(page, 'Continue')
}

export const heading = (page) => page.getByRole('heading', { level: 1 }).textContent()

/** Presses what leads back to a third party, and gives where to. */
export async function leaves(page, name, to = 'https://shop.example/') {
  const [back] = await Promise.all([page.waitForRequest((request) => request.url().startsWith(to)), page.getByRole('button', { name, exact: true }).click()])
  return new URL(back.url())
}

/** Whether the element has the focus. */
export const focused = (locator) => locator.evaluate((element) => element === document.activeElement)

/** Looks a page over: axe, cut-off words, small targets, landmarks. */
export async function looksRight(page, name, look = 'desk') {
  await picture(page, `${look}-${name}`)
  await page.evaluate(axe.source)
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }))
  assert.deepEqual(found.violations.map((v) => `${name}: ${v.id}: ${v.nodes.map((node) => node.html).join(' ')}`), [])
  assert.ok(found.passes.length > 15)
  const { wide, small } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [...document.querySelectorAll('button, input:not([type=hidden])')].filter((e) => !e.hidden && e.getBoundingClientRect().height < 44).length,
  }))
  assert.equal(wide, 0, `${name}: no sideways scrolling`)
  assert.equal(small, 0, `${name}: 44 px for a thumb`)
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en')
  for (const landmark of ['banner', 'main', 'contentinfo']) assert.equal(await page.getByRole(landmark).count(), 1, `${name}: ${landmark}`)
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1)
}
