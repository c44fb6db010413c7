// Takes the pictures of docs/page.md, once the lab has a history worth a look: `make page-pictures`.
import { startBrowser, startLab } from "./lab.js";

const address = process.env.LAGWISE_PAGE; // of a lab that runs for a while already
const lab = address ? { address, stop: () => {} } : await startLab("-course");
if (!address) await new Promise((resolve) => setTimeout(resolve, 30 * 60_000));
const browser = await startBrowser();
for (const [colorScheme, path] of [["light", "/?sort=-lag"], ["dark", "/trigger?namespace=shop&name=orders"]]) {
  const page = await browser.newPage({ viewport: { width: 1100, height: colorScheme === "dark" ? 1010 : 760 }, colorScheme });
  await page.goto(lab.address + path);
  await page.waitForFunction(() => document.getElementById("live").textContent === "Live");
  if (colorScheme === "dark") await page.locator("#chart canvas").waitFor();
  await page.waitForTimeout(1500);
  await page.evaluate(() => document.querySelector("header .quiet").remove()); // the version, which grows old
  await page.screenshot({ path: `../../docs/page-${colorScheme}.png` });
}
await browser.close();
await lab.stop();
