// Headless Chromium, as Debian packages it. Playwright drives it and downloads nothing.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const executable = process.env.FLORIN_TEST_CHROMIUM_PATH || '/usr/bin/chromium'

/** Why the browser tests are left out, or false. Where they are required, nothing is left out. */
export const missing = existsSync(executable) || process.env.FLORIN_TEST_CHROMIUM === 'required' ? false
  : `NO CHROMIUM at ${executable}: THE PAGES ARE NOT TESTED (Debian: apt-get install chromium)`

/** Starts a browser with a profile of its own. options are those of a Playwright context. */
export async function launch(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), 'florin-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable, headless: true, chromiumSandbox: false, colorScheme: 'light', viewport: { width: 1280, height: 900 }, ...options,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'],
  })
  const close = context.close.bind(context)
  context.close = async () => { await close(); rmSync(profile, { recursive: true, force: true }) }
  return context
}

/** Keeps a picture of the page, if FLORIN_TEST_SCREENSHOTS names a directory for them. */
export async function picture(page, name) {
  const dir = process.env.FLORIN_TEST_SCREENSHOTS
  if (!dir) return
  mkdirSync(dir, { recursive: true })
  await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true, caret: 'initial' })
}
