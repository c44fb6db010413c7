// What somebody with a browser sees of the status page: `make test-page`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, afterEach, before, test } from "node:test";
import { awaitTrue, startBrowser, startLab } from "./lab.js";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

let lab;
let browser;
let context;

before(async () => {
  [lab, browser] = await Promise.all([startLab(), startBrowser()]);
}, { timeout: 120_000 });

after(async () => {
  await browser?.close();
  await lab?.stop();
});

afterEach(async () => {
  await context?.close();
  context = undefined;
});

// open shows a page; whatever the browser complains of in it fails the test when it calls quiet.
async function open(path, options = {}) {
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("requestfailed", (request) => {
    const { errorText } = request.failure();
    if (errorText !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${errorText}`); // aborted when the page was left
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(lab.address)) complaints.push(`asks elsewhere: ${request.url()}`);
  });
  if (options.javaScriptEnabled !== false) {
    await page.addInitScript(() => {
      window.violations = [];
      document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
    });
  }
  page.quiet = async () => {
    assert.deepEqual(complaints, []);
    assert.deepEqual(await page.evaluate(() => window.violations), []);
  };
  await page.goto(lab.address + path);
  return page;
}

const live = (page) => page.waitForFunction(() => document.getElementById("live").textContent === "Live");
const names = (page) => page.locator("#rows th a").allInnerTexts();
const orders = "/trigger?namespace=shop&name=orders";

test("1,000 triggers are there in a moment", async (t) => {
  const page = await open("/");
  const took = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    await page.goto(lab.address, { waitUntil: "domcontentloaded" });
    await page.locator("#rows tr").nth(99).waitFor();
    took.push(performance.now() - began);
  }
  took.sort((a, b) => a - b);
  t.diagnostic(`100 of 1,000 triggers are shown after ${took[2].toFixed(0)} ms (median of 5)`);
  assert.ok(took[2] < 2000, `it took ${took}`);
  assert.match(await page.locator("#found").innerText(), /^1 to 100 of 1,000 triggers\.$/);
  await live(page);
  await page.quiet();
});

test("connections tell how they fare, the troubled ones first", async () => {
  const page = await open("/");
  const lines = await page.locator("#connections tbody tr").allInnerTexts();
  assert.equal(lines.length, 2);
  assert.match(lines[0], /unreachable.*no broker answers.*connection refused/s);
  assert.match(lines[1], /answers\s+997/);
});

test("searching filters while somebody types, and the address can be kept", async () => {
  const page = await open("/");
  await live(page);
  await page.keyboard.press("/");
  await page.keyboard.type("shop orders");
  await page.waitForFunction(() => document.querySelectorAll("#rows tr").length === 1);
  assert.deepEqual(await names(page), ["shop/orders"]);
  assert.match(await page.locator("#found").innerText(), /^1 triggers that are like that, 1,000 in all/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  assert.match(page.url(), /\/\?q=shop\+orders$/);
  await live(page);
  await page.reload();
  assert.deepEqual(await names(page), ["shop/orders"]);
  await page.fill("#q", "");
  await page.waitForFunction(() => document.querySelectorAll("#rows tr").length === 100);
  await page.selectOption("#state", "refused");
  await page.waitForFunction(() => document.querySelectorAll("#rows tr").length === 1);
  assert.deepEqual(await names(page), ["billing/misspelt"]);
  await page.quiet();
});

test("the list is sorted and paged", async () => {
  const page = await open("/");
  await page.click("#headings >> text=Lag");
  await page.waitForURL(/sort=-lag/);
  const lags = (await page.locator("#rows tr td:nth-child(7)").allInnerTexts()).map((text) => Number(text.replace(",", "")));
  assert.ok(lags[0] > 300 && lags.every((lag, i) => i === 0 || lags[i - 1] >= lag), `sorted: ${lags}`);
  assert.equal(await page.locator("th[aria-sort=descending]").innerText(), "Lag");
  await page.click("text=Next");
  assert.match(await page.locator("#found").innerText(), /^101 to 200 of 1,000/);
  await page.quiet();
});

test("the list finds a new order by itself, but not under somebody's hands", async () => {
  const page = await open("/?sort=-lag");
  await live(page);
  assert.ok(!(await names(page)).includes("shop/orders"), "it lags already");
  await page.locator("#rows th a").first().focus();
  lab.burst(600);
  await awaitTrue("lagwise to know", async () => (await (await fetch(`${lab.address}/api/triggers?sort=-lag`)).json()).triggers[0].name === "orders", 20_000);
  await page.waitForTimeout(2500); // two looks later
  assert.ok(!(await names(page)).includes("shop/orders"), "the list moved under the focus");
  await page.locator("#q").focus();
  await awaitTrue("the new order", async () => (await names(page))[0] === "shop/orders", 20_000);
  assert.equal((await names(page)).length, 100);
  await page.quiet();
});

test("a trigger shows parts, rules and its last half hour", async () => {
  const page = await open("/?q=shop/orders");
  await page.click("#rows th a");
  await page.waitForURL(/trigger\?name=orders/);
  assert.equal(await page.locator("h1").innerText(), "shop/orders");
  assert.equal(await page.locator("#parts tbody tr").count(), 6);
  assert.equal(await page.locator("#parts svg.bar").count(), 6);
  assert.match(await page.locator("#rules").innerText(), /activationLagThreshold/);
  await page.locator("#chart canvas").waitFor();
  const inked = await page.locator("#chart canvas").evaluate((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value > 0);
  });
  assert.ok(inked, "nothing is drawn");
  await page.click("summary");
  assert.ok(await page.locator("#minutes tbody tr").count() >= 1);
  await page.quiet();
});

test("what changes is seen without a reload, where somebody looks and keeps the focus", async () => {
  const page = await open("/?q=shop/orders");
  await live(page);
  await page.evaluate(() => (window.same = true));
  const link = page.locator("#rows th a");
  await link.focus();
  const seen = (text) => Number(text.replace(",", ""));
  const before = seen(await page.locator("#rows td:nth-child(7)").innerText());
  const began = performance.now();
  lab.burst(1500);
  await awaitTrue("the lag to grow", async () => seen(await page.locator("#rows td:nth-child(7)").innerText()) >= before + 1500, 20_000);
  assert.ok(performance.now() - began < 15_000);
  assert.equal(await page.locator("#rows .state").innerText(), "active");
  assert.ok(await page.evaluate(() => window.same), "it was loaded again");
  assert.ok(await link.evaluate((a) => a === document.activeElement), "the focus is lost");

  await page.goto(lab.address + orders);
  const pushes = () => page.locator("#now dt:text('Pushes so far') + dd").innerText();
  assert.ok(Number(await pushes()) >= 1, "no push is counted");
  await live(page);
  const lag = () => page.locator("#now dt:text-is('Lag') + dd").innerText();
  const known = seen(await lag());
  const ticks = Number(await page.locator("#chart[data-ticks]").getAttribute("data-ticks"));
  lab.burst(300);
  await awaitTrue("the trigger's page to follow", async () => seen(await lag()) >= known + 300, 20_000);
  await awaitTrue("the chart to go on", async () => Number(await page.locator("#chart").getAttribute("data-ticks")) > ticks, 30_000);
  const history = await (await fetch(`${lab.address}/${await page.locator("#chart").getAttribute("data-source")}`)).json();
  assert.ok(history.pushes.some((n) => n > 0), `no mark of a push: ${history.pushes}`);
  await page.quiet();
});

test("everything can be reached by keyboard", async () => {
  const page = await open("/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  const reached = new Set();
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim()));
  }
  for (const wanted of ["q", "state", "Search", "Lag", "billing/invoices"]) assert.ok(reached.has(wanted), `${wanted} is not reached: ${[...reached]}`);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "the focus is not seen");
  await page.locator("#rows th a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/trigger\?/);
  await page.quiet();
});

test("it follows the system into the dark", async () => {
  const page = await open(orders, { colorScheme: "light" });
  await page.locator("#chart canvas").waitFor();
  const back = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.equal(await back(), "rgb(255, 255, 255)");
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await back(), "rgb(16, 22, 29)");
  await page.quiet();
});

for (const colorScheme of ["light", "dark"]) {
  for (const path of ["/", "/?q=nobody", orders, "/trigger?namespace=billing&name=invoices", "/trigger?namespace=nobody&name=nobody"]) {
    test(`axe finds nothing wrong with ${path} in the ${colorScheme}`, async () => {
      const page = await open(path, { colorScheme });
      if (path === orders) {
        await page.locator("#chart canvas").waitFor();
        await page.click("summary");
      }
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html)}`), []);
    });
  }
}

test("without scripts it is a page with a form", async () => {
  const page = await open("/", { javaScriptEnabled: false });
  await page.fill("#q", "nightly");
  await page.click("text=Search >> visible=true >> nth=-1");
  assert.deepEqual(await page.locator("#rows th a").allInnerTexts(), ["shop/nightly-report"]);
  await page.click("#rows th a");
  assert.match(await page.locator("#parts, #rules").first().innerText(), /./);
});
