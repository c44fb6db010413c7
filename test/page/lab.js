// Starts what the tests look at: lagwise with 1,000 triggers on a real Kafka (lab), and a browser.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const lab = process.env.LAGWISE_PAGE_LAB ?? "../../bin/page-lab";
const lagwise = process.env.LAGWISE_PAGE_PROGRAM ?? "../../bin/lagwise";

// startLab gives the page's address, and a way to have records arrive.
export async function startLab(...flags) {
  const running = spawn(lab, ["-lagwise", lagwise, ...flags], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => running.once("exit", resolve));
  const first = new Promise((resolve, reject) => {
    createInterface({ input: running.stdout }).once("line", (line) => resolve(JSON.parse(line).page));
    running.once("error", reject);
    ended.then((code) => reject(new Error(`the lab ended with ${code}`)));
  });
  const address = await first;
  await awaitTrue("all triggers to be known", async () => {
    const answer = await fetch(`${address}/api/triggers?state=unknown`);
    const { all, matching } = await answer.json();
    return all === 1000 && matching === 1; // one broker is not there
  });
  return {
    address,
    burst: (records) => running.stdin.write(`burst ${records}\n`),
    stop: () => (running.stdin.end(), ended),
  };
}

export async function awaitTrue(what, there, patience = 60_000) {
  const deadline = Date.now() + patience;
  while (!(await there())) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export function startBrowser() {
  // The sandbox needs rights that a build machine may not give; what is opened here is lagwise's own page.
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
}
