// The page lives without this script: it only keeps what is shown in step with lagwise, and searches while somebody types.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const live = byId("live");
  let ahead = Date.now() - Date.parse(document.body.dataset.now); // of this machine's clock
  let source = null;
  let wanted = null; // the order of the list, as lagwise last told it
  const made = new Map(); // lines that were told of and are not in the list yet

  function say(text) {
    if (live.textContent !== text) live.textContent = text;
  }

  function ago(milliseconds) {
    const s = Math.max(0, Math.round(milliseconds / 1000));
    if (s < 60) return `${s} s ago`;
    if (s < 3600) return `${Math.floor(s / 60)} min ago`;
    return `${Math.floor(s / 3600)} h ago`;
  }

  // Times become how long ago they were. What is the same already is not touched.
  function age(root) {
    const now = Date.now() - ahead;
    for (const time of root.querySelectorAll("time[data-ago]")) {
      const text = ago(now - Date.parse(time.dateTime));
      if (time.textContent !== text) time.textContent = text;
    }
  }

  function parse(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  }

  // morph makes one element like another and leaves alone what is the same, so that focus, selection and scrolling stay.
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if (old.nodeName === "TIME" && old.dateTime === fresh.dateTime) return; // its text is ours
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const before = [...old.childNodes];
    const after = [...fresh.childNodes];
    after.forEach((node, i) => (i < before.length ? morph(before[i], node) : old.append(node)));
    before.slice(after.length).forEach((node) => node.remove());
  }

  // The list does not move under somebody's pointer or focus; its order is caught up with afterwards.
  function order(list) {
    if (!wanted || (list.children.length && (list.matches(":hover") || list.contains(document.activeElement)))) return;
    wanted.forEach((id, i) => {
      const line = byId(id) || made.get(id);
      if (line && list.children[i] !== line) list.insertBefore(line, list.children[i] || null);
    });
    while (list.children.length > wanted.length) list.lastElementChild.remove();
    made.clear();
    wanted = null;
  }

  function hear(event) {
    const news = JSON.parse(event.data);
    ahead = Date.now() - news.now;
    for (const [id, html] of Object.entries(news.set || {})) {
      const fresh = parse(html);
      const old = byId(id) || made.get(id);
      if (old) morph(old, fresh);
      else made.set(id, fresh);
    }
    if (news.list) wanted = news.lines || [];
    const list = byId("rows");
    if (list) order(list);
    age(document);
    if (news.recorded) document.dispatchEvent(new Event("recorded"));
    if (news.gone) {
      source.close();
      source = null;
      say("No longer alive: nobody asks about this trigger");
    }
  }

  function listen() {
    const address = document.body.dataset.events;
    if (!address || source || document.hidden) return;
    source = new EventSource(address);
    source.onopen = () => say("Live");
    source.onmessage = hear;
    source.onerror = () => {
      say("Not live: trying again");
      if (source && source.readyState === EventSource.CLOSED) { // refused, not interrupted
        source = null;
        setTimeout(listen, 10000);
      }
    };
  }

  function deafen() {
    if (source) source.close();
    source = null;
  }

  // A browser keeps few connections to one host, and a page that nobody sees needs none.
  document.addEventListener("visibilitychange", () => (document.hidden ? deafen() : listen()));

  // Searching shows the list that the form would lead to, without leaving the page.
  const form = byId("search");
  let asked = 0;
  async function look() {
    const query = new URLSearchParams(new FormData(form));
    for (const [name, value] of [...query]) if (value === "" || (name === "sort" && value === "name")) query.delete(name);
    const address = `./?${query}`;
    const turn = ++asked;
    const answer = await fetch(address);
    if (!answer.ok || turn !== asked) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (turn !== asked) return;
    deafen();
    wanted = null;
    made.clear();
    document.body.dataset.events = fresh.body.dataset.events;
    for (const id of ["counts", "found", "headings", "rows", "pages"]) morph(byId(id), fresh.getElementById(id));
    history.replaceState(null, "", address);
    age(document);
    listen();
  }
  const search = () => look().catch(() => say("Not live: lagwise does not answer"));
  if (form) {
    let soon;
    form.addEventListener("input", () => {
      clearTimeout(soon);
      soon = setTimeout(search, 150);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      search();
    });
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.nodeName);
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      byId("q").focus();
    });
  }

  age(document);
  setInterval(() => {
    age(document);
    const list = byId("rows");
    if (list) order(list);
  }, 1000);
  listen();
})();
